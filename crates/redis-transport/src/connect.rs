//! One call from an address to a bus.

use tekup_core::{BusConfig, Environment, Error, ErrorKind, EventBus, Result};

use crate::{RedisConfig, RedisTransport, Settings};

/// A bus on the Redis server at `url`, joined as `service`, with the default settings.
///
/// Must be called within a tokio runtime, which then drives the connections.
///
/// # Errors
/// [`InvalidConfig`](ErrorKind::InvalidConfig) with every mistake in the URL and the name at once; those of
/// [`RedisTransport::connect`].
///
/// # Cancel safety
/// If dropped, nothing is left behind but a namespace that may have been made.
///
/// ```
/// use tekup_core::ErrorKind;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = tekup_redis_transport::connect("redis://:s3cret@127.0.0.1:1", "billing").await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Unavailable);
/// assert!(error.to_string().starts_with("Redis at redis://127.0.0.1:1 can't be reached: check that it runs"));
/// # }
/// ```
pub async fn connect(url: impl Into<String>, service: impl Into<String>) -> Result<EventBus> {
    let (bus, redis) = (BusConfig::new(service), RedisConfig::new(url));
    let (bus, redis) = both(bus.check().map(|()| bus), redis.check().map(|()| redis))?;
    EventBus::new(bus, RedisTransport::connect(&redis).await?)
}

/// A bus as the environment of this process describes it: [`from_environment`] of all its variables.
///
/// # Errors
/// As there.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // A test process names no service, so this is an error that says so.
/// let error = tekup_redis_transport::from_env().await.unwrap_err();
/// assert!(error.to_string().contains("SERVICE_NAME"), "{error}");
/// # }
/// ```
pub async fn from_env() -> Result<EventBus> {
    from_environment(&Environment::of_process()).await
}

/// A bus as these variables and the file that they name describe it: [`Settings::from_environment`]. Only `SERVICE_NAME` is
/// required.
///
/// # Errors
/// [`InvalidConfig`](ErrorKind::InvalidConfig) with every mistake of the variables and the file at once; those of
/// [`RedisTransport::connect`].
///
/// ```
/// use tekup_core::Environment;
/// # use tekup_testkit::redis::RedisServer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// # let server = RedisServer::start()?;
/// # let url = server.url();
/// let environment = Environment::of([("REDIS_URL", url.as_str()), ("SERVICE_NAME", "billing")]);
/// let bus = tekup_redis_transport::from_environment(&environment).await?;
/// assert_eq!(bus.service().as_str(), "billing");
///
/// let wrong = Environment::of([("REDIS_URL", "localhost"), ("EVENT_BUS_NAMESPACE", "a b")]);
/// let error = tekup_redis_transport::from_environment(&wrong).await.unwrap_err();
/// assert_eq!(error.problems().len(), 3, "{error}");
/// # bus.shutdown().await
/// # }
/// ```
pub async fn from_environment(environment: &Environment) -> Result<EventBus> {
    Settings::from_environment(environment)?.connect().await
}

/// Both, or all that is wrong with either.
pub(crate) fn both<A, B>(a: Result<A>, b: Result<B>) -> Result<(A, B)> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => {
            let errors = a.err().into_iter().chain(b.err());
            let problems = errors.flat_map(|error| error.problems().to_vec()).collect();
            Err(Error::from_problems(ErrorKind::InvalidConfig, problems))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wrong_url_and_a_wrong_name_are_reported_together_and_before_anything_is_connected() {
        let error = connect("localhost", "no spaces").await.unwrap_err();
        assert_eq!((error.kind(), error.problems().len()), (ErrorKind::InvalidConfig, 2), "{error}");
    }

    #[tokio::test]
    async fn all_mistakes_of_the_environment_are_reported_together() {
        let environment = Environment::of([
            ("REDIS_URL", "http://localhost"),
            ("EVENT_BUS_NAMESPACE", "a:b"),
            ("EVENT_BUS_CONCURRENCY", "many"),
            ("EVENT_BUS_NAMESPICE", "x"),
        ]);
        let error = from_environment(&environment).await.unwrap_err();
        assert_eq!((error.kind(), error.problems().len()), (ErrorKind::InvalidConfig, 5), "{error}");
    }
}
