use redis::{FromRedisValue, ScriptInvocation, aio::MultiplexedConnection};
use tekup_core::Result;

/// The connection that operators' calls go over.
#[derive(Debug, Clone)]
pub(crate) struct Link(MultiplexedConnection);

impl Link {
    pub(crate) fn new(connection: MultiplexedConnection) -> Self {
        Self(connection)
    }

    pub(super) async fn script<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T> {
        call.invoke_async(&mut self.0.clone()).await.map_err(crate::namespace::failed)
    }

    pub(super) async fn pipeline<T: FromRedisValue>(&self, pipeline: &redis::Pipeline) -> Result<T> {
        pipeline.query_async(&mut self.0.clone()).await.map_err(crate::namespace::failed)
    }

    pub(super) async fn command<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T> {
        command.query_async(&mut self.0.clone()).await.map_err(crate::namespace::failed)
    }
}
