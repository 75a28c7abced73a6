//! A real server for the tests of one function.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use redis::aio::MultiplexedConnection;
use tekup_testkit::redis::{RedisServer, RedisServerBuilder};

use crate::{RedisConfig, connection::Connection};

/// A server of its own; gone on drop.
pub(crate) struct Server(RedisServer);

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(RedisServer::builder()).await
    }

    /// One that can tell slots.
    pub(crate) async fn cluster() -> Self {
        Self::with(RedisServer::builder().config("cluster-enabled", "yes")).await
    }

    async fn with(builder: RedisServerBuilder) -> Self {
        let server = Self(builder.start().unwrap());
        server.connect().await;
        server
    }

    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    /// A connection as the bus uses them.
    pub(crate) fn connection(&self) -> Connection {
        let server = crate::server::Server::new(&RedisConfig::new(self.url())).unwrap();
        Connection::new(Arc::new(server))
    }

    /// A connection, as soon as the server takes one.
    pub(crate) async fn connect(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.url()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match client.get_multiplexed_async_connection().await {
                Ok(connection) => return connection,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}
