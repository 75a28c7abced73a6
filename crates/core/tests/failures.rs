//! What goes wrong in a handler, or before it, and what becomes of the event.

mod common;

use std::time::Duration;

use common::{LeadCreated, Seen, bus, lead, only_letter, until};
use tekup_core::{
    Outcome, RawEvent, RetryPolicy, Subscription, TekupEvent,
    transport::{DeadReason, Outgoing, Stage},
};

#[tokio::test(start_paused = true)]
async fn a_failing_event_is_retried_after_each_delay_and_then_dead_lettered() {
    let bus = bus();
    let seen: Seen<(u32, u64)> = Seen::new();
    let started = tokio::time::Instant::now();
    let policy = RetryPolicy::exponential(3, Duration::from_secs(2)).without_jitter();
    let failing = Subscription::to::<LeadCreated>("failing").retry(policy).handler_with(
        (seen.clone(), started),
        async |(seen, started), _, cx| {
            seen.note((cx.attempt(), started.elapsed().as_secs()));
            assert_eq!(cx.first_failure().is_some(), cx.attempt() > 1);
            assert_eq!(cx.attempts_allowed(), 3);
            Outcome::retry("no")
        },
    );
    bus.subscribe(failing).await.unwrap();
    let receipt = bus.publish(lead("l-1").event("acme")).await.unwrap();
    assert_eq!(seen.next_n(3).await, [(1, 0), (2, 2), (3, 6)]);

    let letter = only_letter(&bus, "crm/failing").await;
    assert_eq!((letter.id, letter.attempts, letter.reason), (receipt.id, 3, DeadReason::AttemptsExhausted));
    assert_eq!(letter.event().unwrap().decode::<LeadCreated>().unwrap().data, lead("l-1"));
    assert_eq!(bus.status("acme", receipt.id).await.unwrap().stage, Stage::Failed);
    assert!(bus.books("crm/failing").await.unwrap().balanced());
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failed_attempt_and_harms_nobody_else() {
    let bus = bus();
    let seen: Seen<String> = Seen::new();
    let fragile = Subscription::to::<LeadCreated>("fragile").concurrency(1).retry(RetryPolicy::none()).handler_with(
        seen.clone(),
        async |seen, event, _| {
            assert_ne!(event.data.lead_id, "bad", "can't score it");
            seen.note(event.data.lead_id);
        },
    );
    bus.subscribe(fragile).await.unwrap();
    bus.publish(lead("bad").event("acme")).await.unwrap();
    bus.publish(lead("good").event("acme")).await.unwrap();
    assert_eq!(seen.next().await, "good");
    let letter = only_letter(&bus, "crm/fragile").await;
    assert!(
        letter.error.starts_with("handler panicked: ") && letter.error.contains("can't score it"),
        "{}",
        letter.error
    );
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_panics_is_a_failed_attempt() {
    let bus = bus();
    let fragile = Subscription::to::<LeadCreated>("fragile")
        .retry(RetryPolicy::none())
        .filter(|event| event.data.lead_id.parse::<u32>().unwrap() > 0)
        .handler(async |_, _| ());
    bus.subscribe(fragile).await.unwrap();
    bus.publish(lead("l-1").event("acme")).await.unwrap();
    assert!(only_letter(&bus, "crm/fragile").await.error.contains("InvalidDigit"));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_too_long_is_cancelled_and_the_attempt_has_failed() {
    struct Cancelled(Seen<&'static str>);
    impl Drop for Cancelled {
        fn drop(&mut self) {
            self.0.note("cancelled");
        }
    }
    let bus = bus();
    let seen: Seen<&str> = Seen::new();
    let slow = Subscription::to::<LeadCreated>("slow")
        .timeout(Duration::from_secs(5))
        .retry(RetryPolicy::fixed(2, Duration::ZERO))
        .handler_with(seen.clone(), async |seen, _, cx| {
            if cx.attempt() == 1 {
                let _guard = Cancelled(seen);
                std::future::pending::<()>().await;
            } else {
                seen.note("second attempt");
            }
        });
    bus.subscribe(slow).await.unwrap();
    let started = tokio::time::Instant::now();
    bus.publish(lead("l-1").event("acme")).await.unwrap();
    assert_eq!(seen.next_n(2).await, ["cancelled", "second attempt"]);
    assert_eq!(started.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn a_result_that_comes_after_the_timeout_is_ignored() {
    let bus = bus();
    let seen: Seen<u32> = Seen::new();
    // It blocks its thread, so nothing can cancel it: it comes back, but too late.
    let blocking = Subscription::to::<LeadCreated>("blocking")
        .timeout(Duration::from_millis(500))
        .retry(RetryPolicy::fixed(2, Duration::ZERO))
        .handler_with(seen.clone(), async |seen, _, cx| {
            if cx.attempt() == 1 {
                std::thread::sleep(Duration::from_millis(700));
            }
            seen.note(cx.attempt());
        });
    bus.subscribe(blocking).await.unwrap();
    bus.publish(lead("l-1").event("acme")).await.unwrap();
    assert_eq!(seen.next_n(2).await, [1, 2]);
    bus.shutdown().await.unwrap();
    let counters = bus.process_counters();
    assert_eq!((counters.handled, counters.failed, counters.retried), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_decoded_is_dead_at_its_first_attempt_with_its_bytes_and_stops_nobody() {
    let bus = bus();
    let seen: Seen<String> = Seen::new();
    let typed = Subscription::to::<LeadCreated>("typed")
        .handler_with(seen.clone(), async |seen, event, _| seen.note(event.data.lead_id));
    bus.subscribe(typed).await.unwrap();
    let good = lead("good").event("acme").build().unwrap();
    let envelope = |data: &str| {
        let id = tekup_core::EventId::generate();
        let json = format!(
            r#"{{"id":"{id}","type":"lead.created","tenantId":"acme","timestamp":"2025-09-14T10:15:30Z","data":{data}}}"#
        );
        let mut outgoing = Outgoing::unchecked("acme".parse().unwrap(), "lead.created".parse().unwrap(), json);
        outgoing.id = id;
        outgoing
    };
    let deep = format!(r#"{{"leadId":"x","score":1,"more":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let foreign = String::from_utf8(good.to_json().unwrap()).unwrap().replace("acme", "other");
    let unchecked =
        |bytes: Vec<u8>| Outgoing::unchecked("acme".parse().unwrap(), "lead.created".parse().unwrap(), bytes);
    let mut stolen = unchecked(foreign.into());
    stolen.id = good.envelope.id;
    let table: Vec<(Outgoing, &str)> = vec![
        (unchecked(b"not json".to_vec()), "event can't be decoded"),
        (unchecked(vec![0xff, 0x00, 0xfe]), "event can't be decoded"),
        (unchecked(b"{}".to_vec()), "missing field"),
        (envelope(r#"{"leadId":"x","score":"high"}"#), "`data.score`"),
        (envelope(r#"{"leadId":"x","score":1e999}"#), "number out of range"),
        (envelope(r#"{"leadId":"x"}"#), "missing field `score`"),
        (envelope(&deep), "more than 64 levels deep"),
        (stolen, "of acme, but its envelope says"),
        (unchecked(good.to_json().unwrap()), "but its envelope says event"),
    ];
    let count = table.len() as u64;
    for (outgoing, _) in &table {
        bus.publish(outgoing.clone()).await.unwrap();
    }
    bus.publish(&good).await.unwrap_or_else(|error| panic!("{error}"));
    bus.publish(lead("after").event("acme")).await.unwrap();
    while seen.next().await != "after" {}
    let dead = bus.dead_letters("crm/typed").unwrap();
    until("all are dead", async || Ok(dead.count().await? == count)).await;
    for (outgoing, error) in table {
        let letter = dead.show("acme", outgoing.id).await.unwrap().unwrap();
        assert_eq!((letter.reason, letter.attempts), (DeadReason::Undecodable, 1));
        assert!(letter.error.contains(error), "{error} in {}", letter.error);
        assert_eq!(letter.bytes, outgoing.bytes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_type_without_a_handler_is_dead_lettered_as_unhandled() {
    let bus = bus();
    let wide = Subscription::to::<LeadCreated>("wide")
        .handler(async |_, _| ())
        .on(async |_: tekup_core::Event<common::LeadScored>, _| ());
    bus.subscribe(wide).await.unwrap();
    // Stored in the lane of a type that is taken, but it says that it is another.
    let event = RawEvent::parse(lead("l-1").event("acme").build().unwrap().to_json().unwrap()).unwrap();
    let json = String::from_utf8(event.bytes().to_vec()).unwrap().replace("lead.created", "lead.lost");
    let mut outgoing = Outgoing::unchecked("acme".parse().unwrap(), "lead.created".parse().unwrap(), json);
    outgoing.id = event.envelope().id;
    bus.publish(outgoing).await.unwrap();
    let letter = only_letter(&bus, "crm/wide").await;
    assert_eq!(letter.reason, DeadReason::Unhandled);
    assert!(letter.error.contains("`lead.lost`"), "{}", letter.error);
}

#[tokio::test(start_paused = true)]
async fn a_replayed_event_is_handled_with_its_bytes_and_attempts_from_the_beginning() {
    let bus = bus();
    let mended = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen: Seen<(String, u32)> = Seen::new();
    let state = (mended.clone(), seen.clone());
    let scoring = Subscription::to::<LeadCreated>("scoring").retry(RetryPolicy::fixed(2, Duration::ZERO)).handler_with(
        state,
        async |(mended, seen), event, cx| {
            if !mended.load(std::sync::atomic::Ordering::SeqCst) {
                return Outcome::retry("no table");
            }
            seen.note((event.data.lead_id, cx.attempt()));
            Outcome::Done
        },
    );
    let audit: Seen<String> = Seen::new();
    let other = Subscription::to::<LeadCreated>("audit")
        .handler_with(audit.clone(), async |audit, event, _| audit.note(event.data.lead_id));
    bus.subscribe(scoring).await.unwrap();
    bus.subscribe(other).await.unwrap();
    let receipt = bus.publish(lead("l-1").event("acme")).await.unwrap();
    assert_eq!(audit.next().await, "l-1");
    only_letter(&bus, "crm/scoring").await;

    mended.store(true, std::sync::atomic::Ordering::SeqCst);
    let dead = bus.dead_letters("crm/scoring").unwrap();
    assert!(dead.replay("acme", receipt.id).await.unwrap());
    assert!(!dead.replay("acme", receipt.id).await.unwrap(), "it is not there any more");
    assert_eq!(seen.next().await, ("l-1".into(), 1));
    until("completed", async || Ok(bus.status("acme", receipt.id).await?.stage == Stage::Completed)).await;
    assert!(audit.is_empty().await, "a replay goes to its own subscription only");
}

#[tokio::test(start_paused = true)]
async fn what_dies_again_is_not_replayed_twice_by_one_call() {
    let bus = bus();
    let never = Subscription::to::<LeadCreated>("never").handler(async |_, _| Outcome::dead_letter("never"));
    bus.subscribe(never).await.unwrap();
    for index in 0..250 {
        bus.publish(lead(&index.to_string()).event("acme")).await.unwrap();
    }
    let dead = bus.dead_letters("crm/never").unwrap();
    until("all are dead", async || Ok(dead.count().await? == 250)).await;
    assert_eq!(dead.replay_all().await.unwrap(), 250);
    until("all are dead again", async || Ok(dead.count().await? == 250)).await;
    assert!(bus.books("crm/never").await.unwrap().balanced());
}

#[tokio::test(start_paused = true)]
async fn an_idempotency_window_out_of_range_is_refused() {
    let bus = bus();
    for window in [Duration::ZERO, Duration::from_secs(31 * 86_400)] {
        let guarded = Subscription::to::<LeadCreated>("guarded").idempotent(window).handler(async |_, _| ());
        let said = bus.subscribe(guarded).await.unwrap_err().to_string();
        assert!(said.contains("idempotency window is") && said.contains("use 1 s to 30 days"), "{said}");
    }
}
