//! A service that publishes, handles, fails and gives up, until its standard input ends.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{
    Advise, BusConfig, Error, ErrorKind, Event, EventBus, HandlerResult, RawEvent, RetryPolicy, Subscription,
    TekupEvent, TenantLabels,
};
use tekup_http::{Operations, serve};
use tekup_redis_transport::{RedisConfig, RedisTransport};
use tokio::{io::AsyncReadExt, net::TcpListener};

use crate::common::Failure;

/// How long a delivery belongs to a process: shorter than elsewhere, for it is made to end.
pub(crate) const LEASE: Duration = Duration::from_secs(1);
/// How often a few events come.
const EVERY: Duration = Duration::from_millis(50);

#[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated {
    score: f64,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
struct ReportRequested {
    pages: u32,
}

pub(crate) async fn run(url: &str) -> Result<(), Failure> {
    let bus = connect(url).await?;
    subscribe(&bus).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let serving = tokio::spawn(serve(listener, Operations::of(&bus).router(), std::future::pending()));
    let mut input = tokio::io::stdin();
    tokio::select! {
        failed = keep_busy(&bus) => failed?,
        ended = input.read_u8() => drop(ended),
    }
    serving.abort();
    Ok(bus.shutdown().await?)
}

async fn connect(url: &str) -> Result<EventBus, Failure> {
    let mut config = BusConfig::new("crm");
    (config.metric_tenants, config.lease) = (TenantLabels::All, LEASE);
    Ok(EventBus::new(config, RedisTransport::connect(&RedisConfig::new(url)).await?)?)
}

async fn subscribe(bus: &EventBus) -> Result<(), Failure> {
    let scoring = Subscription::to::<LeadCreated>("scoring").retry(RetryPolicy::fixed(2, Duration::from_millis(10)));
    let scoring = scoring.filter(|event: &Event<LeadCreated>| event.data.score <= 100.0);
    bus.subscribe(scoring.handler(async |event: Event<LeadCreated>, cx| score(event.data.score, cx.attempt()))).await?;
    // Slower than they come: some are always held unstarted.
    let reports = Subscription::to::<ReportRequested>("reports").concurrency(1);
    bus.subscribe(reports.handler(async |event: Event<ReportRequested>, _| {
        tokio::time::sleep(EVERY * event.data.pages).await;
    }))
    .await?;
    let archive = Subscription::matching("archive", "lead.*");
    bus.subscribe(archive.handler(async |_: RawEvent, _| ())).await?;
    Ok(())
}

/// Below -1 it is never right, below 0 it is refused, and 0 comes too early.
fn score(score: f64, attempt: u32) -> HandlerResult<()> {
    let error = |what: &str| Error::new(ErrorKind::Invalid, what);
    match (score, attempt) {
        (score, _) if score < -1.0 => Err(error("far below zero"))?,
        (score, _) if score < 0.0 => Err(error("below zero")).permanent(),
        (0.0, 1) => Err(error("not now"))?,
        _ => Ok(()),
    }
}

/// Publishes until it fails for another reason than trouble on the way to the server.
async fn keep_busy(bus: &EventBus) -> Result<(), Failure> {
    loop {
        let drafts = [75.0, 0.0, -1.0, -2.0, 500.0].map(|score| LeadCreated { score }.event("acme"));
        for result in [
            bus.publish_batch(drafts).await.map(drop),
            bus.publish(LeadCreated { score: 80.0 }.event("globex")).await.map(drop),
            bus.publish(ReportRequested { pages: 2 }.event("acme")).await.map(drop),
        ] {
            result.or_else(|error| if error.is_retryable() { Ok(()) } else { Err(error) })?;
        }
        tokio::time::sleep(EVERY).await;
    }
}
