//! A real server for the tests of one function.

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use redis::aio::MultiplexedConnection;
use tempfile::TempDir;

use crate::{RedisConfig, connection::Connection};

/// A server of its own on a unix socket; killed on drop.
pub(crate) struct Server {
    child: Child,
    directory: TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// One that can tell slots.
    pub(crate) async fn cluster() -> Self {
        Self::with(&["--cluster-enabled", "yes"]).await
    }

    async fn with(settings: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .arg("--unixsocket")
            .arg(directory.path().join("redis.sock"))
            .arg("--dir")
            .arg(directory.path())
            .args(settings)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let server = Self { child, directory };
        server.connect().await;
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.directory.path().join("redis.sock").display())
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

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
