//! `tekup demo`: a bus with sample traffic, to look at.

mod services;
mod traffic;

use std::{io::Write, time::Duration};

use anyhow::ensure;
use tekup_core::{BusConfig, Environment, EventBus, asked_to_stop};
use tekup_redis_transport::{RedisConfig, RedisTransport};

use self::services::SERVICES;
use crate::{
    Ended,
    server::{Address, ServerArgs, in_runtime},
};

/// Its own, so that no real bus sees its events.
const NAMESPACE: &str = "tekup-demo";

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// How many leads come in a second.
    #[arg(long, value_name = "LEADS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rate: u32,
    /// Ends after this time.
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    lasts: Option<Duration>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &DemoArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let address = args.server.within(NAMESPACE).address(&Environment::of_process())?;
    let config = address.config()?;
    in_runtime(async {
        let buses = join(&config).await?;
        tell(&config.namespace, &address, out)?;
        traffic::until(&buses, args.rate, enough(args.lasts)).await?;
        leave(&buses).await?;
        Ok(Ended::Well)
    })
}

/// A bus for each service.
async fn join(config: &RedisConfig) -> anyhow::Result<Vec<EventBus>> {
    let transport = RedisTransport::connect(config).await?;
    let mut buses = Vec::new();
    for service in SERVICES {
        buses.push(EventBus::new(BusConfig::new(service), transport.clone())?);
    }
    let Some(first) = buses.first() else { return Ok(buses) };
    for found in first.all_subscriptions(None, 100).await?.subscriptions {
        let service = found.id.service().as_str();
        let (namespace, id) = (&config.namespace, &found.id);
        ensure!(
            SERVICES.contains(&service),
            "namespace `{namespace}` holds `{id}`, which is not of this demo: it would get its events; take another namespace"
        );
        ensure!(
            found.replicas.alive == 0,
            "`{id}` in namespace `{namespace}` is read: another demo runs there, or has been killed and is forgotten \
             within a minute; end it, wait, or take another namespace"
        );
    }
    services::subscribe(&buses).await?;
    Ok(buses)
}

fn tell(namespace: &str, address: &Address, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "A bus with sample traffic runs in namespace `{namespace}`. Look at it from another terminal:")?;
    for command in
        ["top", "stats", "sub ls", "dlq ls sales/follow-up", "tail 'lead.*'", "explain lead.created", "doctor"]
    {
        writeln!(out, "    {}", address.tekup(command))?;
    }
    writeln!(out, "Ctrl-C ends it, and removes its subscriptions.")?;
    Ok(out.flush()?)
}

async fn enough(lasts: Option<Duration>) -> tekup_core::Result<()> {
    let stop = asked_to_stop()?;
    match lasts {
        Some(lasts) => _ = tokio::time::timeout(lasts, stop).await,
        None => stop.await,
    }
    Ok(())
}

async fn leave(buses: &[EventBus]) -> anyhow::Result<()> {
    for bus in buses {
        for id in bus.subscriptions() {
            bus.unsubscribe(id.name().as_str()).await?;
            bus.removal(id.to_string()).await?.confirm(id.to_string()).await?;
        }
    }
    for bus in buses {
        bus.shutdown().await?;
    }
    Ok(())
}
