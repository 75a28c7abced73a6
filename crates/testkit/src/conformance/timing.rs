//! How long it takes, over all processes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, ErrorKind, EventBus, RawEvent, Result, Subscription, TekupEvent,
    transport::{Admin, Capabilities, Latency, LatencyDelta, Transport},
};
use tokio::time::Instant;

use super::{Harness, Scene, unexpected};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct LeadScored {}

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct LeadWon {}

fn counted(by: u64) -> Latency {
    let mut latency = Latency::default();
    for bucket in [0, 17, 63] {
        latency.handling.count_in(bucket, by);
        latency.end_to_end.count_in(bucket / 2, 10 * by);
    }
    latency
}

fn delta(subscription: &str, tenant: Option<&str>, event_type: Option<&str>, by: u64) -> Result<LatencyDelta> {
    Ok(LatencyDelta {
        subscription: subscription.parse()?,
        tenant: tenant.map(str::parse).transpose()?,
        event_type: event_type.map(str::parse).transpose()?,
        latency: counted(by),
    })
}

pub async fn latencies_sum_over_processes_by_type<H: Harness>(scene: &Scene<H>) -> Result<()> {
    scene.open("billing/ledger", &["*"]).await?;
    let elsewhere = scene.another_process().await?;
    let (one, other, id) = (scene.admin(), elsewhere.admin(), "billing/ledger".parse()?);
    let (created, won) = (Some("lead.created"), Some("lead.won"));
    one.add_latencies(vec![delta("billing/ledger", None, created, 1)?, delta("billing/ledger", None, won, 2)?])
        .await
        .into_iter()
        .collect::<Result<Vec<()>>>()?;
    other
        .add_latencies(vec![delta("billing/ledger", None, created, 4)?, delta("billing/ledger", None, None, 8)?])
        .await
        .into_iter()
        .collect::<Result<Vec<()>>>()?;
    one.add_latencies(Vec::new()).await.into_iter().collect::<Result<Vec<()>>>()?;
    for admin in [one, other] {
        let latencies = admin.latencies(&id, None).await?;
        assert_eq!(latencies.of("lead.created"), Some(&counted(5)));
        assert_eq!((latencies.of("lead.won"), latencies.of("lead.lost")), (Some(&counted(2)), None));
        assert_eq!((&latencies.others, latencies.all()), (&counted(8), counted(15)));
    }
    Ok(())
}

pub async fn latencies_of_subscriptions_and_tenants_are_kept_apart<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (admin, created) = (scene.admin(), Some("lead.created"));
    for name in ["billing/ledger", "billing/ledger2"] {
        scene.open(name, &["*"]).await?;
    }
    let deltas =
        [("billing/ledger", None, 7), ("billing/ledger", Some("acme"), 1), ("billing/ledger", Some("acme2"), 2)];
    let deltas = deltas.into_iter().chain([("billing/ledger2", None, 50), ("billing/ledger2", Some("acme"), 40)]);
    admin
        .add_latencies(deltas.map(|(id, tenant, by)| delta(id, tenant, created, by)).collect::<Result<_>>()?)
        .await
        .into_iter()
        .collect::<Result<Vec<()>>>()?;
    let table = [(None, 7), (Some("acme"), 1), (Some("acme2"), 2), (Some("globex"), 0)];
    for (tenant, by) in table {
        let tenant = tenant.map(str::parse).transpose()?;
        let latencies = admin.latencies(&"billing/ledger".parse()?, tenant.as_ref()).await?;
        assert_eq!(latencies.all(), counted(by), "{tenant:?}");
    }
    let answer = admin.latencies(&"billing/leger".parse()?, None).await;
    let Err(error) = answer else { return Err(unexpected("a subscription that nobody has took some time")) };
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("`billing/leger`"), "{error}");
    Ok(())
}

/// A bus whose subscription takes `pause` for an event of type `lead.scored`, and no time for others.
async fn timed_bus<H: Harness>(scene: &Scene<H>, pause: Duration) -> Result<EventBus> {
    let mut config = BusConfig::new("billing");
    (config.lease, config.latency_tenants) = (H::lease(), vec!["acme".parse()?]);
    let bus = scene.bus(config).await?;
    let ledger = Subscription::matching("ledger", "lead.*").concurrency(1);
    bus.subscribe(ledger.handler_with(pause, async |pause, event: RawEvent, _| {
        if event.envelope().event_type.as_str() == LeadScored::TYPE {
            tokio::time::sleep(pause).await;
        }
    }))
    .await?;
    Ok(bus)
}

pub async fn two_processes_tell_together_how_long_their_handlers_took<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let pause = H::quiet();
    let (one, other) = (timed_bus(scene, pause).await?, timed_bus(scene, pause).await?);
    for tenant in ["acme", "globex"] {
        for _ in 0..4 {
            one.publish(LeadScored {}.event(tenant)).await?;
        }
        one.publish(LeadWon {}.event(tenant)).await?;
    }
    let deadline = Instant::now() + 8 * pause + 2 * H::soon();
    while one.process_counters().handled + other.process_counters().handled < 10 {
        assert!(Instant::now() < deadline, "not all were handled");
        tokio::time::sleep(H::quiet() / 10).await;
    }
    let here = one.process_latencies("billing/ledger")?.all().handling.count();
    assert_eq!(here, one.process_counters().handled, "a process knows its own");
    one.shutdown().await?;
    other.shutdown().await?;
    let latencies = one.latencies("billing/ledger").await?;
    let (scored, won) = (latencies.of("lead.scored"), latencies.of("lead.won"));
    let (Some(scored), Some(won)) = (scored, won) else { return Err(unexpected(format!("{latencies:?}"))) };
    assert_eq!((scored.handling.count(), scored.end_to_end.count(), won.handling.count()), (8, 8, 2));
    // What is told is at most 13 % off, and a handler never sleeps for too short a time.
    assert!(scored.handling.percentile(0.0) >= Some(pause * 87 / 100), "{scored:?}");
    assert!(won.handling.p50() < Some(pause), "{won:?}");
    assert_eq!(one.tenant("acme")?.latencies("billing/ledger").await?.all().handling.count(), 5);
    assert!(one.tenant("globex")?.latencies("billing/ledger").await?.all().is_empty(), "nobody asked for it");
    Ok(())
}
