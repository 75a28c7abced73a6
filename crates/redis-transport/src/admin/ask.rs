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

    /// As [`ask`](Self::ask), for two commands in one round trip.
    pub(super) async fn ask_both<A: FromRedisValue, B: FromRedisValue>(
        &self,
        what: &str,
        calls: Pipeline,
    ) -> Result<(A, B)> {
        let mut answers = self.connection.all(calls).await?.into_iter();
        let mut next = || answers.next().unwrap_or_else(|| Err(error::unexpected(what)));
        Ok((read(what, next()?)?, read(what, next()?)?))
    }
}

fn read<T: FromRedisValue>(what: &str, answer: Value) -> Result<T> {
    redis::from_redis_value(answer).map_err(|cause| error::unexpected(what).with_source(cause))
}
