//! `tekup serve`.

use std::{io::Write, pin::pin, time::Duration};

use anyhow::Context;
use tekup_core::{Environment, Error, ErrorKind, EventBus, TenantId, asked_to_stop};
use tekup_http::{Joining, Operations};
use tekup_redis_transport::{RedisConfig, RedisTransport};
use tokio::{net::TcpListener, time::sleep};

use crate::{
    Ended,
    output::note,
    server::{ServerArgs, in_runtime, visit},
};

/// How long to wait before the server is tried again.
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Where to listen: `0.0.0.0:9464` for all interfaces, port 0 for any that is free. There is no login.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9464")]
    listen: String,
    /// How often the bus is looked at, at most.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    every: Duration,
    /// A tenant of whom it is told by itself how much waits; may be given again.
    #[arg(long, value_name = "TENANT")]
    tenant: Vec<TenantId>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &ServeArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let config = args.server.address(&Environment::of_process())?.config()?;
    in_runtime(async {
        let (stop, joining) = (asked_to_stop()?, Joining::default());
        let listener = TcpListener::bind(&args.listen).await;
        let listener = listener.with_context(|| format!("`{}` can't be listened to", args.listen))?;
        writeln!(out, "listening on http://{}", listener.local_addr()?)?;
        out.flush()?;
        let mut serving = pin!(tekup_http::serve(listener, joining.router(), stop));
        let bus = tokio::select! {
            bus = joined(&config, &joining) => bus?,
            // It was asked to stop before.
            served = &mut serving => return Ok(served.map(|()| Ended::Well)?),
        };
        joining.joined(Operations::of(&bus).with_store(args.every).tenants(args.tenant.clone()));
        serving.await?;
        bus.shutdown().await?;
        Ok(Ended::Well)
    })
}

/// The bus, as soon as it is there; meanwhile those who ask are told why it is not.
async fn joined(config: &RedisConfig, joining: &Joining) -> anyhow::Result<EventBus> {
    let mut told = None;
    loop {
        let error = match RedisTransport::visit(config).await {
            Ok(transport) => return Ok(visit(transport, &Environment::of_process())?),
            Err(error) if may_come(&error) => error,
            Err(error) => return Err(error.into()),
        };
        joining.waits_for(&error);
        if told.as_ref() != Some(&error.kind()) {
            note(&format!("waits: {error}"));
            told = Some(error.kind());
        }
        sleep(PAUSE).await;
    }
}

/// What is not there yet: a server that starts, a bus that no service has joined.
fn may_come(error: &Error) -> bool {
    error.is_retryable() || error.kind() == ErrorKind::NotFound
}
