use redis::{Cmd, FromRedisValue};
use tekup_core::Result;

use super::RedisAdmin;
use crate::error;

impl RedisAdmin {
    /// Sends one command or script call; `what` is asked for names it if the answer can't be read.
    pub(super) async fn ask<T: FromRedisValue>(&self, what: &str, call: Cmd) -> Result<T> {
        let answer = self.connection.one(call).await?;
        redis::from_redis_value(answer).map_err(|cause| error::unexpected(what).with_source(cause))
    }
}
