use std::time::{Duration, Instant};

use redis::{FromRedisValue, Value};
use serde::Serialize;
use tekup_core::{ErrorKind, Result, Timestamp};

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
/// assert_eq!(facts.memory.map(|memory| memory.policy).as_deref(), Some("noeviction"));
/// assert!(facts.denied.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServerFacts {
    /// Its version, such as `7.0.15`; `unknown`, if this user may not ask.
    pub version: String,
    /// `standalone`, `cluster` or `sentinel`; `unknown`, if this user may not ask.
    pub mode: String,
    /// Seconds since it was started; 0, as the numbers below, if this user may not ask.
    pub uptime_seconds: u64,
    /// Its memory; `None`, if this user may not ask.
    pub memory: Option<Memory>,
    /// What outlives it; `None`, if this user may not ask.
    pub persistence: Option<Persistence>,
    /// Clients that are connected.
    pub clients: u64,
    /// How many may be.
    pub max_clients: u64,
    /// Servers that replicate it.
    pub replicas: u64,
    /// Milliseconds that a small call took: the median of five, one after the other.
    pub latency_ms: f64,
    /// Milliseconds by which its clock is ahead of this machine's; behind, if it is negative. As exact as the latency.
    /// `None`, if this user may not ask.
    pub clock_ahead_ms: Option<i64>,
    /// What this user may not ask, each in a sentence that names the command: what only that tells is left open above.
    pub denied: Vec<String>,
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
    /// Those of the connection. What the server refuses to tell is left open, and a permission that is missing is told by
    /// [`ServerFacts::denied`].
    ///
    /// See [`ServerFacts`] for an example.
    pub async fn server_facts(&self) -> Result<ServerFacts> {
        let (commands, mut denied) = (self.commands(), Vec::new());
        let info = permitted(info(commands).await, &mut denied)?;
        let told = info.as_ref();
        let text = |name, usual: &str| told.map_or("unknown", |info| info.field(name).unwrap_or(usual)).to_owned();
        let number = |name| told.and_then(|info| info.number(name)).unwrap_or_default();
        Ok(ServerFacts {
            version: text("redis_version", "unknown"),
            mode: text("redis_mode", "standalone"),
            uptime_seconds: number("uptime_in_seconds"),
            memory: told.map(memory),
            persistence: persistence(commands, told, &mut denied).await,
            clients: number("connected_clients"),
            max_clients: number("maxclients"),
            replicas: number("connected_slaves"),
            latency_ms: latency(commands).await?.as_secs_f64() * 1e3,
            clock_ahead_ms: permitted(clock_ahead(commands).await, &mut denied)?,
            denied,
        })
    }
}

/// What this user may not ask is noted, and is no error.
fn permitted<T>(answer: Result<T>, denied: &mut Vec<String>) -> Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == ErrorKind::Denied => {
            denied.push(error.to_string());
            Ok(None)
        }
        answer => answer.map(Some),
    }
}

async fn info(commands: &Connection) -> Result<Info> {
    let text: String = read(commands.one(redis::cmd("INFO")).await?, "what the server says of itself")?;
    Ok(Info::new(text))
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

async fn persistence(commands: &Connection, info: Option<&Info>, denied: &mut Vec<String>) -> Option<Persistence> {
    let info = info?;
    let fails = |name| info.field(name).is_some_and(|status| status != "ok");
    let [mut fsync, mut save] = [None, None];
    match settings(commands).await {
        Ok(settings) => [fsync, save] = settings,
        Err(error) if error.kind() == ErrorKind::Denied => denied.push(error.to_string()),
        // Many who run servers for others have no such command.
        Err(_) => {}
    }
    Some(Persistence {
        append_only: info.field("aof_enabled") == Some("1"),
        fsync,
        save,
        is_failing: fails("rdb_last_bgsave_status") || fails("aof_last_write_status"),
    })
}

/// `appendfsync` and `save`.
async fn settings(commands: &Connection) -> Result<[Option<String>; 2]> {
    let mut told = [None, None];
    for (name, value) in ["appendfsync", "save"].iter().zip(&mut told) {
        let mut ask = redis::cmd("CONFIG");
        ask.arg("GET").arg(name);
        let answer: Vec<String> = read(commands.one(ask).await?, "a setting")?;
        *value = answer.into_iter().nth(1);
    }
    Ok(told)
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
