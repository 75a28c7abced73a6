//! Stops a worker that has much to do: what it has begun is finished, and the rest goes to its replicas.
//!
//! ```text
//! cargo run --bin graceful_shutdown -- --redis redis://localhost:6379                   # a worker; start two
//! cargo run --bin graceful_shutdown -- --redis redis://localhost:6379 publish 500 20    # 500 reports of 20 ms each
//! ```
//!
//! Then press Ctrl-C in one of the workers, or send it SIGTERM: it exits with 0. Asked a second time it leaves at once,
//! with 130 or 143, and what it had begun comes to the other one when its lease ends.

#![allow(clippy::print_stdout, reason = "a program that shows what happens")]

mod report;

use std::time::Duration;

use anyhow::{Result, bail};
use tekup_core::{BusConfig, Context, Event, EventBus, Subscription, TekupEvent};
use tekup_redis_transport::{RedisConfig, RedisTransport};

use self::report::{GRACE, LEASE, ReportRequested, TENANT};

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init(); // the bus logs what it does
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--redis", url] => work(url).await,
        ["--redis", url, "publish", count, takes_ms] => publish(url, count.parse()?, takes_ms.parse()?).await,
        _ => bail!("usage: cargo run --bin graceful_shutdown -- --redis <url> [publish <count> <ms of work each>]"),
    }
}

async fn work(url: &str) -> Result<()> {
    let mut config = BusConfig::new("reports");
    config.shutdown_grace = GRACE;
    config.lease = LEASE;
    let bus = EventBus::new(config, RedisTransport::connect(&RedisConfig::new(url)).await?)?;
    bus.subscribe(Subscription::to::<ReportRequested>("writing").prefetch(20).handler(write)).await?;
    println!("ready");
    Ok(bus.run_until_signal().await?)
}

async fn write(event: Event<ReportRequested>, cx: Context) {
    println!("begin {} in attempt {}", cx.event_id(), cx.attempt());
    tokio::time::sleep(Duration::from_millis(event.data.takes_ms)).await; // the work
    println!("end {}", cx.event_id());
}

async fn publish(url: &str, count: usize, takes_ms: u64) -> Result<()> {
    let bus = tekup_redis_transport::connect(url, "publisher").await?;
    for _ in 0..count {
        println!("published {}", bus.publish(ReportRequested { takes_ms }.event(TENANT)).await?.id);
    }
    Ok(bus.shutdown().await?)
}
