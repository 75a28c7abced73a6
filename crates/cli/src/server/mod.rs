//! Which bus the program works with, and the way to it.

mod address;
mod contexts;

use tekup_core::{BusConfig, Environment, EventBus, text::steers};
use tekup_redis_transport::RedisTransport;

pub(crate) use self::address::{Address, Shell};
use crate::output::Format;

/// Which server, and which bus on it: by flags, else the environment, else a context, else what is usual.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Bus")]
pub(crate) struct ServerArgs {
    /// Where Redis is; else `REDIS_URL`, `REDIS_URL_FILE`, the context, the file of `EVENT_BUS_CONFIG`, or
    /// `redis://localhost:6379`.
    ///
    /// A password on a command line is seen by others on the machine: the environment, a file, or a context hides it.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// The first part of every key; else `EVENT_BUS_NAMESPACE`, the context, the file of `EVENT_BUS_CONFIG`, or `tekup`.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// A bus by name, from `contexts.toml`; else `TEKUP_CONTEXT`, or the file's `current`.
    ///
    /// The file is named by `TEKUP_CONTEXTS`, else it is `tekup/contexts.toml` in the user's folder of settings.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

/// What every command has that works with a bus.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct BusArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    #[command(flatten)]
    pub(crate) output: crate::args::Output,
}

impl BusArgs {
    /// Those of a command that prints no tables.
    pub(crate) fn of(server: ServerArgs) -> Self {
        Self { server, output: crate::args::Output { output: Format::default() } }
    }

    pub(crate) const fn format(&self) -> Format {
        self.output.output
    }

    /// Works with the bus, and leaves it.
    pub(crate) fn with_bus<T>(&self, work: impl AsyncFnOnce(&EventBus) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let environment = Environment::of_process();
        let address = self.server.address(&environment)?;
        in_runtime(async {
            let transport = RedisTransport::visit(&address.config()?).await?;
            let bus = visit(transport, &environment)?;
            let done = work(&bus).await?;
            bus.shutdown().await?;
            Ok(done)
        })
    }
}

/// A bus to look at and to tend, in the name of whoever runs the program.
pub(crate) fn visit(transport: RedisTransport, environment: &Environment) -> tekup_core::Result<EventBus> {
    let mut config = BusConfig::new("tekup-cli");
    config.operator = operator(environment);
    EventBus::new(config, transport)
}

/// The first that says it; what a system calls its user may be no name that a record takes.
fn operator(environment: &Environment) -> Option<String> {
    let given = environment.get("EVENT_BUS_OPERATOR").map(str::to_owned);
    let user = || environment.get("USER").or_else(|| environment.get("LOGNAME"));
    given.or_else(|| user().map(|name| name.chars().filter(|c| !steers(*c)).take(128).collect()))
}

/// Drives a future to its end on this thread.
pub(crate) fn in_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    // A connection that hangs must not hold up the end.
    runtime.shutdown_background();
    done
}

impl ServerArgs {
    /// The same in this namespace, unless a flag has named another.
    pub(crate) fn within(&self, namespace: &str) -> Self {
        let namespace = self.namespace.clone().unwrap_or_else(|| namespace.to_owned());
        Self { namespace: Some(namespace), ..self.clone() }
    }

    /// The bus as people name it: namespace and server.
    pub(crate) fn name(&self) -> anyhow::Result<String> {
        let config = self.address(&Environment::of_process())?.config()?;
        Ok(format!("{} at {}", config.namespace, config.host()?))
    }

    pub(crate) fn address(&self, environment: &Environment) -> anyhow::Result<Address> {
        Address::find(self, environment)
    }
}
