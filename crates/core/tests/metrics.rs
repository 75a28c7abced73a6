//! What a process has counted, for whoever scrapes.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use common::{LeadCreated, LeadScored, ailing::Ailing, bus, lead, until};
use tekup_core::{
    Advise, BatchContext, BatchOutcome, Broadcast, BusConfig, Error, ErrorKind, Event, EventBus, HandlerError,
    HandlerResult, Outcome, RawEvent, RetryPolicy, Subscription, TekupEvent,
    health::{Level, Part, Reason},
    metrics::AttemptMetrics,
    transport::{DeadReason, Outgoing},
};
use tokio::sync::Semaphore;

/// Waits until so many deliveries have ended.
async fn ended(bus: &EventBus, count: u64) -> Vec<AttemptMetrics> {
    let all = |it: &AttemptMetrics| it.succeeded + it.failed + it.filtered;
    until("so many have ended", async || Ok(bus.process_metrics().attempts.iter().map(all).sum::<u64>() >= count))
        .await;
    let mut attempts = bus.process_metrics().attempts;
    attempts.sort_by(|one, other| one.event_type.cmp(&other.event_type));
    attempts
}

fn on_purpose() -> Error {
    Error::new(ErrorKind::Internal, "on purpose")
}

#[tokio::test(start_paused = true)]
async fn every_way_to_end_is_counted_once_with_its_type() {
    let bus = bus();
    let retry = RetryPolicy::fixed(2, Duration::from_secs(1));
    let scoring = Subscription::to::<LeadCreated>("scoring").retry(retry).timeout(Duration::from_secs(20));
    let scoring = scoring.filter(|event: &Event<LeadCreated>| event.data.lead_id != "unwanted");
    bus.subscribe(scoring.handler(async |event: Event<LeadCreated>, _| -> HandlerResult<()> {
        match event.data.lead_id.as_str() {
            "fails" => Err(on_purpose().into()),
            "rejected" => Err(on_purpose()).permanent(),
            "panics" => panic!("on purpose"),
            "hangs" => std::future::pending().await,
            _ => Ok(()),
        }
    }))
    .await
    .unwrap();
    for id in ["works", "fails", "rejected", "panics", "hangs", "unwanted"] {
        bus.publish(lead(id).event("acme")).await.unwrap();
    }
    // Not even an envelope; the subscription takes one type only.
    bus.publish(Outgoing::unchecked("acme".parse().unwrap(), "lead.created".parse().unwrap(), "{")).await.unwrap();
    // 1 done, 3 × 2 that fail, 1 rejected, 1 left out, 1 unreadable.
    let [counted] = &ended(&bus, 10).await[..] else { panic!("one series: {:?}", bus.process_metrics().attempts) };
    assert_eq!(
        (counted.event_type.as_str(), counted.subscription.to_string().as_str()),
        ("lead.created", "crm/scoring")
    );
    assert_eq!((counted.succeeded, counted.failed, counted.filtered, counted.retried), (1, 8, 1, 3));
    let dead: Vec<_> = counted.dead_letters().filter(|(_, count)| *count > 0).collect();
    let expected = [(DeadReason::AttemptsExhausted, 3), (DeadReason::Rejected, 1), (DeadReason::Undecodable, 1)];
    assert_eq!(dead, expected);
    // What was no event had no time of its own.
    assert_eq!((counted.handling.count(), counted.end_to_end.count()), (8, 1));
    assert!(counted.handling.sum() >= 40.0, "two attempts took 20 s: {}", counted.handling.sum());
    let metrics = bus.process_metrics();
    assert_eq!(metrics.in_flight, [("crm/scoring".parse().unwrap(), 0)]);
    assert_eq!((metrics.settle_deliveries.sum(), metrics.publish_events.sum()), (10.0, 7.0));
    assert_eq!(metrics.publish_seconds.count(), metrics.publish_events.count());
    bus.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn events_of_a_batch_are_counted_one_by_one() {
    let bus = bus();
    let retry = RetryPolicy::fixed(1, Duration::ZERO);
    let importing = Subscription::to::<LeadCreated>("importing").retry(retry);
    let importing = importing.filter(|event: &Event<LeadCreated>| event.data.lead_id != "unwanted");
    let importing = importing.batch_handler(10, async |events: Vec<Event<LeadCreated>>, _: BatchContext| {
        let outcome = |event: &Event<LeadCreated>| match event.data.lead_id.as_str() {
            "fails" => Outcome::Failed(HandlerError::from(on_purpose())),
            _ => Outcome::Done,
        };
        BatchOutcome::Each(events.iter().map(outcome).collect())
    });
    bus.subscribe(importing).await.unwrap();
    let drafts = ["works", "fails", "unwanted", "works"].map(|id| lead(id).event("acme"));
    bus.publish_batch(drafts).await.unwrap();
    let [counted] = &ended(&bus, 4).await[..] else { panic!("one series") };
    assert_eq!((counted.succeeded, counted.failed, counted.filtered), (2, 1, 1));
    assert_eq!((counted.handling.count(), counted.end_to_end.count()), (3, 2));
    bus.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_nobody_came_to_read_is_unknown_where_a_subscription_takes_many_types() {
    let bus = bus();
    let audit = Subscription::matching("audit", "*").tenants(["acme"]);
    bus.subscribe(audit.handler(async |_: RawEvent, _| ())).await.unwrap();
    for tenant in ["acme", "globex", "globex"] {
        bus.publish(lead("l-1").event(tenant)).await.unwrap();
    }
    let attempts = ended(&bus, 3).await;
    let told: Vec<_> = attempts.iter().map(|it| (it.event_type.as_str(), it.succeeded, it.filtered)).collect();
    assert_eq!(told, [("lead.created", 1, 0), ("unknown", 0, 2)]);
    bus.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn broadcasts_are_counted_by_their_names() {
    let bus = bus();
    let cache =
        Broadcast::matching("cache", "*").filter(|event: &RawEvent| event.envelope().tenant.as_str() != "globex");
    bus.listen(cache.handler(async |event: RawEvent, _| -> HandlerResult<()> {
        if event.envelope().event_type.as_str() == LeadScored::TYPE { Err(on_purpose().into()) } else { Ok(()) }
    }))
    .await
    .unwrap();
    bus.publish(lead("l-1").event("acme")).await.unwrap();
    bus.publish(lead("l-2").event("globex")).await.unwrap();
    bus.publish(LeadScored { score: 1.0 }.event("acme")).await.unwrap();
    let attempts = ended(&bus, 3).await;
    let told: Vec<_> = attempts
        .iter()
        .map(|it| (it.subscription.to_string(), it.event_type.as_str(), it.succeeded, it.failed, it.filtered))
        .collect();
    let cache = || "crm/cache".to_owned();
    assert_eq!(told, [(cache(), "lead.created", 1, 0, 1), (cache(), "lead.scored", 0, 1, 0)]);
    bus.shutdown().await.unwrap();
}

async fn bus_at_work(store: &Ailing) -> EventBus {
    let bus = EventBus::new(BusConfig::new("crm"), store.clone()).unwrap();
    let audit = Subscription::matching("audit", "*").timeout(Duration::from_secs(86_400));
    let handler = audit.handler(async |event: RawEvent, _| {
        if event.envelope().tenant.as_str() == "slow" {
            std::future::pending::<()>().await;
        }
    });
    bus.subscribe(handler).await.unwrap();
    bus
}

#[tokio::test(start_paused = true)]
async fn who_tries_on_while_the_store_is_away_is_alive_and_unhealthy() {
    let store = Ailing::default();
    let bus = bus_at_work(&store).await;
    store.is_away.store(true, Relaxed);
    bus.publish(lead("l-1").event("slow")).await.unwrap();
    bus.publish(lead("l-2").event("acme")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(bus.liveness().is_healthy(), "{:?}", bus.liveness());
    let ready = bus.readiness(Duration::from_secs(1)).await;
    let stalled =
        |part| ready.reasons.iter().any(|it| matches!(it, Reason::Stalled { part: stalled, .. } if *stalled == part));
    assert!(ready.level == Level::Unhealthy && stalled(Part::Settler) && stalled(Part::Keeper), "{ready:?}");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_an_answer_for_ever_is_not_alive() {
    let store = Ailing::default();
    let bus = bus_at_work(&store).await;
    store.hangs.store(true, Relaxed);
    bus.publish(lead("l-1").event("slow")).await.unwrap();
    bus.publish(lead("l-2").event("acme")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert!(bus.liveness().is_healthy());
    tokio::time::sleep(Duration::from_secs(60)).await;
    let reasons = bus.liveness().reasons;
    let parts: Vec<_> = reasons
        .iter()
        .filter_map(|it| if let Reason::Stalled { part, .. } = it { Some(*part) } else { None })
        .collect();
    assert_eq!(parts, [Part::Settler, Part::Keeper], "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn leases_that_others_took_over_and_new_connections_are_counted() {
    let bus = bus_at_work(&Ailing::default()).await;
    bus.publish(lead("l-1").event("slow")).await.unwrap();
    until("a lease is lost", async || Ok(!bus.process_metrics().lease_losses.is_empty())).await;
    let metrics = bus.process_metrics();
    assert_eq!((&metrics.lease_losses[0], metrics.reconnects), (&("crm/audit".parse().unwrap(), 1), 3));
}

/// A subscription whose handler waits for the gate, and then fails or not.
async fn behind(gate: &Arc<Semaphore>, store: &Ailing, fails: bool) -> EventBus {
    let mut config = BusConfig::new("crm");
    config.lease = Duration::from_secs(1);
    let bus = EventBus::new(config, store.clone()).unwrap();
    let scoring = Subscription::matching("scoring", "*").timeout(Duration::from_secs(86_400));
    let state = (Arc::clone(gate), fails);
    let scoring = scoring.handler_with(state, async |(gate, fails), _: RawEvent, _| -> HandlerResult<()> {
        drop(gate.acquire().await);
        if fails { Err(on_purpose().into()) } else { Ok(()) }
    });
    bus.subscribe(scoring).await.unwrap();
    bus
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_counted_as_lost_once_whether_the_keeper_or_the_verdict_is_told_so() {
    for (forgets, fails) in [(true, false), (true, true), (false, false), (false, true)] {
        let store = Ailing::default();
        let healthy = Ailing { memory: store.memory.clone(), ..Ailing::default() };
        store.forgets.store(forgets, Relaxed);
        store.reads_once.store(true, Relaxed);
        let (gate, open) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(1)));
        let slow = behind(&gate, &store, fails).await;
        slow.publish(lead("l-1").event("acme")).await.unwrap();
        until("it is held", async || Ok(slow.process_metrics().in_flight[0].1 == 1)).await;
        let other = behind(&open, &healthy, false).await;
        ended(&other, 1).await;
        let lost = [("crm/scoring".parse().unwrap(), 1)];
        assert_eq!(slow.process_metrics().lease_losses, if forgets { &[][..] } else { &lost[..] });
        gate.add_permits(1);
        until("it is settled", async || Ok(slow.process_metrics().settle_deliveries.count() == 1)).await;
        until("it is counted", async || Ok(slow.process_metrics().lease_losses == lost)).await;
        assert_eq!(slow.process_metrics().attempts, [], "the other one has done it");
        assert_eq!((slow.process_metrics().lease_losses, other.process_metrics().lease_losses), (lost.into(), vec![]));
    }
}
