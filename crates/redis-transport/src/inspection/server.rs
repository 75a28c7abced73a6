use std::time::{Duration, Instant};

use redis::{FromRedisValue, Value};
use serde::Serialize;
use tekup_core::{Result, Timestamp};

use crate::{RedisTransport, connection::Connection, error, info::Info};

/// How often the server is asked for its latency.
const PINGS: usize = 5;

/// What a Redis server says of itself.
///
/// ```
/// use tekup_redis_transport::{RedisConfig, RedisTransport};
/// # use tekup_testkit::redis::RedisServer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// # let server = RedisServer::start()?;
/// let transport = RedisTransport::connect(&RedisConfig::new(server.url())).await?;
/// let facts = transport.server_facts().await?;
/// assert!(facts.version.starts_with(char::is_numeric));
/// assert_eq!(facts.memory.policy, "noeviction");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServerFacts {
    /// Its version, such as `7.0.15`.
    pub version: String,
    /// `standalone`, `cluster` or `sentinel`.
    pub mode: String,
    /// Seconds since it was started.
    pub uptime_seconds: u64,
    /// Its memory.
    pub memory: Memory,
    /// What outlives it.
    pub persistence: Persistence,
    /// Clients that are connected.
    pub clients: u64,
    /// How many may be.
    pub max_clients: u64,
    /// Servers that replicate it.
    pub replicas: u64,
    /// Milliseconds that a small call took: the median of five, one after the other.
    pub latency_ms: f64,
    /// Milliseconds by which its clock is ahead of this machine's; behind, if it is negative. As exact as the latency.
    pub clock_ahead_ms: i64,
}

/// The memory of a server, in bytes.
///
/// ```
/// let mut memory = tekup_redis_transport::Memory::default();
/// (memory.used, memory.max) = (50, Some(200));
/// assert_eq!(memory.share(), Some(0.25));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Memory {
    /// What it uses for data and all else.
    pub used: u64,
    /// Of that, what it uses for data: connections and buffers are none.
    pub data: u64,
    /// `maxmemory`; `None`, if that is not set.
    pub max: Option<u64>,
    /// What the machine has; 0 if the server does not say.
    pub system: u64,
    /// `maxmemory-policy`.
    pub policy: String,
}

impl Memory {
    /// Which share of its limit is used, 0 to 1 and somewhat above; `None` without a limit.
    ///
    /// ```
    /// assert_eq!(tekup_redis_transport::Memory::default().share(), None);
    /// ```
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a share of bytes needs no more than 53 bits")]
    pub fn share(&self) -> Option<f64> {
        self.max.map(|max| self.used as f64 / max as f64)
    }
}

/// What of a server's data outlives it.
///
/// ```
/// let mut persistence = tekup_redis_transport::Persistence::default();
/// persistence.save = Some(String::new());
/// assert!(!persistence.is_on());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Persistence {
    /// Whether every change is appended to a file.
    pub append_only: bool,
    /// When that file is flushed: `always`, `everysec` or `no`; `None` if the server does not tell.
    pub fsync: Option<String>,
    /// When the data are saved as a whole, as `save` in redis.conf; empty for never, `None` if the server does not tell.
    pub save: Option<String>,
    /// Whether the last attempt to write either has failed.
    pub is_failing: bool,
}

impl Persistence {
    /// Whether anything outlives the server; yes, if it does not tell.
    ///
    /// ```
    /// assert!(tekup_redis_transport::Persistence::default().is_on()); // it may be
    /// ```
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.append_only || self.save.as_deref().is_none_or(|save| !save.is_empty())
    }
}

impl RedisTransport {
    /// What the server says of itself. It reads no data, and takes as long as seven small calls.
    ///
    /// # Errors
    /// Those of the connection. What the server refuses to tell is left open.
    ///
    /// See [`ServerFacts`] for an example.
    pub async fn server_facts(&self) -> Result<ServerFacts> {
        let commands = self.commands();
        let text: String = read(commands.one(redis::cmd("INFO")).await?, "what the server says of itself")?;
        let info = Info::new(text);
        let latency = latency(commands).await?;
        Ok(ServerFacts {
            version: info.field("redis_version").unwrap_or("unknown").into(),
            mode: info.field("redis_mode").unwrap_or("standalone").into(),
            uptime_seconds: info.number("uptime_in_seconds").unwrap_or_default(),
            memory: memory(&info),
            persistence: persistence(commands, &info).await,
            clients: info.number("connected_clients").unwrap_or_default(),
            max_clients: info.number("maxclients").unwrap_or_default(),
            replicas: info.number("connected_slaves").unwrap_or_default(),
            latency_ms: latency.as_secs_f64() * 1e3,
            clock_ahead_ms: clock_ahead(commands).await?,
        })
    }
}

fn read<T: FromRedisValue>(answer: Value, what: &str) -> Result<T> {
    redis::from_redis_value(answer).map_err(|_| error::unexpected(what))
}

fn memory(info: &Info) -> Memory {
    Memory {
        used: info.number("used_memory").unwrap_or_default(),
        data: info.number("used_memory_dataset").unwrap_or_default(),
        max: info.number("maxmemory").filter(|max| *max > 0),
        system: info.number("total_system_memory").unwrap_or_default(),
        policy: info.field("maxmemory_policy").unwrap_or("noeviction").into(),
    }
}

async fn persistence(commands: &Connection, info: &Info) -> Persistence {
    let fails = |name| info.field(name).is_some_and(|status| status != "ok");
    Persistence {
        append_only: info.field("aof_enabled") == Some("1"),
        fsync: setting(commands, "appendfsync").await,
        save: setting(commands, "save").await,
        is_failing: fails("rdb_last_bgsave_status") || fails("aof_last_write_status"),
    }
}

/// A setting, if the server tells it: many who run servers for others don't.
async fn setting(commands: &Connection, name: &str) -> Option<String> {
    let mut ask = redis::cmd("CONFIG");
    ask.arg("GET").arg(name);
    let answer: Vec<String> = read(commands.one(ask).await.ok()?, "a setting").ok()?;
    answer.into_iter().nth(1)
}

async fn latency(commands: &Connection) -> Result<Duration> {
    let mut times = Vec::with_capacity(PINGS);
    for _ in 0..PINGS {
        let begun = Instant::now();
        commands.one(redis::cmd("PING")).await?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(PINGS / 2).copied().unwrap_or_default())
}

async fn clock_ahead(commands: &Connection) -> Result<i64> {
    let before = Timestamp::now().unix_millis();
    let answer = commands.one(redis::cmd("TIME")).await?;
    let after = Timestamp::now().unix_millis();
    let (seconds, micros): (i64, i64) = read(answer, "the server's time")?;
    // It was read somewhere between the two.
    Ok(seconds * 1_000 + micros / 1_000 - (before + (after - before) / 2))
}
