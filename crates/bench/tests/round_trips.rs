//! No event costs a round trip of its own.

use anyhow::{Result, ensure};
use tekup_bench::{
    commands::CommandCounts,
    on_bus::{self, Tally},
    sample,
};
use tekup_testkit::redis::RedisServer;

const EVENTS: usize = 100_000;
/// As in the benchmark; each partition gets a call of its own for its part of it.
const BATCH: usize = 500;
/// Calls of scripts, reads and acknowledgements together, for one event that is published and drained.
const MOST_CALLS: f64 = 0.05;

async fn calls_per_event(tenants: usize) -> Result<f64> {
    let server = RedisServer::start()?;
    let bus = on_bus::connect(&server.url()).await?;
    on_bus::prepare(&bus).await?;
    let tally = Tally::default();
    let counter = tally.clone();
    CommandCounts::reset(&server)?;

    on_bus::publish(&bus, sample::load(EVENTS, tenants), BATCH).await?;
    on_bus::drain(&bus, EVENTS, move |data| counter.count(data)).await?;

    let counts = CommandCounts::of(&server)?;
    ensure!(tally.counted() == EVENTS, "{} of {EVENTS} were handled", tally.counted());
    ensure!(counts.calls("xadd") >= EVENTS as u64, "the server does not count what was done: {counts:?}");
    on_bus::finish(&bus, EVENTS).await?;
    let calls: u64 = ["evalsha", "xreadgroup", "xack"].iter().map(|command| counts.calls(command)).sum();
    Ok(calls as f64 / EVENTS as f64)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_events_share_a_call_when_tenants_reach_every_partition() {
    let calls = calls_per_event(64).await.unwrap();
    assert!(calls <= MOST_CALLS, "{calls} calls an event");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_events_share_a_call_when_there_is_one_tenant() {
    let calls = calls_per_event(1).await.unwrap();
    assert!(calls <= MOST_CALLS, "{calls} calls an event");
}
