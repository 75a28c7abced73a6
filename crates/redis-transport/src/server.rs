//! The server behind an address: how to reach it, whether it will do, and whether it is still the one we knew.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, ProtocolVersion, PushInfo, RedisError,
    aio::MultiplexedConnection,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use tekup_core::{Error, ErrorKind, Result};
use tokio::sync::mpsc::UnboundedSender;

use crate::{config::RedisConfig, error, info::Info};

/// The oldest server whose scripts, groups and sharded channels behave as the bus needs.
const OLDEST_MAJOR: u32 = 7;

/// How one server is reached. Shared by all connections to it.
pub(crate) struct Server {
    commands: Client,
    pushes: Client,
    address: String,
    place: (String, Option<u16>),
    connect_timeout: Duration,
    command_timeout: Duration,
    life: Mutex<Life>,
    /// The epoch of `life`, for those who ask before every call.
    epoch: AtomicU32,
    /// Connections that were made anew.
    reconnects: AtomicU64,
}

/// Which life of the server we are in: entries of another life may carry the same ids.
#[derive(Default)]
struct Life {
    identity: Option<String>,
    epoch: u32,
    warned_of_eviction: bool,
}

impl Server {
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] if the URL can't be used. Connects to nothing yet.
    pub(crate) fn new(config: &RedisConfig) -> Result<Self> {
        let tcp = || {
            let keepalive =
                TcpKeepalive::new().with_time(Duration::from_secs(10)).with_interval(Duration::from_secs(5));
            let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
            #[cfg(target_os = "linux")]
            let settings = settings.set_user_timeout(config.command_timeout.max(Duration::from_secs(1)) * 2);
            settings
        };
        Ok(Self {
            commands: config.client(ProtocolVersion::RESP2, tcp())?,
            pushes: config.client(ProtocolVersion::RESP3, tcp())?,
            address: config.address(),
            place: config.place()?,
            connect_timeout: config.connect_timeout,
            command_timeout: config.command_timeout,
            life: Mutex::default(),
            epoch: AtomicU32::new(0),
            reconnects: AtomicU64::new(0),
        })
    }

    /// The URL without its secrets.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Its host and port, or its socket.
    pub(crate) fn place(&self) -> (String, Option<u16>) {
        self.place.clone()
    }

    /// The life of the server that was seen last.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch.load(Relaxed)
    }

    /// A connection was made that takes the place of another.
    pub(crate) fn note_reconnect(&self) {
        self.reconnects.fetch_add(1, Relaxed);
    }

    /// How often that happened.
    pub(crate) fn reconnects(&self) -> u64 {
        self.reconnects.load(Relaxed)
    }

    /// The bus's error for one of the driver's.
    pub(crate) fn error(&self, error: RedisError) -> Error {
        error::from_redis(error, &self.address)
    }

    /// A new connection for commands, and the epoch that it belongs to.
    pub(crate) async fn connect(&self) -> Result<(MultiplexedConnection, u32)> {
        let config = self.settings().set_response_timeout(Some(self.command_timeout));
        self.within_timeout(self.open(&self.commands, &config)).await
    }

    /// A new connection that hands what the server pushes to `pushes`.
    pub(crate) async fn connect_for_pushes(&self, pushes: UnboundedSender<PushInfo>) -> Result<MultiplexedConnection> {
        let config = self.settings().set_response_timeout(Some(self.command_timeout)).set_push_sender(pushes);
        self.within_timeout(self.open(&self.pushes, &config)).await.map(|(link, _)| link)
    }

    fn settings(&self) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new().set_connection_timeout(Some(self.connect_timeout)).set_pipeline_buffer_size(1024)
    }

    async fn within_timeout<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match tokio::time::timeout(self.connect_timeout, work).await {
            Ok(done) => done,
            Err(_) => Err(self.error(std::io::Error::from(std::io::ErrorKind::TimedOut).into())),
        }
    }

    async fn open(&self, client: &Client, config: &AsyncConnectionConfig) -> Result<(MultiplexedConnection, u32)> {
        let opened = client.get_multiplexed_async_connection_with_config(config).await;
        let mut link = opened.map_err(|error| self.error(error))?;
        let mut ask = redis::pipe();
        for section in ["server", "replication", "memory"] {
            ask.cmd("INFO").arg(section);
        }
        let answers: Vec<String> = ask.query_async(&mut link).await.map_err(|error| self.error(error))?;
        let info = Info::new(answers.concat());
        self.check_version(&info)?;
        self.check_role(&info)?;
        let epoch = self.observe(&info);
        Ok((link, epoch))
    }

    fn check_version(&self, info: &Info) -> Result<()> {
        let version = info.field("redis_version").unwrap_or("unknown");
        let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
        if major >= OLDEST_MAJOR {
            return Ok(());
        }
        let message = format!("Redis at {} has version {version}: use 7.0 or newer, or Valkey", self.address);
        Err(Error::new(ErrorKind::Incompatible, message))
    }

    fn check_role(&self, info: &Info) -> Result<()> {
        if info.field("role") != Some("slave") {
            return Ok(());
        }
        let message = format!("Redis at {} is a read-only replica: the address must lead to the master", self.address);
        Err(Error::new(ErrorKind::Unavailable, message))
    }

    /// Raises the epoch if this is not the server, or not the history, that was seen last.
    fn observe(&self, info: &Info) -> u32 {
        let identity = ["run_id", "master_replid"].map(|name| info.field(name).unwrap_or_default()).join(" ");
        let mut life = self.life.lock().unwrap_or_else(PoisonError::into_inner);
        let policy = info.field("maxmemory_policy").unwrap_or("noeviction");
        if policy != "noeviction" && !std::mem::replace(&mut life.warned_of_eviction, true) {
            tracing::warn!(address = %self.address, policy, "Redis may evict events when it is full: set `maxmemory-policy noeviction`");
        }
        let changed = life.identity.as_ref().is_some_and(|known| *known != identity);
        life.identity = Some(identity);
        if changed {
            life.epoch += 1;
            self.epoch.store(life.epoch, Relaxed);
            tracing::warn!(address = %self.address, epoch = life.epoch, "Redis was restarted or replaced: what was held is given up");
        }
        life.epoch
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server::new(&RedisConfig::default()).unwrap()
    }

    fn info(run_id: &str, replid: &str) -> Info {
        Info::new(format!("redis_version:7.0.15\r\nrun_id:{run_id}\r\nrole:master\r\nmaster_replid:{replid}\r\n"))
    }

    #[test]
    fn another_run_or_another_history_begins_an_epoch() {
        let server = server();
        assert_eq!(server.observe(&info("a", "x")), 0);
        assert_eq!(server.observe(&info("a", "x")), 0);
        assert_eq!(server.observe(&info("b", "x")), 1);
        assert_eq!(server.observe(&info("b", "y")), 2);
        assert_eq!(server.epoch(), 2);
    }

    #[test]
    fn a_server_that_is_too_old_or_a_replica_is_refused() {
        let old = Info::new("redis_version:6.2.14\r\n");
        assert_eq!(server().check_version(&old).unwrap_err().kind(), ErrorKind::Incompatible);
        assert!(server().check_version(&info("a", "x")).is_ok());
        let replica = Info::new("role:slave\r\n");
        assert_eq!(server().check_role(&replica).unwrap_err().kind(), ErrorKind::Unavailable);
        assert!(server().check_role(&info("a", "x")).is_ok());
    }
}
