//! The test bus moves time, waits for nothing and explains what is missing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tekup_core::{
    Broadcast, Context, ErrorKind, Event, HandlerError, Outcome, RateLimit, RawEvent, RetryPolicy, Subscription,
    TekupEvent, transport::DeadReason,
};
use tekup_testkit::{TestBus, run_handler};
use tokio::time::Instant;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
#[serde(rename_all = "camelCase")]
struct LeadCreated {
    lead_id: String,
    score: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct LeadScored {
    score: f64,
}

fn lead(score: f64) -> LeadCreated {
    LeadCreated { lead_id: "l-1".into(), score }
}

fn message(assertion: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).expect_err("the assertion must fail");
    panic.downcast_ref::<String>().cloned().expect("a message")
}

#[tokio::test]
async fn until_idle_does_not_wait_for_what_a_pause_or_a_rate_limit_holds_back() {
    let bus = TestBus::new("crm").unwrap();
    let calls = Arc::new(AtomicU32::new(0));
    let scoring = Subscription::to::<LeadCreated>("scoring").rate_limit(RateLimit::per_second(20));
    let scoring =
        scoring.handler_with(Arc::clone(&calls), async |calls, _, _| _ = calls.fetch_add(1, Ordering::SeqCst));
    bus.subscribe(scoring).await.unwrap();
    bus.pause("crm/scoring").await.unwrap();
    for score in [10.0, 20.0, 30.0] {
        bus.publish(lead(score).event("acme")).await.unwrap();
    }
    bus.until_idle().await;
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    bus.resume("crm/scoring").await.unwrap();
    bus.until_idle().await;
    assert_eq!(calls.load(Ordering::SeqCst), 2, "the burst");
    bus.advance(Duration::from_millis(50)).await;
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn until_idle_waits_for_handlers_and_for_what_they_publish() {
    let bus = TestBus::new("crm").unwrap();
    bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |event, cx| {
        cx.publish(LeadScored { score: event.data.score * 2.0 }).await?;
        Ok(())
    }))
    .await
    .unwrap();
    bus.subscribe(Subscription::to::<LeadScored>("mail").handler(async |_, _| ())).await.unwrap();
    bus.publish(lead(40.0).event("acme")).await.unwrap();
    let before = Instant::now();
    bus.until_idle().await;
    assert_eq!(before.elapsed(), Duration::ZERO, "no time passes");
    let scored = bus.assert_published(&LeadScored { score: 80.0 });
    assert_eq!(scored.envelope.tenant.as_str(), "acme");
    bus.assert_handled("crm/mail", &LeadScored { score: 80.0 });
    assert_eq!(bus.published::<LeadScored>().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_paused_already_is_no_problem() {
    let bus = TestBus::new("crm").unwrap();
    bus.until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_whose_clock_cannot_be_paused_is_refused() {
    let error = TestBus::new("crm").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.to_string().contains("#[tokio::test]"), "{error}");
}

#[tokio::test]
async fn retries_fall_due_one_after_the_other_while_time_advances() {
    let bus = TestBus::new("crm").unwrap();
    let began = Instant::now();
    let (sent, mut attempts) = tokio::sync::mpsc::unbounded_channel();
    let scoring = Subscription::to::<LeadCreated>("scoring").retry(RetryPolicy::fixed(4, Duration::from_secs(60)));
    bus.subscribe(scoring.handler_with(sent, async move |sent, _, cx| {
        sent.send(Instant::now()).unwrap();
        if cx.attempt() < 4 { Err(HandlerError::from("busy")) } else { Ok(()) }
    }))
    .await
    .unwrap();
    bus.publish(lead(1.0).event("acme")).await.unwrap();
    bus.until_idle().await;
    assert_eq!(attempts.len(), 1, "what is due later is not waited for");
    bus.advance(Duration::from_secs(200)).await;
    for minutes in 0..4 {
        let after = attempts.try_recv().unwrap() - began;
        let due = Duration::from_secs(60 * minutes);
        assert!(after >= due && after < due + Duration::from_secs(1), "attempt {} came after {after:?}", minutes + 1);
    }
    let retried = bus.assert_retried("scoring", &lead(1.0));
    assert_eq!((retried.failures, retried.error.as_str()), (3, "busy"));
    bus.assert_handled("scoring", &lead(1.0));
    bus.assert_no_dead_letters();
}

#[tokio::test]
async fn a_handler_that_waits_for_time_is_named_and_advance_is_proposed() {
    let bus = TestBus::new("crm").unwrap();
    let scoring = Subscription::to::<LeadCreated>("scoring");
    bus.subscribe(scoring.handler(async |_, _| tokio::time::sleep(Duration::from_secs(5)).await)).await.unwrap();
    let id = bus.publish(lead(1.0).event("acme")).await.unwrap().id;
    let bus = Arc::new(bus);
    let waiting = Arc::clone(&bus);
    let panic = tokio::spawn(async move { waiting.until_idle().await }).await.unwrap_err().into_panic();
    let message = panic.downcast_ref::<String>().unwrap();
    for part in ["test_bus.rs", "lead.created", &id.to_string(), "crm/scoring", "call `advance`"] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    bus.advance(Duration::from_secs(5)).await;
    bus.until_idle().await;
    bus.assert_handled("scoring", &lead(1.0));
}

#[tokio::test]
async fn advance_returns_although_a_handler_waits_for_more_time() {
    let bus = TestBus::new("crm").unwrap();
    let scoring = Subscription::to::<LeadCreated>("scoring");
    bus.subscribe(scoring.handler(async |_, _| tokio::time::sleep(Duration::from_secs(5)).await)).await.unwrap();
    bus.publish(lead(1.0).event("acme")).await.unwrap();
    bus.advance(Duration::from_secs(4)).await;
    message(|| bus.assert_handled("scoring", &lead(1.0)));
    bus.advance(Duration::from_secs(2)).await;
    bus.assert_handled("scoring", &lead(1.0));
}

#[tokio::test]
async fn a_missing_event_is_shown_beside_the_nearest_one() {
    let bus = TestBus::new("crm").unwrap();
    for score in [1.0, 74.0] {
        bus.publish(LeadCreated { lead_id: format!("l-{score}"), score }.event("acme")).await.unwrap();
    }
    let text = message(|| drop(bus.assert_published(&LeadCreated { lead_id: "l-74".into(), score: 75.0 })));
    assert!(text.contains("Of 2 of its type") && text.contains("test_bus.rs"), "{text}");
    assert!(text.contains("      \"leadId\": \"l-74\",\n  -   \"score\": 75\n  +   \"score\": 74"), "{text}");
}

#[tokio::test]
async fn a_missing_type_is_shown_beside_the_types_that_there_are() {
    let bus = TestBus::new("crm").unwrap();
    let nothing = message(|| drop(bus.assert_published(&LeadScored { score: 1.0 })));
    assert!(nothing.contains("no `lead.scored` was published (nothing was)"), "{nothing}");
    bus.publish(lead(1.0).event("acme")).await.unwrap();
    let other = message(|| drop(bus.assert_published(&LeadScored { score: 1.0 })));
    assert!(other.contains("there are lead.created"), "{other}");
    bus.assert_nothing_published::<LeadScored>();
    let unwanted = message(|| bus.assert_nothing_published::<LeadCreated>());
    assert!(unwanted.contains("l-1") && unwanted.contains("acme"), "{unwanted}");
}

#[tokio::test]
async fn what_was_given_up_is_told_with_its_reason() {
    let bus = TestBus::new("crm").unwrap();
    let scoring = Subscription::to::<LeadCreated>("scoring");
    bus.subscribe(scoring.handler(async |_, _| Outcome::dead_letter("no such lead"))).await.unwrap();
    bus.publish(lead(1.0).event("acme")).await.unwrap();
    bus.until_idle().await;
    let dead = bus.assert_dead_lettered("scoring", &lead(1.0));
    assert_eq!((dead.reason, dead.attempts), (DeadReason::Rejected, 1));
    let text = message(|| bus.assert_no_dead_letters());
    assert!(text.contains("crm/scoring: rejected after 1 attempts: no such lead"), "{text}");
    let finished = message(|| bus.assert_handled("scoring", &lead(1.0)));
    assert!(finished.contains("no `lead.created` was handled by crm/scoring"), "{finished}");
}

#[tokio::test]
async fn services_on_one_store_see_each_others_events() {
    let crm = TestBus::new("crm").unwrap();
    let mail = crm.another_service("mail").unwrap();
    mail.subscribe(Subscription::matching("welcome", "lead.*").handler(async |_: RawEvent, _| ())).await.unwrap();
    crm.publish(lead(1.0).event("acme")).await.unwrap();
    crm.until_idle().await;
    mail.assert_handled("welcome", &lead(1.0));
    crm.assert_handled("mail/welcome", &lead(1.0));
}

#[tokio::test]
async fn a_duplicate_is_recorded_once() {
    let bus = TestBus::new("crm").unwrap();
    let event = lead(1.0).event("acme").build().unwrap();
    for _ in 0..2 {
        bus.publish(&event).await.unwrap();
    }
    assert_eq!(bus.published_raw().len(), 1);
}

/// What is written without its field can't be read back.
#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct LeadLost {
    #[serde(skip_serializing)]
    why: String,
}

#[tokio::test]
async fn a_handler_gets_what_survives_the_wire() {
    let run = run_handler(lead(40.0).event("acme").user("user-1"), async |event, cx| {
        assert_eq!((cx.attempt(), event.data.score), (1, 40.0));
        cx.publish(LeadScored { score: 80.0 }).await?;
        Ok(())
    });
    let run = run.await.unwrap();
    assert!(matches!(run.outcome, Outcome::Done));
    let published = run.published::<LeadScored>().unwrap();
    assert_eq!(published[0].envelope.user.as_ref().unwrap().as_str(), "user-1");
    let error = run_handler(LeadLost { why: "price".into() }.event("acme"), async |event, _| drop(event.data.why))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    assert!(error.to_string().contains("why"), "{error}");
}

#[tokio::test]
async fn a_handler_that_publishes_its_own_type_is_called_for_the_given_event_alone() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let run = run_handler(lead(1.0).event("acme"), move |event: Event<LeadCreated>, cx: Context| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            if event.data.score > 1.0 {
                return Outcome::Done;
            }
            cx.publish(lead(2.0)).await.unwrap();
            // Time enough for the other event to be handed out and to end.
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
            }
            Outcome::dead_letter("the given event's")
        }
    });
    let run = run.await.unwrap();
    assert_eq!((run.error().as_deref(), calls.load(Ordering::SeqCst)), (Some("the given event's"), 1));
    let published = run.published::<LeadCreated>().unwrap();
    assert_eq!(published.iter().map(|event| event.data.score).collect::<Vec<_>>(), [2.0]);
}

#[tokio::test]
async fn a_handler_that_is_done_has_no_error() {
    let run = run_handler(lead(1.0).event("acme"), async |_, _| ()).await.unwrap();
    assert_eq!(run.error(), None);
}

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct LeadWeighed {
    weight: f32,
    parts: Vec<Option<f32>>,
}

#[tokio::test]
async fn a_float_of_single_precision_equals_itself_and_no_other() {
    let weighed = |weight| LeadWeighed { weight, parts: vec![Some(0.3), None, Some(2.0)] };
    let bus = TestBus::new("crm").unwrap();
    bus.publish(weighed(0.1).event("acme")).await.unwrap();
    assert_eq!(bus.assert_published(&weighed(0.1)).data.weight, 0.1);
    let text = message(|| drop(bus.assert_published(&weighed(0.2))));
    assert!(text.contains("-   \"weight\": 0.2\n") && text.contains("+   \"weight\": 0.1\n"), "{text}");
}

#[tokio::test]
async fn a_handler_that_fails_is_called_once_and_its_failure_answered() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let run = run_handler(lead(1.0).event("acme"), move |_: Event<LeadCreated>, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Outcome::retry_after(Duration::from_secs(9), "busy"))
    });
    let Outcome::Failed(error) = run.await.unwrap().outcome else { panic!("it failed") };
    assert_eq!((error.to_string().as_str(), calls.load(Ordering::SeqCst)), ("busy", 1));
}

#[tokio::test]
async fn a_handler_that_panics_is_an_error_with_its_words() {
    let run = run_handler(lead(1.0).event("acme"), async |_, _| {
        assert_eq!(1 + 1, 3, "arithmetic");
    });
    let error = run.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().contains("arithmetic"), "{error}");
}

#[tokio::test]
async fn what_a_filter_leaves_out_is_not_handled() {
    let bus = TestBus::new("crm").unwrap();
    let choosy =
        Subscription::to::<LeadCreated>("choosy").filter(|event| event.data.score > 50.0).handler(async |_, _| ());
    bus.subscribe(choosy).await.unwrap();
    for score in [40.0, 60.0] {
        bus.publish(lead(score).event("acme")).await.unwrap();
    }
    bus.until_idle().await;
    bus.assert_handled("choosy", &lead(60.0));
    let text = message(|| bus.assert_handled("choosy", &lead(40.0)));
    assert!(text.contains("40") && text.contains("60"), "{text}");
}

#[tokio::test]
async fn a_batch_that_waits_for_company_is_let_go_by_time() {
    let bus = TestBus::new("crm").unwrap();
    let scoring = Subscription::to::<LeadCreated>("scoring").batch_handler(10, async |_, _| ());
    bus.subscribe(scoring.wait(Duration::from_secs(5))).await.unwrap();
    bus.publish(lead(40.0).event("acme")).await.unwrap();
    bus.advance(Duration::from_secs(4)).await;
    assert_eq!(bus.process_counters().handled, 0);
    bus.advance(Duration::from_secs(2)).await;
    bus.assert_handled("scoring", &lead(40.0));
}

#[tokio::test]
async fn a_bus_is_not_idle_before_its_listeners_have_heard() {
    let bus = TestBus::new("crm").unwrap();
    bus.listen(Broadcast::to::<LeadCreated>("cache").handler(async |_, _| tokio::task::yield_now().await))
        .await
        .unwrap();
    bus.publish(lead(40.0).event("acme")).await.unwrap();
    bus.until_idle().await;
    assert_eq!(bus.process_counters().handled, 1);
}
