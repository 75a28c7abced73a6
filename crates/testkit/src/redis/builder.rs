use std::{ffi::OsString, fmt};

use tekup_core::Result;

use super::RedisServer;

/// When a server writes its append-only file to disk.
///
/// ```
/// use tekup_testkit::redis::Fsync;
/// assert_ne!(Fsync::Always, Fsync::EverySecond);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fsync {
    /// Before each answer: a killed server has lost nothing that it answered.
    Always,
    /// Once a second.
    EverySecond,
}

impl Fsync {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::EverySecond => "everysec",
        }
    }
}

/// How a server shall be started. Made by [`RedisServer::builder`].
///
/// Without further words: a Unix socket, no persistence, `noeviction`, `DEBUG` allowed for local connections.
///
/// ```
/// use tekup_testkit::redis::{Fsync, RedisServer};
///
/// let server = RedisServer::builder().tcp().append_only(Fsync::Always).config("maxmemory", "64mb").start()?;
/// assert!(server.url().starts_with("redis://127.0.0.1:"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `start`"]
pub struct RedisServerBuilder {
    pub(super) binary: Option<OsString>,
    pub(super) tcp: bool,
    pub(super) password: Option<String>,
    config: Vec<(String, String)>,
}

impl RedisServerBuilder {
    pub(super) fn new() -> Self {
        let defaults = [
            ("save", ""),
            ("appendonly", "no"),
            ("maxmemory-policy", "noeviction"),
            ("enable-debug-command", "local"),
            ("loglevel", "notice"),
        ];
        let config = defaults.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { binary: None, tcp: false, password: None, config }
    }

    /// Listens on a free TCP port of 127.0.0.1, and on no Unix socket.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// assert!(RedisServer::builder().tcp().start()?.url().starts_with("redis://"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// Keeps an append-only file: what is stored outlives [`RedisServer::kill`] and [`RedisServer::stop`].
    ///
    /// ```
    /// # use tekup_testkit::redis::{Fsync, RedisServer};
    /// let mut server = RedisServer::builder().append_only(Fsync::Always).start()?;
    /// server.command(&["SET", "color", "green"])?;
    /// server.kill()?;
    /// server.restart()?;
    /// assert_eq!(server.command(&["GET", "color"])?.text(), Some("green"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn append_only(self, fsync: Fsync) -> Self {
        self.config("appendonly", "yes").config("appendfsync", fsync.as_str())
    }

    /// Asks for a password; it is part of [`RedisServer::url`].
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// let server = RedisServer::builder().password("sesame").start()?;
    /// assert!(server.url().ends_with("pass=sesame"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn password(mut self, password: impl Into<String>) -> Self {
        let password = password.into();
        self.password = Some(password.clone());
        self.config("requirepass", password)
    }

    /// Any setting of `redis.conf`; the last one given for a name holds.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// let server = RedisServer::builder().config("maxmemory", "32mb").start()?;
    /// assert_eq!(server.command(&["CONFIG", "GET", "maxmemory"])?.items()[1].text(), Some("33554432"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.config.retain(|(known, _)| *known != name);
        self.config.push((name, value.into()));
        self
    }

    /// The server program, by path or by a name in the search path.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// let error = RedisServer::builder().binary("/nowhere/redis-server").start().unwrap_err();
    /// assert!(error.to_string().contains("install it"));
    /// ```
    pub fn binary(mut self, program: impl Into<OsString>) -> Self {
        self.binary = Some(program.into());
        self
    }

    /// Starts the server, and waits until it answers.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](tekup_core::ErrorKind::InvalidConfig) if there is no such program or it refuses a
    /// setting; [`ErrorKind::Unavailable`](tekup_core::ErrorKind::Unavailable) if it does not answer within 10 s. The
    /// message ends with the server's last words.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// let server = RedisServer::builder().start()?;
    /// assert_eq!(server.command(&["PING"])?.text(), Some("PONG"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn start(self) -> Result<RedisServer> {
        RedisServer::start_with(self)
    }

    pub(super) fn program(&self) -> OsString {
        let named = self.binary.clone().or_else(|| std::env::var_os("TEKUP_REDIS_SERVER"));
        named.unwrap_or_else(|| "redis-server".into())
    }

    pub(super) fn arguments(&self) -> Vec<String> {
        self.config.iter().flat_map(|(name, value)| [format!("--{name}"), value.clone()]).collect()
    }
}

impl fmt::Debug for RedisServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.config.iter().map(|(name, _)| name).collect();
        f.debug_struct("RedisServerBuilder").field("tcp", &self.tcp).field("config", &names).finish_non_exhaustive()
    }
}
