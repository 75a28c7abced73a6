//! Whether a bus knows how it is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, Event, HealthThresholds, Outcome, Result, Subscription, TekupEvent,
    health::{Level, Reason},
    transport::Capabilities,
};
use tokio::{sync::Semaphore, time::Instant};

use super::{Harness, Scene, unexpected};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct LeadScored {}

/// What no machine, however slow, takes for illness.
fn patient() -> HealthThresholds {
    let mut thresholds = HealthThresholds::default();
    (thresholds.patience, thresholds.slow) = (thresholds.patience * 10, thresholds.slow * 40);
    thresholds
}

pub async fn a_bus_that_works_is_healthy_and_a_closed_one_is_not<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(BusConfig::new("billing")).await?;
    bus.subscribe(Subscription::to::<LeadScored>("ledger").handler(async |_: Event<LeadScored>, _| ())).await?;
    let health = bus.health_by(&patient()).await?;
    assert!(health.is_healthy(), "{health:?}");
    bus.shutdown().await?;
    assert_eq!(bus.health().await.reasons, [Reason::Closed]);
    Ok(())
}

pub async fn what_waits_and_what_has_died_degrades_a_bus_and_is_named<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(BusConfig::new("billing")).await?;
    let may_end = Arc::new(Semaphore::new(0));
    let ledger = Subscription::to::<LeadScored>("ledger").concurrency(1).prefetch(1);
    bus.subscribe(ledger.handler_with(Arc::clone(&may_end), async |may_end, _: Event<LeadScored>, _| {
        may_end.acquire().await.map(tokio::sync::SemaphorePermit::forget).ok();
        Outcome::dead_letter("no such lead")
    }))
    .await?;
    let mut thresholds = patient();
    thresholds.waiting = 3;
    for _ in 0..10 {
        bus.publish(LeadScored {}.event("acme")).await?;
    }
    let health = bus.health_by(&thresholds).await?;
    let [Reason::Lagging { subscription, waiting }] = &health.reasons[..] else {
        return Err(unexpected(format!("ten wait, and this is said: {health:?}")));
    };
    assert_eq!((health.level, subscription), (Level::Degraded, &"billing/ledger".parse()?));
    assert!((8..=10).contains(waiting), "{waiting}");
    may_end.add_permits(10);
    let deadline = Instant::now() + 5 * H::soon();
    while bus.books("billing/ledger").await?.dead < 10 {
        assert!(Instant::now() < deadline, "not all have died");
        tokio::time::sleep(H::quiet() / 10).await;
    }
    let subscription = "billing/ledger".parse()?;
    let health = bus.health_by(&thresholds).await?;
    assert_eq!(health.reasons, [Reason::DeadLettersGrow { subscription, new: 10, dead: 10 }]);
    let health = bus.health_by(&thresholds).await?;
    assert!(health.is_healthy(), "nothing has died since: {health:?}");
    bus.shutdown().await
}
