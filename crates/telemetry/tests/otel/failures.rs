use std::time::Duration;

use tekup_core::{
    BusConfig, ErrorKind, EventBus, Outcome, RawEvent, RetryPolicy, Subscription, memory::MemoryTransport,
};

use crate::{
    collector::Collector,
    service::{LeadCreated, PAYLOAD, alone, lead, service, until},
};

#[test]
fn each_attempt_has_its_span_and_one_that_failed_says_why() {
    let collector = Collector::start();
    alone(&collector, async |bus| {
        let failing = Subscription::to::<LeadCreated>("failing")
            .retry(RetryPolicy::fixed(3, Duration::from_millis(1)))
            .timeout(Duration::from_millis(50))
            .handler(async |_, cx| match cx.attempt() {
                1 => Outcome::retry("the ledger is closed"),
                2 => panic!("the ledger burns"),
                _ => std::future::pending().await,
            });
        bus.subscribe(failing).await.unwrap();
        bus.publish(lead()).await.unwrap();
        let dead = bus.dead_letters("crm/failing").unwrap();
        until("it is dead", async || dead.count().await.unwrap() == 1).await;
    });
    let sent = collector.span("crm", "send lead.created");
    let attempts = collector.spans("crm", "process lead.created");
    assert_eq!(attempts.len(), 3, "{attempts:#?}");
    for (attempt, number, error_type, told) in [
        (&attempts[0], "#1", "_OTHER", "the ledger is closed"),
        (&attempts[1], "#2", "panic", "handler panicked: the ledger burns"),
        (&attempts[2], "#3", "timeout", "handler took longer than 50ms"),
    ] {
        attempt.expect(&[("tekup.attempt", number), ("error.type", error_type)]);
        assert_eq!(attempt.error.as_deref(), Some(told));
        assert_eq!(attempt.links, [sent.id()]);
    }
    assert!(collector.received().iter().all(|span| !span.text.contains(PAYLOAD)));
}

#[test]
fn what_can_not_be_published_says_why() {
    let collector = Collector::start();
    alone(&collector, async |bus| {
        let large = lead().metadata("filler", "x".repeat(20_000));
        assert_eq!(bus.publish(large).await.unwrap_err().kind(), ErrorKind::TooLarge);
        bus.shutdown().await.unwrap();
        assert_eq!(bus.publish(lead()).await.unwrap_err().kind(), ErrorKind::Closed);
    });
    let sent = collector.spans("crm", "send lead.created");
    let types: Vec<_> = sent.iter().map(|span| span.attributes["error.type"].as_str()).collect();
    assert_eq!(types, ["too_large", "closed"]);
    assert!(sent.iter().all(|span| span.error.is_some()), "{sent:#?}");
}

#[test]
fn a_batch_of_which_some_events_are_refused_says_how_many() {
    let collector = Collector::start();
    let small = async || EventBus::new(BusConfig::new("crm"), MemoryTransport::with_backlog_limit(1));
    let working = service("crm", &collector, small, async |bus| {
        let idle = Subscription::matching("idle", "lead.*").handler(async |_: RawEvent, _| ());
        bus.subscribe(idle).await.unwrap();
        bus.pause("crm/idle").await.unwrap();
        let results = bus.publish_batch([lead(), lead(), lead()]).await.unwrap();
        assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false]);
    });
    working.join().unwrap();
    let sent = collector.span("crm", "send lead.created");
    sent.expect(&[("error.type", "backpressure"), ("messaging.batch.message_count", "#3")]);
    let told = sent.error.as_deref().unwrap_or_default();
    assert!(told.starts_with("2 of 3 events were refused: "), "{told}");
}
