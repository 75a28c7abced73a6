//! Subscribing, stopping, and what stays.

mod common;

use std::{sync::Arc, time::Duration};

use common::{LeadCreated, Seen, bus, bus_on, lead, until};
use tekup_core::{
    BusConfig, ErrorKind, EventBus, RawEvent, RetryPolicy, Subscription, TekupEvent,
    memory::MemoryTransport,
    transport::{Policy, Source, SourceSpec, Stage, StartAt, Transport},
};
use tokio::sync::Semaphore;

fn audit(name: &str, seen: &Seen<String>) -> Subscription<tekup_core::Event<LeadCreated>> {
    Subscription::to::<LeadCreated>(name)
        .handler_with(seen.clone(), async |seen, event, _| seen.note(event.data.lead_id))
}

#[tokio::test(start_paused = true)]
async fn two_services_each_get_every_event_and_replicas_share_them() {
    let memory = MemoryTransport::new();
    let (crm, crm_too, sales) = (bus_on(&memory, "crm"), bus_on(&memory, "crm"), bus_on(&memory, "sales"));
    let (by_crm, by_sales) = (Seen::new(), Seen::new());
    crm.subscribe(audit("audit", &by_crm)).await.unwrap();
    crm_too.subscribe(audit("audit", &by_crm)).await.unwrap();
    sales.subscribe(audit("audit", &by_sales)).await.unwrap();
    for index in 0..100 {
        crm.publish(lead(&index.to_string()).event("acme")).await.unwrap();
    }
    for seen in [&by_crm, &by_sales] {
        let mut all: Vec<u32> = seen.next_n(100).await.iter().map(|id| id.parse().unwrap()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert!(seen.is_empty().await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_was_away_gets_what_it_missed() {
    let memory = MemoryTransport::new();
    let crm = bus_on(&memory, "crm");
    let seen = Seen::new();
    let running = crm.subscribe(audit("audit", &seen)).await.unwrap();
    running.unsubscribe().await.unwrap();
    crm.publish(lead("missed").event("acme")).await.unwrap();
    bus_on(&memory, "crm").subscribe(audit("audit", &seen)).await.unwrap();
    assert_eq!(seen.next().await, "missed");
}

#[tokio::test(start_paused = true)]
async fn a_retry_outlives_the_bus_that_failed() {
    let memory = MemoryTransport::new();
    let first = bus_on(&memory, "crm");
    let failing = Subscription::to::<LeadCreated>("scoring")
        .retry(RetryPolicy::fixed(3, Duration::from_secs(60)))
        .handler(async |_, _| tekup_core::Outcome::retry("no"));
    first.subscribe(failing).await.unwrap();
    let receipt = first.publish(lead("l-1").event("acme")).await.unwrap();
    until("retrying", async || Ok(first.status("acme", receipt.id).await?.stage == Stage::Retrying)).await;
    first.shutdown().await.unwrap();

    let second = bus_on(&memory, "crm");
    let seen: Seen<u32> = Seen::new();
    let working = Subscription::to::<LeadCreated>("scoring")
        .handler_with(seen.clone(), async |seen, _, cx| seen.note(cx.attempt()));
    second.subscribe(working).await.unwrap();
    assert_eq!(seen.next().await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_finishes_what_is_started_and_hands_back_the_rest_untouched() {
    let memory = MemoryTransport::new();
    let stopping = bus_on(&memory, "crm");
    let gate = Arc::new(Semaphore::new(0));
    let started: Seen<String> = Seen::new();
    let slow = Subscription::to::<LeadCreated>("scoring").concurrency(2).handler_with(
        (gate.clone(), started.clone()),
        async |(gate, started), event, cx| {
            started.note(event.data.lead_id.clone());
            cx.stopping().await;
            drop(gate.acquire().await);
        },
    );
    stopping.subscribe(slow).await.unwrap();
    for index in 0..10 {
        stopping.publish(lead(&index.to_string()).event("acme")).await.unwrap();
    }
    let mut finished = started.next_n(2).await;
    let shutdown = tokio::spawn({
        let stopping = stopping.clone();
        async move { stopping.shutdown().await }
    });

    // The rest reaches a replica at once, while the two are still being finished.
    let replica = bus_on(&memory, "crm");
    let seen: Seen<(String, u32)> = Seen::new();
    let working = Subscription::to::<LeadCreated>("scoring")
        .handler_with(seen.clone(), async |seen, event, cx| seen.note((event.data.lead_id, cx.attempt())));
    replica.subscribe(working).await.unwrap();
    let begun = tokio::time::Instant::now();
    let handed_over = seen.next_n(8).await;
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert!(handed_over.iter().all(|(_, attempt)| *attempt == 1));
    gate.add_permits(2);
    shutdown.await.unwrap().unwrap();
    finished.extend(handed_over.into_iter().map(|(id, _)| id));
    finished.sort();
    assert_eq!(finished, (0..10).map(|index| index.to_string()).collect::<Vec<_>>());
    let books = replica.books("crm/scoring").await.unwrap();
    assert!(books.balanced() && books.acked + books.pending == 10, "{books:?}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_ignores_the_grace_period_is_cancelled_and_its_event_comes_again() {
    let memory = MemoryTransport::new();
    let mut config = BusConfig::new("crm");
    config.shutdown_grace = Duration::from_secs(3);
    let stubborn = EventBus::new(config, memory.clone()).unwrap();
    let started: Seen<()> = Seen::new();
    let hanging = Subscription::to::<LeadCreated>("scoring").handler_with(started.clone(), async |started, _, _| {
        started.note(());
        std::future::pending::<()>().await;
    });
    stubborn.subscribe(hanging).await.unwrap();
    stubborn.publish(lead("l-1").event("acme")).await.unwrap();
    started.next().await;
    let begun = tokio::time::Instant::now();
    stubborn.shutdown().await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 3);

    let seen = Seen::new();
    bus_on(&memory, "crm").subscribe(audit("scoring", &seen)).await.unwrap();
    assert_eq!(seen.next().await, "l-1");
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_is_shut_down_refuses_further_work_and_says_so() {
    let bus = bus();
    bus.subscribe(audit("audit", &Seen::new())).await.unwrap();
    bus.shutdown().await.unwrap();
    bus.shutdown().await.unwrap();
    assert!(bus.subscriptions().is_empty());
    let published = bus.publish(lead("l-1").event("acme")).await.unwrap_err();
    let subscribed = bus.subscribe(audit("audit", &Seen::new())).await.unwrap_err();
    assert_eq!((published.kind(), subscribed.kind()), (ErrorKind::Closed, ErrorKind::Closed));
}

#[tokio::test(start_paused = true)]
async fn two_subscriptions_of_one_name_are_refused_with_what_both_take() {
    let bus = bus();
    bus.subscribe(audit("audit", &Seen::new())).await.unwrap();
    let second = Subscription::matching("audit", "invoice.*").handler(async |_: RawEvent, _| ());
    let error = bus.subscribe(second).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let message = error.to_string();
    assert!(
        message.contains("`audit`") && message.contains("lead.created") && message.contains("invoice.*"),
        "{message}"
    );
    bus.unsubscribe("audit").await.unwrap();
    bus.subscribe(audit("audit", &Seen::new())).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_mistake_of_a_subscription_is_reported_at_once() {
    let bus = bus();
    let wrong = Subscription::matching("no spaces", "Lead.*")
        .concurrency(0)
        .prefetch(0)
        .timeout(Duration::ZERO)
        .retry(RetryPolicy::exponential(0, Duration::MAX))
        .tenants(["", "acme"])
        .handler(async |_: RawEvent, _| ())
        .handler(async |_: RawEvent, _| ());
    let error = bus.subscribe(wrong).await.unwrap_err();
    assert_eq!((error.kind(), error.problems().len()), (ErrorKind::InvalidInput, 9), "{error}");
    let nothing = bus.subscribe(Subscription::to::<LeadCreated>("nothing")).await.unwrap_err();
    assert!(nothing.to_string().contains("has no handler"), "{nothing}");
    let twice = Subscription::to::<LeadCreated>("twice")
        .handler(async |_, _| ())
        .on(async |_: tekup_core::Event<LeadCreated>, _| ());
    assert!(bus.subscribe(twice).await.unwrap_err().to_string().contains("two handlers for `lead.created`"));
    let half = Subscription::to::<LeadCreated>("half").on(async |_: tekup_core::Event<common::LeadScored>, _| ());
    assert!(bus.subscribe(half).await.unwrap_err().to_string().contains("a pattern without a handler"));
    let unfiltered = Subscription::several("unfiltered")
        .filter(|_: &RawEvent| true)
        .on(async |_: tekup_core::Event<LeadCreated>, _| ());
    assert!(bus.subscribe(unfiltered).await.unwrap_err().to_string().contains("has a filter"));
    let several = bus.subscribe(Subscription::several("several")).await.unwrap_err();
    assert!(several.to_string().contains("has no handler"), "{several}");
    let unheard = bus.unsubscribe("audit").await.unwrap_err();
    assert!(unheard.kind() == ErrorKind::NotFound && unheard.to_string().contains("it runs none"), "{unheard}");
}

#[tokio::test(start_paused = true)]
async fn what_waits_longer_than_a_lease_still_belongs_to_its_process() {
    let memory = MemoryTransport::new();
    let (one, two) = (bus_on(&memory, "crm"), bus_on(&memory, "crm"));
    let seen: Seen<String> = Seen::new();
    let slow = |seen: &Seen<String>| {
        Subscription::to::<LeadCreated>("slow").concurrency(1).timeout(Duration::from_secs(100)).handler_with(
            seen.clone(),
            async |seen, event, _| {
                tokio::time::sleep(Duration::from_secs(50)).await;
                seen.note(event.data.lead_id);
            },
        )
    };
    one.subscribe(slow(&seen)).await.unwrap();
    for index in 0..6 {
        one.publish(lead(&index.to_string()).event("acme")).await.unwrap();
    }
    until("all are held", async || Ok(one.books("crm/slow").await?.pending == 6)).await;
    // A replica that has nothing to do would take over whatever is not renewed.
    two.subscribe(slow(&seen)).await.unwrap();
    let mut all = seen.next_n(6).await;
    all.sort();
    assert_eq!(all, (0..6).map(|index| index.to_string()).collect::<Vec<_>>());
    one.shutdown().await.unwrap();
    two.shutdown().await.unwrap();
    assert!(seen.is_empty().await, "an event was handled twice");
    assert_eq!(two.process_counters().handled, 0);
}

#[tokio::test(start_paused = true)]
async fn all_that_a_dead_process_held_is_taken_over_though_it_is_more_than_is_read_ahead() {
    let memory = MemoryTransport::new();
    let crm = bus_on(&memory, "crm");
    let spec = SourceSpec::new("crm/audit".parse().unwrap(), vec!["lead.created".parse().unwrap()]);
    let dead = memory.open(spec).await.unwrap();
    for index in 0..100 {
        crm.publish(lead(&index.to_string()).event("acme")).await.unwrap();
    }
    assert_eq!(dead.fetch(100).await.unwrap().len(), 100);
    let seen = Seen::new();
    crm.subscribe(audit("audit", &seen)).await.unwrap();
    assert_eq!(seen.next_n(100).await.len(), 100);
    assert!(seen.is_empty().await);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_held_than_the_prefetch_and_the_handlers_need() {
    let bus = bus();
    let gate = Arc::new(Semaphore::new(0));
    let waiting = Subscription::to::<LeadCreated>("waiting")
        .concurrency(2)
        .prefetch(7)
        .handler_with(gate.clone(), async |gate, _, _| drop(gate.acquire().await));
    bus.subscribe(waiting).await.unwrap();
    let drafts = (0..500).map(|index| lead(&index.to_string()).event("acme"));
    bus.publish_batch(drafts).await.unwrap();
    until("handlers are busy", async || Ok(bus.books("crm/waiting").await?.pending >= 7)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(bus.books("crm/waiting").await.unwrap().pending <= 7 + 2);
    gate.add_permits(500);
    until("all are handled", async || Ok(bus.books("crm/waiting").await?.acked == 500)).await;
}

#[tokio::test(start_paused = true)]
async fn a_services_handlers_are_shared_by_the_priorities_of_its_subscriptions() {
    let mut config = BusConfig::new("crm");
    config.handlers = Some(1);
    let bus = EventBus::new(config, MemoryTransport::new()).unwrap();
    let order: Seen<&'static str> = Seen::new();
    for (name, share) in [("low", tekup_core::Priority::Low), ("high", tekup_core::Priority::High)] {
        let subscription = Subscription::to::<LeadCreated>(name).priority(share).handler_with(
            order.clone(),
            async move |order, _, _| {
                tokio::task::yield_now().await;
                order.note(name);
            },
        );
        bus.subscribe(subscription).await.unwrap();
    }
    bus.publish_batch((0..100).map(|index| lead(&index.to_string()).event("acme"))).await.unwrap();
    let first = order.next_n(50).await;
    let high = first.iter().filter(|name| **name == "high").count();
    assert!((36..=44).contains(&high), "{high} of the first 50 were of the higher share");
    order.next_n(150).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_publish_while_its_bus_is_stopping() {
    let memory = MemoryTransport::new();
    let bus = bus_on(&memory, "crm");
    let started: Seen<()> = Seen::new();
    let finishing = Subscription::to::<LeadCreated>("finishing").retry(RetryPolicy::none()).handler_with(
        started.clone(),
        async |started, _, cx| {
            started.note(());
            cx.stopping().await;
            cx.publish(common::LeadScored { score: 1.0 }).await?;
            Ok(())
        },
    );
    bus.subscribe(finishing).await.unwrap();
    bus.publish(lead("l-1").event("acme")).await.unwrap();
    started.next().await;
    bus.shutdown().await.unwrap();
    let counters = bus.process_counters();
    assert_eq!((counters.handled, counters.published, counters.failed), (1, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn everyone_who_shuts_down_waits_for_the_same_end_and_a_dropped_stop_goes_on() {
    let bus = bus();
    let (started, ended): (Seen<()>, Seen<()>) = (Seen::new(), Seen::new());
    let slow = || {
        Subscription::to::<LeadCreated>("slow").handler_with(
            (started.clone(), ended.clone()),
            async |(started, ended), _, _| {
                started.note(());
                tokio::time::sleep(Duration::from_secs(5)).await;
                ended.note(());
            },
        )
    };
    bus.subscribe(slow()).await.unwrap();
    bus.publish(lead("l-1").event("acme")).await.unwrap();
    started.next().await;
    assert!(tokio::time::timeout(Duration::from_secs(1), bus.unsubscribe("slow")).await.is_err());
    ended.next().await;

    bus.subscribe(slow()).await.unwrap();
    bus.publish(lead("l-2").event("acme")).await.unwrap();
    started.next().await;
    let (first, second) = tokio::join!(bus.shutdown(), bus.shutdown());
    first.and(second).unwrap();
    assert!(!ended.is_empty().await, "a shutdown returned before the handler had ended");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_while_it_is_cancelled_costs_no_seat() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "dropped too early");
        }
    }
    let bus = bus();
    let seen: Seen<String> = Seen::new();
    let fragile = Subscription::to::<LeadCreated>("fragile")
        .concurrency(1)
        .timeout(Duration::from_secs(1))
        .retry(RetryPolicy::none())
        .handler_with(seen.clone(), async |seen, event, _| {
            if event.data.lead_id == "bad" {
                let _bomb = Bomb;
                std::future::pending::<()>().await;
            }
            seen.note(event.data.lead_id);
        });
    bus.subscribe(fragile).await.unwrap();
    bus.publish(lead("bad").event("acme")).await.unwrap();
    bus.publish(lead("good").event("acme")).await.unwrap();
    assert_eq!(seen.next().await, "good");
    assert!(common::only_letter(&bus, "crm/fragile").await.error.contains("dropped too early"));
}

#[tokio::test(start_paused = true)]
async fn what_a_subscription_goes_by_is_told_with_its_registration() {
    let mut config = BusConfig::new("crm");
    (config.concurrency, config.crash_limit, config.retry_limit) = (7, 3, 500);
    (config.dead_letter_cap, config.lease) = (1_000, Duration::from_secs(10));
    config.dead_letter_ttl = Duration::from_secs(3_600);
    let bus = EventBus::new(config, MemoryTransport::new()).unwrap();
    bus.subscribe(Subscription::matching("plain", "lead.*").handler(async |_: RawEvent, _| ())).await.unwrap();
    let retry = RetryPolicy::fixed(4, Duration::from_secs(10));
    let special = Subscription::matching("special", "lead.*")
        .retry(retry.clone())
        .timeout(Duration::from_secs(5))
        .concurrency(2)
        .start_at(StartAt::Beginning)
        .batch_handler(50, async |_: Vec<RawEvent>, _| ());
    bus.subscribe(special).await.unwrap();

    let plain = bus.registration("crm/plain").await.unwrap().policy.unwrap();
    let mut expected = Policy::default();
    (expected.concurrency, expected.crash_limit, expected.retry_limit) = (7, 3, 500);
    (expected.dead_letter_cap, expected.lease) = (1_000, Duration::from_secs(10));
    expected.dead_letter_ttl = Duration::from_secs(3_600);
    assert_eq!(plain, expected);
    (expected.retry, expected.timeout, expected.concurrency) = (retry, Duration::from_secs(5), 2);
    (expected.batch, expected.start_at) = (Some(50), StartAt::Beginning);
    assert_eq!(bus.registration("crm/special").await.unwrap().policy, Some(expected));
    bus.shutdown().await.unwrap();
}
