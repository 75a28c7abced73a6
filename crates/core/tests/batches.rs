//! Handlers of many events at once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::time::Duration;

use common::{LeadCreated, LeadScored, Seen, bus, lead, only_letter, until};
use tekup_core::{
    BatchContext, BatchOutcome, BusConfig, ErrorKind, Event, EventBus, HandlerError, HandlerResult, Outcome, RawEvent,
    RetryPolicy, Subscription, TekupEvent,
    memory::MemoryTransport,
    transport::{DeadReason, Outgoing, Stage},
};
use tokio::time::Instant;

fn to(name: &str) -> Subscription<Event<LeadCreated>> {
    Subscription::to::<LeadCreated>(name).concurrency(1)
}

fn again() -> RetryPolicy {
    RetryPolicy::fixed(3, Duration::from_secs(1)).without_jitter()
}

async fn publish(bus: &EventBus, leads: impl IntoIterator<Item = &str>) {
    for receipt in bus.publish_batch(leads.into_iter().map(|id| lead(id).event("acme"))).await.unwrap() {
        receipt.unwrap();
    }
}

fn ids(leads: &[Event<LeadCreated>]) -> Vec<String> {
    leads.iter().map(|lead| lead.data.lead_id.clone()).collect()
}

async fn handled(bus: &EventBus, count: u64) {
    until("they are handled", async || Ok(bus.process_counters().handled == count)).await;
}

#[tokio::test(start_paused = true)]
async fn every_form_of_batch_handler_gets_the_events() {
    async fn named(leads: Vec<Event<LeadCreated>>, _: BatchContext) -> HandlerResult<Vec<Outcome>> {
        Ok(leads.iter().map(|_| Outcome::Done).collect())
    }
    let bus = bus();
    let subscriptions = vec![
        to("unit").batch_handler(10, async |_, _| ()),
        to("outcome").batch_handler(10, async |_, _| Outcome::Done),
        to("result").batch_handler(10, async |leads, cx| {
            for lead in &leads {
                lead.data.lead_id.parse::<u32>()?;
            }
            assert_eq!((leads.len(), cx.attempts_allowed()), (1, 3));
            Ok(())
        }),
        to("each").batch_handler(10, async |leads, _| leads.iter().map(|_| Outcome::Done).collect::<Vec<_>>()),
        to("result-of-each").batch_handler(10, async |leads, _| {
            leads[0].data.lead_id.parse::<u32>()?;
            Ok(leads.iter().map(|_| Outcome::Done).collect::<Vec<_>>())
        }),
        to("either").batch_handler(10, async |_, _| BatchOutcome::All(Outcome::Done)),
        to("state")
            .batch_handler_with(10, Seen::new(), async |seen, leads, _| leads.iter().for_each(|_| seen.note(()))),
        to("function").batch_handler(10, named),
        to("beside-the-others").handler(async |_, _| ()),
    ];
    for subscription in subscriptions {
        bus.subscribe(subscription).await.unwrap();
    }
    let raw = Subscription::matching("raw", "lead.*").batch_handler(10, async |leads: Vec<RawEvent>, _| drop(leads));
    bus.subscribe(raw).await.unwrap();
    publish(&bus, ["7"]).await;
    handled(&bus, 10).await;
    bus.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_batch_takes_what_waits_but_not_more_than_it_asked_for() {
    let (bus, seen) = (bus(), Seen::new());
    let scoring = to("scoring").batch_handler_with(2, seen.clone(), async |seen, leads, _| seen.note(ids(&leads)));
    bus.subscribe(scoring).await.unwrap();
    publish(&bus, ["1", "2", "3", "4", "5"]).await;
    assert_eq!(seen.next_n(3).await, [vec!["1", "2"], vec!["3", "4"], vec!["5"]]);
    handled(&bus, 5).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_wait_an_event_alone_is_handled_at_once_and_with_one_it_waits_for_company() {
    let (bus, seen) = (bus(), Seen::new());
    let noting = |name| {
        to(name).batch_handler_with(3, (name, seen.clone()), async |(name, seen), leads, _| {
            seen.note((name, ids(&leads), Instant::now()));
        })
    };
    bus.subscribe(noting("hasty")).await.unwrap();
    bus.subscribe(noting("patient").wait(Duration::from_secs(10))).await.unwrap();
    let start = Instant::now();
    publish(&bus, ["1"]).await;
    assert_eq!(seen.next().await, ("hasty", vec!["1".into()], start));
    tokio::time::sleep(Duration::from_secs(4)).await;
    publish(&bus, ["2"]).await;
    assert_eq!(seen.next().await.0, "hasty");
    let (name, leads, at) = seen.next().await;
    assert_eq!((name, leads), ("patient", vec!["1".into(), "2".into()]));
    let waited = at - start;
    assert!(waited >= Duration::from_secs(10) && waited < Duration::from_secs(11), "{waited:?}");
    let full = Instant::now();
    publish(&bus, ["3", "4", "5"]).await;
    assert_eq!(
        seen.next_n(2).await.into_iter().map(|(_, leads, at)| (leads.len(), at)).collect::<Vec<_>>(),
        [(3, full), (3, full)]
    );
}

#[tokio::test(start_paused = true)]
async fn each_event_of_a_batch_has_its_own_outcome_and_attempts() {
    let (bus, seen) = (bus(), Seen::new());
    let scoring = to("scoring").retry(again()).batch_handler_with(10, seen.clone(), async |seen, leads, cx| {
        let mut outcomes = Vec::new();
        for lead in &leads {
            let attempt = cx.for_event(lead).attempt();
            seen.note((lead.data.lead_id.clone(), attempt, cx.for_event(lead).first_failure().is_some()));
            outcomes.push(match (lead.data.lead_id.as_str(), attempt) {
                ("bad", _) => Outcome::dead_letter("no such lead"),
                ("slow", 1) => Outcome::retry("the model is loading"),
                _ => Outcome::Done,
            });
        }
        outcomes
    });
    bus.subscribe(scoring).await.unwrap();
    publish(&bus, ["good", "slow", "bad"]).await;
    let first = [("good".into(), 1, false), ("slow".into(), 1, false), ("bad".into(), 1, false)];
    assert_eq!(seen.next_n(3).await, first);
    assert_eq!(seen.next().await, ("slow".into(), 2, true));
    handled(&bus, 2).await;
    let letter = only_letter(&bus, "crm/scoring").await;
    assert_eq!((letter.reason, letter.attempts, letter.error.as_str()), (DeadReason::Rejected, 1, "no such lead"));
    assert!(seen.is_empty().await);
}

#[tokio::test(start_paused = true)]
async fn an_error_a_panic_and_a_timeout_fail_the_attempt_of_all() {
    for (how, expected) in [
        ("error", "the ledger is closed"),
        ("panic", "handler panicked: out of paper"),
        ("timeout", "handler took longer than 5s"),
        ("words", "handler panicked: no words"),
    ] {
        let (bus, seen) = (bus(), Seen::new());
        let scoring = to("scoring").retry(RetryPolicy::fixed(2, Duration::from_secs(1)).without_jitter());
        let scoring = scoring.timeout(Duration::from_secs(5)).batch_handler_with(
            10,
            (how, seen.clone()),
            async |(how, seen), leads, _| {
                seen.note(leads.len());
                fail(how).await
            },
        );
        bus.subscribe(scoring).await.unwrap();
        publish(&bus, ["1", "2", "3"]).await;
        assert_eq!(seen.next_n(2).await, [3, 3], "{how}");
        let dead = bus.dead_letters("crm/scoring").unwrap();
        until("all are dead", async || Ok(dead.count().await? == 3)).await;
        for letter in dead.list(None, 10).await.unwrap().letters {
            assert_eq!((letter.attempts, letter.error.as_str()), (2, expected));
        }
        let counters = bus.process_counters();
        assert_eq!((counters.failed, counters.retried, counters.dead_lettered), (6, 3, 3), "{how}");
    }
}

async fn fail(how: &str) -> HandlerResult {
    #[derive(Debug)]
    struct Wordless;

    impl std::fmt::Display for Wordless {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("no words")
        }
    }

    impl std::error::Error for Wordless {}

    match how {
        "error" => Err("the ledger is closed".into()),
        "panic" => panic!("out of paper"),
        "words" => Err(HandlerError::from(Wordless)),
        _ => std::future::pending().await,
    }
}

#[tokio::test(start_paused = true)]
async fn another_number_of_outcomes_than_events_fails_all_and_says_so() {
    let bus = bus();
    let scoring = to("scoring").retry(RetryPolicy::none());
    bus.subscribe(scoring.batch_handler(10, async |_, _| vec![Outcome::Done, Outcome::Done])).await.unwrap();
    publish(&bus, ["1"]).await;
    let letter = only_letter(&bus, "crm/scoring").await;
    assert!(letter.error.contains("returned 2 outcomes for 1 events: return one for each"), "{}", letter.error);
    assert_eq!((letter.reason, bus.process_counters().handled), (DeadReason::AttemptsExhausted, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_wanted_or_can_not_be_read_never_reaches_a_batch() {
    let (bus, seen) = (bus(), Seen::new());
    let scoring = to("scoring")
        .retry(RetryPolicy::none())
        .tenants(["acme"])
        .filter(|lead| {
            assert_ne!(lead.data.lead_id, "panics");
            lead.data.lead_id != "unwanted"
        })
        .batch_handler_with(10, seen.clone(), async |seen, leads, _| seen.note(ids(&leads)));
    bus.subscribe(scoring).await.unwrap();
    let garbage = Outgoing::unchecked("acme".parse().unwrap(), "lead.created".parse().unwrap(), "<lead/>");
    let batch = ["1", "unwanted", "panics", "2"].map(|id| lead(id).event("acme"));
    bus.publish_batch(batch).await.unwrap();
    bus.publish(garbage.clone()).await.unwrap();
    bus.publish(lead("another's").event("globex")).await.unwrap();
    handled(&bus, 2).await;
    let dead = bus.dead_letters("crm/scoring").unwrap();
    until("two are dead", async || Ok(dead.count().await? == 2)).await;
    let letters = dead.list(None, 10).await.unwrap().letters;
    assert!(letters.iter().any(|letter| (letter.id, letter.reason) == (garbage.id, DeadReason::Undecodable)));
    assert!(letters.iter().any(|letter| letter.error.starts_with("handler panicked")));
    until("both are filtered", async || Ok(bus.process_counters().filtered == 2)).await;
    bus.shutdown().await.unwrap();
    assert_eq!(seen.next().await, ["1", "2"]);
    assert!(seen.is_empty().await);
}

#[tokio::test(start_paused = true)]
async fn what_an_event_of_a_batch_causes_is_of_its_tenant() {
    let (bus, seen) = (bus(), Seen::new());
    let scoring = to("scoring").batch_handler(10, async |leads, cx| {
        for lead in &leads {
            cx.for_event(lead).publish(LeadScored { score: lead.data.score }).await?;
        }
        Ok(())
    });
    bus.subscribe(scoring).await.unwrap();
    let effects = Subscription::to::<LeadScored>("effects").concurrency(1);
    let noting = effects.handler_with(seen.clone(), async |seen, event, cx| {
        seen.note((event.envelope.tenant.to_string(), cx.cause(), cx.correlation_id()));
    });
    bus.subscribe(noting).await.unwrap();
    let causes = ["acme", "globex"].map(|tenant| lead("1").event(tenant).correlation(format!("import of {tenant}")));
    let causes = bus.publish_batch(causes).await.unwrap().into_iter().map(|receipt| receipt.unwrap().id);
    for (cause, tenant) in causes.zip(["acme", "globex"]) {
        assert_eq!(seen.next().await, (tenant.into(), Some(cause), format!("import of {tenant}")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_finishes_the_batch_that_is_started_and_hands_back_what_waits_for_company() {
    let memory = MemoryTransport::new();
    let stopping = EventBus::new(BusConfig::new("crm"), memory.clone()).unwrap();
    let staying = EventBus::new(BusConfig::new("crm"), memory).unwrap();
    let seen = Seen::new();
    let scoring = |name| {
        to("scoring").batch_handler_with(2, (name, seen.clone()), async |(name, seen), leads, cx: BatchContext| {
            seen.note((name, leads.len(), cx.for_event(&leads[0]).attempt()));
            if name == "stopping" {
                cx.stopping().await;
            }
        })
    };
    stopping.subscribe(scoring("stopping").wait(Duration::from_secs(60))).await.unwrap();
    publish(&stopping, ["1", "2", "3"]).await;
    assert_eq!(seen.next().await, ("stopping", 2, 1));
    until("all are held", async || Ok(stopping.books("crm/scoring").await?.pending == 3)).await;
    staying.subscribe(scoring("staying")).await.unwrap();
    let left = Instant::now();
    stopping.shutdown().await.unwrap();
    assert!(left.elapsed() < Duration::from_secs(1));
    assert_eq!(seen.next().await, ("staying", 1, 1));
    handled(&staying, 1).await;
    assert_eq!(stopping.process_counters().handled, 2);
    staying.shutdown().await.unwrap();
    assert!(staying.books("crm/scoring").await.unwrap().balanced());
}

#[tokio::test(start_paused = true)]
async fn a_batch_may_be_larger_than_the_prefetch_of_its_bus() {
    let mut config = BusConfig::new("crm");
    config.prefetch = 10;
    let bus = EventBus::new(config, MemoryTransport::new()).unwrap();
    let seen = Seen::new();
    let scoring = to("scoring").wait(Duration::from_secs(60));
    let scoring = scoring.batch_handler_with(100, seen.clone(), async |seen, leads, _| seen.note(leads.len()));
    bus.subscribe(scoring).await.unwrap();
    let leads: Vec<_> = (0..150).map(|id| id.to_string()).collect();
    for some in leads.chunks(3) {
        publish(&bus, some.iter().map(String::as_str)).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(seen.next_n(2).await, [100, 50]);
}

#[tokio::test(start_paused = true)]
async fn mistakes_of_a_batch_are_reported_all_at_once() {
    let bus = bus();
    let refused = async |subscription| {
        let error = bus.subscribe(subscription).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        error.problems().join("; ")
    };
    let nothing = async |_: Vec<Event<LeadCreated>>, _: BatchContext| ();
    for most in [0, 1_001, 10_001] {
        let said = refused(to("scoring").batch_handler(most, nothing)).await;
        assert_eq!(said, format!("subscription `scoring`: batch has at most {most} events: use 1 to 1,000"));
    }
    let said = refused(to("scoring").prefetch(5).wait(Duration::from_secs(61)).batch_handler(6, nothing)).await;
    assert!(said.contains("`scoring`: wait is 61s: use at most 60s"), "{said}");
    assert!(said.contains("`scoring`: prefetch is 5, but a batch has up to 6 events"), "{said}");
    let said = refused(to("scoring").wait(Duration::from_secs(1)).handler(async |_, _| ())).await;
    assert!(said.contains("wait is 1s, which is for `.batch_handler(..)` alone"), "{said}");
    let two = to("scoring").batch_handler(6, nothing).handler(async |_, _| ());
    assert!(refused(two).await.contains("keep one"));
    let two = to("scoring").batch_handler(6, nothing).on(async |_: Event<LeadScored>, _| ());
    assert!(refused(two).await.contains("keep one"));
    let two = to("scoring").batch_handler(6, nothing).batch_handler(6, nothing);
    assert!(refused(two).await.contains("two batch handlers"));
}

#[tokio::test(start_paused = true)]
async fn the_status_of_each_event_of_a_batch_is_its_own() {
    let bus = bus();
    let scoring = to("scoring").retry(again()).batch_handler(10, async |leads, _| {
        let outcome = |lead: &Event<LeadCreated>| match lead.data.lead_id.as_str() {
            "slow" => Outcome::retry_after(Duration::from_secs(3_600), "busy"),
            _ => Outcome::Done,
        };
        leads.iter().map(outcome).collect::<Vec<_>>()
    });
    bus.subscribe(scoring).await.unwrap();
    let receipts = bus.publish_batch(["good", "slow"].map(|id| lead(id).event("acme"))).await.unwrap();
    handled(&bus, 1).await;
    for (receipt, stage) in receipts.into_iter().zip([Stage::Completed, Stage::Retrying]) {
        assert_eq!(bus.status("acme", receipt.unwrap().id).await.unwrap().stage, stage);
    }
}
