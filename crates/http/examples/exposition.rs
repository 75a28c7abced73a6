//! Prints what `/metrics` of a process tells that has done a bit of everything, as it comes over HTTP.
//!
//! ```text
//! cargo run --package tekup-http --example exposition | promtool check metrics
//! ```

#![allow(clippy::print_stdout, reason = "a program that shows what happens")]

mod common;

use std::time::Duration;

use common::{Failure, get};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{
    Advise, BusConfig, Event, EventBus, HandlerResult, RetryPolicy, Subscription, TekupEvent, TenantLabels,
    memory::MemoryTransport,
};
use tekup_http::{Operations, serve};
use tokio::net::TcpListener;

#[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated {
    score: f64,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    println!("{}", exposition().await?.trim_end());
    Ok(())
}

async fn exposition() -> Result<String, Failure> {
    let bus = busy().await?;
    let operations = Operations::of(&bus).with_store(Duration::from_secs(10)).tenants(["acme".parse()?]);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listener, operations.router(), async { drop(stopped.await) }));
    let told = get(address, "/metrics").await?;
    drop(stop);
    serving.await??;
    bus.shutdown().await?;
    Ok(told)
}

/// A bus whose subscription has handled, failed, retried, given up and left out.
async fn busy() -> Result<EventBus, Failure> {
    let mut config = BusConfig::new("crm");
    config.metric_tenants = TenantLabels::All;
    let bus = EventBus::new(config, MemoryTransport::new())?;
    let scoring = Subscription::to::<LeadCreated>("scoring").retry(RetryPolicy::fixed(2, Duration::from_millis(1)));
    let scoring = scoring.filter(|event: &Event<LeadCreated>| event.data.score <= 100.0);
    bus.subscribe(scoring.handler(async |event: Event<LeadCreated>, cx| -> HandlerResult<()> {
        match (event.data.score, cx.attempt()) {
            (score, _) if score < 0.0 => {
                Err(tekup_core::Error::new(tekup_core::ErrorKind::Invalid, "below zero")).permanent()
            }
            (0.0, 1) => Err("not now")?,
            _ => Ok(()),
        }
    }))
    .await?;
    for score in [75.0, 0.0, -1.0, 500.0] {
        bus.publish(LeadCreated { score }.event("acme")).await?;
    }
    let ended = || {
        let counters = bus.process_counters();
        counters.handled + counters.filtered + counters.dead_lettered
    };
    let all = async {
        while ended() < 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all).await?;
    Ok(bus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_metric_of_the_page_is_told() {
        let told = exposition().await.unwrap();
        let page = include_str!("../../../docs/metrics.md");
        let names: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        assert!(names.len() >= 20, "{names:?}");
        for name in names {
            assert!(told.contains(&format!("# TYPE {name} ")), "{name} is not told:\n{told}");
        }
    }
}
