use redis::{Cmd, FromRedisValue, Pipeline, Value};
use tekup_core::Result;

use super::RedisAdmin;
use crate::error;

impl RedisAdmin {
    /// Sends one command or script call; `what` is asked for names it if the answer can't be read.
    pub(super) async fn ask<T: FromRedisValue>(&self, what: &str, call: Cmd) -> Result<T> {
        let answer = self.connection.one(call).await?;
        read(what, answer)
    }

    /// Sends several commands in one round trip, and reads their answers as a tuple.
    pub(super) async fn ask_all<T: FromRedisValue>(&self, what: &str, calls: Pipeline) -> Result<T> {
        let answers: Result<Vec<Value>> = self.connection.all(calls).await?.into_iter().collect();
        read(what, Value::Array(answers?))
    }
}

fn read<T: FromRedisValue>(what: &str, answer: Value) -> Result<T> {
    redis::from_redis_value(answer).map_err(|cause| error::unexpected(what).with_source(cause))
}
