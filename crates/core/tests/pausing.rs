//! What a pause and a rate limit do to what a process holds.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use std::{sync::Arc, time::Duration};

use common::{LeadCreated, Seen, bus_on, lead, until};
use tekup_core::{
    Event, EventBus, RateLimit, Subscription, TekupEvent,
    memory::MemoryTransport,
    transport::{Source, SourceSpec, Transport},
};
use tokio::sync::Semaphore;

/// As the bus has it by default.
const LEASE: Duration = Duration::from_secs(30);

/// A subscription that notes what it begins, and goes on with as many as the gate lets through.
fn gated(seen: &Seen<String>, gate: &Arc<Semaphore>) -> Subscription<Event<LeadCreated>> {
    Subscription::to::<LeadCreated>("scoring").concurrency(1).handler_with(
        (seen.clone(), Arc::clone(gate)),
        async |(seen, gate), event: Event<LeadCreated>, _| {
            seen.note(event.data.lead_id);
            gate.acquire().await?.forget();
            Ok(())
        },
    )
}

async fn publish(bus: &EventBus, count: usize) {
    for number in 0..count {
        bus.publish(lead(&format!("l-{number}")).event("acme")).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn suspects_of_a_crash_that_wait_for_their_turn_go_back_unharmed() {
    let memory = MemoryTransport::new();
    let (bus, seen, gate) = (bus_on(&memory, "crm"), Seen::new(), Arc::new(Semaphore::new(0)));
    let mut spec = SourceSpec::new("crm/scoring".parse().unwrap(), vec!["lead.created".parse().unwrap()]);
    spec.lease = LEASE;
    let crashed = memory.open(spec).await.unwrap();
    publish(&bus, 5).await;
    assert_eq!(crashed.fetch(10).await.unwrap().len(), 5);
    drop(crashed);
    bus.subscribe(gated(&seen, &gate)).await.unwrap();
    assert_eq!(seen.next().await, "l-0");
    assert_eq!(memory.backlog().held, 5);
    bus.pause("crm/scoring").await.unwrap();
    until("four are handed back", async || Ok((memory.backlog().held, memory.backlog().held_back) == (1, 4))).await;
    gate.add_permits(1);
    until("the first is finished", async || Ok(bus.books("crm/scoring").await?.acked == 1)).await;
    tokio::time::sleep(2 * LEASE).await;
    assert!(seen.is_empty().await, "nothing is started");
    bus.resume("crm/scoring").await.unwrap();
    gate.add_permits(4);
    assert_eq!(seen.next_n(4).await, ["l-1", "l-2", "l-3", "l-4"]);
    until("all are finished", async || Ok(bus.books("crm/scoring").await?.acked == 5)).await;
    bus.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_waits_for_company_goes_back_and_comes_again() {
    let memory = MemoryTransport::new();
    let (bus, seen) = (bus_on(&memory, "crm"), Seen::new());
    let scoring = Subscription::to::<LeadCreated>("scoring").wait(Duration::from_secs(10));
    let noting = seen.clone();
    let scoring = scoring.batch_handler(10, move |leads: Vec<Event<LeadCreated>>, _| {
        let noting = noting.clone();
        async move { noting.note(leads.len()) }
    });
    bus.subscribe(scoring).await.unwrap();
    publish(&bus, 3).await;
    until("they wait for company", async || Ok(memory.backlog().held == 3)).await;
    bus.pause("crm/scoring").await.unwrap();
    until("they are handed back", async || Ok(memory.backlog().held_back == 3)).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(seen.is_empty().await, "nothing is started");
    bus.resume("crm/scoring").await.unwrap();
    assert_eq!(seen.next().await, 3);
    bus.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn slow_handlers_make_no_burst_that_the_rate_limit_does_not_allow() {
    let memory = MemoryTransport::new();
    let (bus, seen, gate) = (bus_on(&memory, "crm"), Seen::new(), Arc::new(Semaphore::new(0)));
    bus.subscribe(gated(&seen, &gate).rate_limit(RateLimit::per_second(20))).await.unwrap();
    publish(&bus, 20).await;
    assert_eq!(seen.next().await, "l-0");
    // Less than the time of an attempt.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let backlog = memory.backlog();
    assert!(backlog.held <= 3, "one that runs and a burst of two: {backlog:?}");
    gate.add_permits(20);
    let begun = tokio::time::Instant::now();
    seen.next_n(19).await;
    // Two were at hand, two lay in the bucket.
    assert!(begun.elapsed() >= Duration::from_millis(15 * 50), "{:?}", begun.elapsed());
    bus.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_that_is_lifted_lets_the_prefetch_grow_again() {
    let memory = MemoryTransport::new();
    let (bus, seen, gate) = (bus_on(&memory, "crm"), Seen::new(), Arc::new(Semaphore::new(0)));
    bus.subscribe(gated(&seen, &gate).rate_limit(RateLimit::per_hour(1))).await.unwrap();
    publish(&bus, 10).await;
    assert_eq!(seen.next().await, "l-0");
    assert_eq!(memory.backlog().held, 1);
    bus.set_rate_limit("crm/scoring", None).await.unwrap();
    until("all are held", async || Ok(memory.backlog().held == 10)).await;
    gate.close();
    bus.shutdown().await.unwrap();
}
