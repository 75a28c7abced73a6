//! `tekup asyncapi`.

use std::io::Write;

use tekup_contracts::{AsyncApi, Registry};
use tekup_redis_transport::RedisConfig;

use crate::Ended;

#[derive(Debug, clap::Args)]
pub(crate) struct AsyncapiArgs {
    /// The service, as it joins the bus: `lead-scoring`.
    pub(crate) service: String,
    /// The version of the service, as its team counts it.
    #[arg(long, value_name = "VERSION")]
    pub(crate) service_version: String,
    /// What the service is for.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// The events that it publishes, such as `lead.scored` or `lead.*`; may be given again.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) sends: Vec<String>,
    /// A subscription and the events that it takes, such as `scoring=lead.created`; may be given again.
    #[arg(long, value_name = "SUBSCRIPTION=PATTERN", value_parser = subscription_and_pattern)]
    pub(crate) receives: Vec<(String, String)>,
    /// Where its Redis is; a user and a password are left out of the document.
    #[arg(long, value_name = "URL")]
    pub(crate) redis: Option<String>,
    /// The first part of every key.
    #[arg(long, default_value = "tekup")]
    pub(crate) namespace: String,
    /// In how many partitions the namespace was made.
    #[arg(long, default_value_t = 8)]
    pub(crate) partitions: u16,
}

pub(crate) fn run(registry: &Registry, args: AsyncapiArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let mut redis = RedisConfig::default().namespace(args.namespace).partitions(args.partitions);
    let mut service = AsyncApi::of(args.service, args.service_version);
    if let Some(url) = args.redis {
        redis.url = url;
        service = service.server(redis.host()?, "redis");
    }
    service = service.extension("x-tekup-redis", serde_json::to_value(redis.key_space()?)?);
    if let Some(description) = args.description {
        service = service.description(description);
    }
    service = args.sends.into_iter().fold(service, AsyncApi::sends);
    let receives = args.receives.into_iter();
    let service = receives.fold(service, |service, (name, pattern)| service.receives(name, pattern));
    out.write_all(service.write(registry)?.as_bytes())?;
    Ok(Ended::Well)
}

fn subscription_and_pattern(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').map(|(name, pattern)| (name.to_owned(), pattern.to_owned()));
    parts.ok_or_else(|| "write the subscription, `=` and a pattern, such as `scoring=lead.created`".into())
}
