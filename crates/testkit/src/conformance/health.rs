//! Whether a bus knows how it is.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, ErrorKind, Event, EventBus, HandlerResult, HealthThresholds, Outcome, Result, RetryPolicy, Subscription,
    TekupEvent,
    health::{Health, Level, Reason},
    transport::{Admin, Capabilities},
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

pub async fn what_lanes_have_dropped_degrades_a_bus_and_is_no_death<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let Some(limited) = scene.harness.limited(5).await? else { return Ok(()) };
    let bus = scene.bus_on(Arc::new(limited), BusConfig::new("billing"))?;
    let may_end = Arc::new(Semaphore::new(0));
    let ledger =
        Subscription::to::<LeadScored>("ledger").concurrency(1).prefetch(1).timeout(Duration::from_secs(3_600));
    bus.subscribe(ledger.handler_with(Arc::clone(&may_end), async |may_end, _: Event<LeadScored>, _| {
        may_end.acquire().await.map(tokio::sync::SemaphorePermit::forget).ok();
    }))
    .await?;
    let thresholds = patient();
    assert!(bus.health_by(&thresholds).await?.is_healthy());
    for _ in 0..13 {
        bus.publish(LeadScored {}.event("acme")).await?;
    }
    let (mut told, deadline) = (0, Instant::now() + 5 * H::soon());
    while told < 8 {
        let health = bus.health_by(&thresholds).await?;
        for reason in &health.reasons {
            let Reason::EventsDropped { subscription, new, dropped } = reason else {
                return Err(unexpected(format!("five of 13 are kept, and this is said: {reason:?}")));
            };
            told += new;
            assert_eq!((health.level, subscription), (Level::Degraded, &"billing/ledger".parse()?));
            assert_eq!(*dropped, told, "{new} of them are new");
        }
        assert!(Instant::now() < deadline, "{told} are told of");
        scene.harness.advance(H::quiet() / 10).await;
    }
    let books = bus.books("billing/ledger").await?;
    assert_eq!((told, books.dropped, books.letters_dropped), (8, 8, 0), "{books:?}");
    assert!(bus.health_by(&thresholds).await?.is_healthy(), "nothing was dropped since");
    may_end.add_permits(13);
    bus.shutdown().await
}

pub async fn letters_that_went_for_room_are_told_as_new_deaths<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let mut config = BusConfig::new("billing");
    config.dead_letter_cap = 4;
    let bus = scene.bus(config).await?;
    let ledger = Subscription::to::<LeadScored>("ledger");
    bus.subscribe(ledger.handler(async |_: Event<LeadScored>, _| Outcome::dead_letter("no such lead"))).await?;
    scene.ledger.ask_only_for_balance(&"billing/ledger".parse()?);
    let thresholds = patient();
    assert!(bus.health_by(&thresholds).await?.is_healthy());
    for _ in 0..10 {
        bus.publish(LeadScored {}.event("acme")).await?;
    }
    let deadline = Instant::now() + 5 * H::soon();
    let books = loop {
        let books = bus.books("billing/ledger").await?;
        if books.dead + books.letters_dropped == 10 {
            break books;
        }
        assert!(Instant::now() < deadline, "not all have died: {books:?}");
        tokio::time::sleep(H::quiet() / 10).await;
    };
    assert!(books.letters_dropped >= 6 && books.dropped == 0, "{books:?}");
    let health = bus.health_by(&thresholds).await?;
    let (subscription, dead) = ("billing/ledger".parse()?, books.dead);
    assert_eq!(health.reasons, [Reason::DeadLettersGrow { subscription, new: 10, dead }]);
    bus.shutdown().await
}

/// Asks until it is so.
async fn until<H: Harness>(
    bus: &EventBus,
    thresholds: &HealthThresholds,
    is_so: impl Fn(&Health) -> bool,
) -> Result<Health> {
    let deadline = Instant::now() + 5 * H::soon();
    loop {
        let health = bus.health_by(thresholds).await?;
        if is_so(&health) {
            return Ok(health);
        }
        assert!(Instant::now() < deadline, "{health:?}");
        tokio::time::sleep(H::quiet() / 10).await;
    }
}

pub async fn what_waits_too_long_degrades_a_bus_unless_it_is_paused<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(BusConfig::new("billing")).await?;
    let may_end = Arc::new(Semaphore::new(0));
    let ledger =
        Subscription::to::<LeadScored>("ledger").concurrency(1).prefetch(1).timeout(Duration::from_secs(3_600));
    bus.subscribe(ledger.handler_with(Arc::clone(&may_end), async |may_end, _: Event<LeadScored>, _| {
        may_end.acquire().await.map(tokio::sync::SemaphorePermit::forget).ok();
    }))
    .await?;
    let mut thresholds = patient();
    thresholds.age = 3 * H::quiet();
    for _ in 0..3 {
        bus.publish(LeadScored {}.event("acme")).await?;
    }
    scene.harness.advance(4 * H::quiet()).await;
    let health = bus.health_by(&thresholds).await?;
    let [Reason::Overdue { subscription, oldest_ms }] = &health.reasons[..] else {
        return Err(unexpected(format!("three wait too long, and this is said: {health:?}")));
    };
    assert_eq!((health.level, subscription), (Level::Degraded, &"billing/ledger".parse()?));
    assert!(u128::from(*oldest_ms) > thresholds.age.as_millis(), "{oldest_ms}");
    bus.pause("billing/ledger").await?;
    until::<H>(&bus, &thresholds, Health::is_healthy).await?;
    bus.resume("billing/ledger").await?;
    until::<H>(&bus, &thresholds, |health| !health.is_healthy()).await?;
    may_end.add_permits(3);
    until::<H>(&bus, &thresholds, Health::is_healthy).await?;
    bus.shutdown().await
}

pub async fn what_waits_for_a_later_time_is_not_too_old<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(BusConfig::new("billing")).await?;
    let hour = Duration::from_secs(3_600);
    let retry = RetryPolicy::fixed(3, hour);
    bus.subscribe(
        Subscription::to::<LeadScored>("ledger")
            .retry(retry)
            .handler(async |_: Event<LeadScored>, _| -> HandlerResult<()> { Err("not now".into()) }),
    )
    .await?;
    bus.publish(LeadScored {}.event("acme")).await?;
    bus.publish(LeadScored {}.event("acme").delay(hour)).await?;
    let deadline = Instant::now() + 5 * H::soon();
    while bus.books("billing/ledger").await?.retrying == 0 {
        assert!(Instant::now() < deadline, "it has not failed");
        tokio::time::sleep(H::quiet() / 10).await;
    }
    let mut thresholds = patient();
    thresholds.age = H::quiet();
    scene.harness.advance(2 * H::quiet()).await;
    let health = bus.health_by(&thresholds).await?;
    assert!(health.is_healthy(), "{health:?}");
    bus.shutdown().await
}

pub async fn a_subscription_that_nobody_reads_any_more_is_named<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(BusConfig::new("billing")).await?;
    let gone = scene.open("crm/gone", &["*"]).await?;
    let mut thresholds = patient();
    thresholds.silent = 3 * H::quiet();
    scene.harness.advance(4 * H::quiet()).await;
    let health = bus.health_by(&thresholds).await?;
    assert!(health.is_healthy(), "it is read: {health:?}");
    gone.close().await?;
    let health = bus.health_by(&thresholds).await?;
    assert!(health.is_healthy(), "it was read just now: {health:?}");
    scene.harness.advance(4 * H::quiet()).await;
    let health = bus.health_by(&thresholds).await?;
    let [Reason::DeadSubscriptions { subscriptions, more: 0, for_ms }] = &health.reasons[..] else {
        return Err(unexpected(format!("nobody reads one, and this is said: {health:?}")));
    };
    assert_eq!((health.level, &subscriptions[..]), (Level::Degraded, &["crm/gone".parse()?][..]));
    assert!(u128::from(*for_ms) > thresholds.silent.as_millis(), "{for_ms}");
    scene.open("crm/gone", &["*"]).await?;
    let health = bus.health_by(&thresholds).await?;
    assert!(health.is_healthy(), "it is read again: {health:?}");
    bus.shutdown().await
}

pub async fn subscriptions_are_listed_by_name_and_page_by_page<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (admin, mut open) = (scene.admin(), Vec::new());
    assert_eq!(admin.subscriptions(None, 10).await?.subscriptions, []);
    let names = ["a-b/c", "a/b", "a/c", "billing/ledger", "crm/import"];
    for name in names.iter().rev() {
        open.push(scene.open(name, &["*"]).await?);
    }
    open[0].close().await?;
    let (mut after, mut listed) = (None, Vec::new());
    loop {
        let page = admin.subscriptions(after, 2).await?;
        assert!(page.subscriptions.len() <= 2);
        listed.extend(page.subscriptions.into_iter().map(|one| (one.id.to_string(), one.replicas.alive)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, names.map(|name| (name.to_owned(), u64::from(name != "crm/import"))));
    for most in [0, 1_001] {
        assert_eq!(admin.subscriptions(None, most).await.map_err(|error| error.kind()), Err(ErrorKind::InvalidInput));
    }
    Ok(())
}
