//! All settings of a service on Redis, from flags, the environment and a file.

#[cfg(feature = "config-file")]
mod file;
mod list;

use tekup_core::{
    BusConfig, Environment, EventBus, Result,
    settings::{Part, Setting, Sources, Told},
};

use crate::{RedisConfig, RedisTransport, connect::both};

/// All settings of a service on Redis, and who has said each.
///
/// A flag is nearer than the environment, that than the file that `EVENT_BUS_CONFIG` names (TOML: the settings of the bus at
/// the top, those of Redis in the table `[redis]`), and that than the default. A file is read with the feature `config-file`
/// of this crate; without it a file that is named is an error.
///
/// ```
/// use tekup_core::Environment;
/// use tekup_redis_transport::{Settings, sources};
///
/// let environment = Environment::of([("SERVICE_NAME", "billing"), ("REDIS_URL", "redis://:s3cret@db:6379")]);
/// let settings = Settings::read(sources(&environment).flag("--concurrency", "concurrency", Some(20)))?;
/// assert_eq!((settings.bus.concurrency, settings.redis.url.as_str()), (20, "redis://:s3cret@db:6379"));
///
/// let told: Vec<String> = settings.told().iter().map(ToString::to_string).collect();
/// assert!(told.contains(&"concurrency = 20 (flag --concurrency)".into()));
/// assert!(told.contains(&"redis.url = redis://db:6379 (environment REDIS_URL)".into()));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Those of the bus.
    pub bus: BusConfig,
    /// Those of the transport.
    pub redis: RedisConfig,
    told: Vec<Told>,
}

impl Settings {
    /// Every setting that there is: what the documents tell.
    ///
    /// ```
    /// use tekup_redis_transport::Settings;
    /// assert!(Settings::list().any(|setting| setting.key == "redis.partitions"));
    /// ```
    pub fn list() -> impl Iterator<Item = &'static Setting> {
        BusConfig::SETTINGS.iter().chain(RedisConfig::SETTINGS)
    }

    /// What the environment says, and the file that it names.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    ///
    /// ```
    /// use tekup_core::Environment;
    /// use tekup_redis_transport::Settings;
    ///
    /// let environment = Environment::of([("SERVICE_NAME", "billing"), ("EVENT_BUS_PARTITIONS", "16")]);
    /// assert_eq!(Settings::from_environment(&environment)?.redis.partitions, 16);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn from_environment(environment: &Environment) -> Result<Self> {
        Self::read(sources(environment))
    }

    /// What these sources say: [`sources`] of an environment, with flags on top.
    ///
    /// # Errors
    /// [`InvalidConfig`](tekup_core::ErrorKind::InvalidConfig) with every mistake of every source at once, each with its place:
    /// values of another kind or out of range, names that are unknown, an absent service name, a file that can't be read.
    ///
    /// ```
    /// use tekup_core::Environment;
    /// use tekup_redis_transport::{Settings, sources};
    ///
    /// let environment = Environment::of([("EVENT_BUS_PARTITION", "4"), ("REDIS_URL", "localhost")]);
    /// let error = Settings::read(sources(&environment).flag("--prefetch", "prefetch", Some(0))).unwrap_err();
    /// assert_eq!(error.problems().len(), 4, "{error}");
    /// ```
    pub fn read(mut sources: Sources) -> Result<Self> {
        let (bus, redis) = (sources.part(), sources.part());
        sources.refuse_absent();
        sources.refuse_unknown();
        Ok(Self { bus, redis, told: sources.finish()? })
    }

    /// Every setting, and who has said it when it was read.
    ///
    /// ```
    /// use tekup_core::Environment;
    /// use tekup_redis_transport::Settings;
    ///
    /// let settings = Settings::from_environment(&Environment::of([("SERVICE_NAME", "billing")]))?;
    /// assert_eq!(settings.told().len(), Settings::list().count());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn told(&self) -> &[Told] {
        &self.told
    }

    /// A bus with these settings.
    ///
    /// # Errors
    /// Those of [`RedisTransport::connect`], and of [`EventBus::new`].
    ///
    /// # Cancel safety
    /// If dropped, nothing is left behind but a namespace that may have been made.
    ///
    /// ```
    /// use tekup_core::Environment;
    /// use tekup_redis_transport::Settings;
    /// # use tekup_testkit::redis::RedisServer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let server = RedisServer::start()?;
    /// # let url = server.url();
    /// let environment = Environment::of([("REDIS_URL", url.as_str()), ("SERVICE_NAME", "billing")]);
    /// let bus = Settings::from_environment(&environment)?.connect().await?;
    /// assert_eq!(bus.service().as_str(), "billing");
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn connect(self) -> Result<EventBus> {
        let ((), ()) = both(self.bus.check(), self.redis.check())?;
        EventBus::new(self.bus, RedisTransport::connect(&self.redis).await?)
    }
}

/// What an environment says, and the file that it names, which is read here.
///
/// ```
/// use tekup_core::Environment;
/// use tekup_redis_transport::{RedisConfig, sources};
///
/// let mut sources = sources(&Environment::of([("EVENT_BUS_NAMESPACE", "shop")]));
/// assert_eq!(sources.part::<RedisConfig>().namespace, "shop");
/// ```
#[must_use]
pub fn sources(environment: &Environment) -> Sources {
    let sources = Sources::of(environment);
    #[cfg(feature = "config-file")]
    if let Some(path) = environment.get(tekup_core::settings::FILE) {
        return sources.file(path, file::read(path));
    }
    sources
}
