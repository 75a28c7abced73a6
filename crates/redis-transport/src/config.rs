//! How to reach Redis, and what is fixed when a namespace is made.

use std::{fmt, time::Duration};

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, io::tcp::TcpSettings};
use serde::Deserialize;
use tekup_core::{BusConfig, Environment, Error, ErrorKind, Result, settings::Part};

use crate::{scripts::LaneLimits, settings::sources};

/// Where Redis is and how the bus lies in it.
///
/// The URL may hold a password: it is never shown by `Debug`, nor by any error.
///
/// ```
/// use tekup_redis_transport::RedisConfig;
///
/// let config = RedisConfig::new("redis://:s3cret@localhost:6379").namespace("shop");
/// assert!(config.check().is_ok());
/// assert!(!format!("{config:?}").contains("s3cret"));
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct RedisConfig {
    /// `redis://[user[:password]@]host[:port][/db]`, or `redis+unix:///path/of/socket`. Default:
    /// `redis://localhost:6379`.
    pub url: String,
    /// The first part of every key: 1 to 64 ASCII letters, digits, `.`, `_` and `-`. Buses of different namespaces do
    /// not see each other. Default: `tekup`.
    pub namespace: String,
    /// In how many partitions tenants are spread, 1 to 256: fixed when the namespace is made. Default: 8.
    pub partitions: u16,
    /// How long an id is remembered after it was stored: its repetition is a duplicate, its status can be asked.
    /// 1 s to 365 days; in a file: `dedupeWindowSeconds`. Default: 24 h.
    #[serde(rename = "dedupeWindowSeconds", with = "seconds")]
    pub dedupe_window: Duration,
    /// How many events a lane (those of one type and priority in one partition) may hold: above that, the oldest are
    /// dropped whether or not they are settled, counted, and logged. It is looked at every second or so, and the smallest
    /// number of all processes holds. 1 to 1,000,000,000; default: no such limit, and nothing is lost.
    pub max_lane_length: Option<u64>,
    /// How long events are kept after all subscriptions have settled them, for those that come later: at most 365 days;
    /// in a file: `retentionSeconds`. Default: 0, they go at once.
    #[serde(rename = "retentionSeconds", with = "seconds")]
    pub retention: Duration,
    /// How many events a lane keeps at most because of its retention: 1 to 1,000,000,000. Default: no such limit.
    pub retention_length: Option<u64>,
    /// How long one attempt to connect may take: 10 ms to 10 s; in a file: `connectTimeoutMs`. Default: 2 s.
    #[serde(rename = "connectTimeoutMs", with = "millis")]
    pub connect_timeout: Duration,
    /// How long an answer may take before the connection is given up: 10 ms to 10 s; in a file: `commandTimeoutMs`.
    /// Default: 3 s.
    #[serde(rename = "commandTimeoutMs", with = "millis")]
    pub command_timeout: Duration,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: "redis://localhost:6379".into(),
            namespace: "tekup".into(),
            partitions: 8,
            dedupe_window: Duration::from_secs(86_400),
            max_lane_length: None,
            retention: Duration::ZERO,
            retention_length: None,
            connect_timeout: Duration::from_secs(2),
            command_timeout: Duration::from_secs(3),
        }
    }
}

impl RedisConfig {
    /// The defaults at this URL.
    ///
    /// ```
    /// use tekup_redis_transport::RedisConfig;
    /// assert_eq!(RedisConfig::new("redis://localhost:6379"), RedisConfig::default());
    /// ```
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Reads the variables of its settings, such as `REDIS_URL` or the file that `REDIS_URL_FILE` names, and
    /// `EVENT_BUS_NAMESPACE`; what they leave open, the file that `EVENT_BUS_CONFIG` names; what is absent has its default.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] with every mistake at once; one of them is any other variable that begins with
    /// `EVENT_BUS_`, and any other name in the file, that is no setting of a bus either.
    ///
    /// ```
    /// use tekup_core::Environment;
    /// use tekup_redis_transport::RedisConfig;
    ///
    /// let config = RedisConfig::from_environment(&Environment::of([("EVENT_BUS_NAMESPACE", "shop")]))?;
    /// assert_eq!((config.url.as_str(), config.namespace.as_str()), ("redis://localhost:6379", "shop"));
    ///
    /// let misspelt = Environment::of([("EVENT_BUS_NAMESPASE", "shop"), ("EVENT_BUS_CONCURRENCY", "10")]);
    /// let error = RedisConfig::from_environment(&misspelt).unwrap_err();
    /// assert!(error.to_string().contains("did you mean EVENT_BUS_NAMESPACE?"), "{error}");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn from_environment(environment: &Environment) -> Result<Self> {
        let mut sources = sources(environment).beside(BusConfig::SETTINGS);
        let config = sources.part();
        sources.refuse_unknown();
        sources.finish()?;
        Ok(config)
    }

    /// The same under another namespace.
    ///
    /// ```
    /// use tekup_redis_transport::RedisConfig;
    /// assert!(RedisConfig::default().namespace("a b").check().is_err());
    /// ```
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// The same with another number of partitions.
    ///
    /// ```
    /// use tekup_redis_transport::RedisConfig;
    /// assert!(RedisConfig::default().partitions(0).check().is_err());
    /// ```
    #[must_use]
    pub fn partitions(mut self, partitions: u16) -> Self {
        self.partitions = partitions;
        self
    }

    /// The same with a limit on what a lane may hold: above that the oldest events are dropped.
    ///
    /// ```
    /// use tekup_redis_transport::RedisConfig;
    /// assert!(RedisConfig::default().max_lane_length(1_000_000).check().is_ok());
    /// assert!(RedisConfig::default().max_lane_length(0).check().is_err());
    /// ```
    #[must_use]
    pub fn max_lane_length(mut self, events: u64) -> Self {
        self.max_lane_length = Some(events);
        self
    }

    /// The same, keeping events for so long after all have settled them.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_redis_transport::RedisConfig;
    /// assert!(RedisConfig::default().retention(Duration::from_secs(3_600)).check().is_ok());
    /// ```
    #[must_use]
    pub fn retention(mut self, keep: Duration) -> Self {
        self.retention = keep;
        self
    }

    /// Whether all settings keep their rules.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] with every mistake at once.
    ///
    /// ```
    /// use tekup_redis_transport::RedisConfig;
    ///
    /// let error = RedisConfig::new("http://localhost").partitions(0).check().unwrap_err();
    /// assert_eq!(error.problems().len(), 2);
    /// ```
    pub fn check(&self) -> Result<()> {
        let problems = self.broken();
        if problems.is_empty() { Ok(()) } else { Err(Error::from_problems(ErrorKind::InvalidConfig, problems)) }
    }

    pub(crate) fn check_url(url: &str) -> Result<()> {
        Self::new(url).connection_info().map(drop).map_err(|problem| Error::new(ErrorKind::InvalidConfig, problem))
    }

    /// Where the server is, without a user and a password: `host:port`, with `/` and the number of the database if that is
    /// not 0, or the path of its socket.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] if the URL can't be used.
    ///
    /// ```
    /// use tekup_redis_transport::RedisConfig;
    ///
    /// let config = RedisConfig::new("redis://ada:s3cret@redis.example.com:6380/2");
    /// assert_eq!(config.host()?, "redis.example.com:6380/2");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn host(&self) -> Result<String> {
        let info = self.connection_info().map_err(|problem| Error::new(ErrorKind::InvalidConfig, problem))?;
        let (address, database) = (info.addr(), info.redis_settings().db());
        Ok(if database == 0 { address.to_string() } else { format!("{address}/{database}") })
    }

    /// Its host and port, or its socket.
    pub(crate) fn place(&self) -> Result<(String, Option<u16>)> {
        let info = self.connection_info().map_err(|problem| Error::new(ErrorKind::InvalidConfig, problem))?;
        Ok(match info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => (host.clone(), Some(*port)),
            other => (other.to_string(), None),
        })
    }

    pub(crate) fn lane_limits(&self) -> LaneLimits {
        LaneLimits {
            length: self.max_lane_length.unwrap_or(0),
            keep_ms: u64::try_from(self.retention.as_millis()).unwrap_or(u64::MAX),
            keep_entries: self.retention_length.unwrap_or(0),
        }
    }

    /// The client for one protocol version: connections are made from it, none is made here.
    pub(crate) fn client(&self, protocol: ProtocolVersion, tcp: TcpSettings) -> Result<Client> {
        let info = self.connection_info().map_err(|problem| Error::new(ErrorKind::InvalidConfig, problem))?;
        let redis = info.redis_settings().clone().set_protocol(protocol);
        let info = info.set_redis_settings(redis).set_tcp_settings(tcp);
        Client::open(info).map_err(|_| Error::new(ErrorKind::InvalidConfig, self.url_problem()))
    }

    fn connection_info(&self) -> std::result::Result<ConnectionInfo, String> {
        let info = self.url.as_str().into_connection_info().map_err(|_| self.url_problem())?;
        if info.addr().is_supported() { Ok(info) } else { Err(self.url_problem()) }
    }

    fn url_problem(&self) -> String {
        let why = match self.url.split_once("://") {
            None => ", for it has no scheme",
            Some(("rediss" | "valkeys", _)) => ", for TLS is not supported yet",
            Some(_) => "",
        };
        format!(
            "url `{}` can't be used{why}: write `redis://[user[:password]@]host[:port][/db]` or `redis+unix:///path/of/socket`",
            self.address()
        )
    }

    pub(crate) fn address(&self) -> String {
        address(&self.url)
    }
}

/// A URL without what may be secret: user, password and query.
pub(crate) fn address(url: &str) -> String {
    let Some(url) = redis::parse_redis_url(url).filter(|url| !url.cannot_be_a_base()) else {
        return "…".into();
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    // A slash in a password makes a path of the rest of it.
    let is_database = url.path().bytes().all(|byte| byte == b'/' || byte.is_ascii_digit());
    let path = if is_database || url.scheme().ends_with("unix") { url.path() } else { "/…" };
    format!("{}://{}{port}{path}", url.scheme(), url.host_str().unwrap_or_default())
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("url", &self.address())
            .field("namespace", &self.namespace)
            .field("partitions", &self.partitions)
            .field("dedupe_window", &self.dedupe_window)
            .field("max_lane_length", &self.max_lane_length)
            .field("retention", &self.retention)
            .field("retention_length", &self.retention_length)
            .field("connect_timeout", &self.connect_timeout)
            .field("command_timeout", &self.command_timeout)
            .finish()
    }
}

mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "c4n4ry";

    #[test]
    fn the_place_of_a_server_is_its_host_and_port_or_its_socket_and_nothing_else() {
        let table = [
            (format!("redis://ada:{CANARY}@redis.example.com:6380/2"), "redis.example.com", Some(6380)),
            ("redis://localhost".into(), "localhost", Some(6379)),
            (format!("redis+unix:///run/redis.sock?pass={CANARY}&db=3"), "/run/redis.sock", None),
        ];
        for (url, host, port) in table {
            assert_eq!(RedisConfig::new(url).place().unwrap(), (host.to_owned(), port));
        }
    }

    #[test]
    fn a_password_is_shown_nowhere() {
        let urls = [
            format!("redis://:{CANARY}@localhost"),
            format!("redis://{CANARY}@localhost:99999999"),
            format!("http://user:{CANARY}@localhost"),
            format!("redis+unix:///tmp/socket?pass={CANARY}"),
            format!("{CANARY}://x"),
            format!("redis:{CANARY}"),
            format!("redis://user:{CANARY}@:/x y"),
            format!("redis://user:12/{CANARY}@localhost"),
        ];
        for url in urls {
            let config = RedisConfig::new(&url).partitions(0);
            assert!(!format!("{config:?}").contains(CANARY), "{url}: {config:?}");
            let error = config.check().unwrap_err();
            assert!(!format!("{error} {error:?}").contains(CANARY), "{url}: {error:?}");
        }
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let config = RedisConfig {
            url: "localhost".into(),
            namespace: "a:b".into(),
            partitions: 257,
            dedupe_window: Duration::ZERO,
            max_lane_length: Some(0),
            retention: Duration::from_secs(366 * 86_400),
            retention_length: Some(0),
            connect_timeout: Duration::ZERO,
            command_timeout: Duration::from_secs(61),
        };
        assert_eq!(config.check().unwrap_err().problems().len(), 9);
    }

    #[test]
    fn a_file_sets_what_it_names_and_nothing_else() {
        let config: RedisConfig = serde_json::from_str(r#"{"partitions": 4, "connectTimeoutMs": 500}"#).unwrap();
        assert_eq!((config.partitions, config.connect_timeout), (4, Duration::from_millis(500)));
        assert_eq!(config.namespace, "tekup");
        assert!(serde_json::from_str::<RedisConfig>(r#"{"partition": 4}"#).is_err());
    }
}
