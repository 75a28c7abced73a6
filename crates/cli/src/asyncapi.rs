//! `tekup asyncapi`.

use std::io::Write;

use tekup_contracts::{AsyncApi, Registry};
use tekup_redis_transport::RedisConfig;

use crate::{Ended, args::AsyncapiArgs};

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
