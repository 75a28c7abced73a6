//! What comes later, on the clock of a test.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tekup_core::{
    ErrorKind, Subscription, TekupEvent,
    memory::MemoryTransport,
    transport::{Cancellation, Due, Outgoing, Stage, Transport},
};
use tekup_testkit::TestBus;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct InvoiceReminded {
    number: u32,
}

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn until_idle_does_not_wait_for_what_comes_later_and_advance_lets_it_come() {
    let bus = TestBus::new("billing").unwrap();
    let handled = async || bus.bus().counters().await.unwrap().handled;
    bus.subscribe(Subscription::to::<InvoiceReminded>("mailing").handler(async |_, _| ())).await.unwrap();
    let first = bus.publish(InvoiceReminded { number: 1 }.event("acme").delay(HOUR)).await.unwrap();
    let second = bus.publish(InvoiceReminded { number: 2 }.event("acme").delay(2 * HOUR)).await.unwrap();
    bus.until_idle().await;
    assert_eq!((handled().await, bus.scheduled().await.unwrap()), (0, 2));
    bus.advance(HOUR).await;
    bus.assert_handled("mailing", &InvoiceReminded { number: 1 });
    assert_eq!((handled().await, bus.status("acme", first.id).await.unwrap().stage), (1, Stage::Completed));
    assert_eq!(bus.cancel("acme", second.id).await.unwrap(), Cancellation::Cancelled);
    bus.advance(2 * HOUR).await;
    assert_eq!((handled().await, bus.status("acme", second.id).await.unwrap().stage), (1, Stage::Cancelled));
    assert!(bus.bus().books("billing/mailing").await.unwrap().balanced());
}

#[tokio::test(start_paused = true)]
async fn more_than_the_limit_may_not_wait_and_what_waits_comes_though_a_subscription_is_full() {
    let transport = MemoryTransport::with_backlog_limit(2);
    let source = transport.open(spec()).await.unwrap();
    let later = || {
        let mut event = Outgoing::unchecked("acme".parse().unwrap(), "invoice.reminded".parse().unwrap(), "{}");
        event.due = Some(Due::After(HOUR));
        event
    };
    let answers = transport.publish(vec![later(), later(), later()]).await.unwrap();
    assert!(answers[0].is_ok() && answers[1].is_ok());
    assert_eq!(answers[2].as_ref().unwrap_err().kind(), ErrorKind::Backpressure);
    let now = |_| Outgoing { due: None, ..later() };
    let answers = transport.publish((0..3).map(now).collect()).await.unwrap();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2);
    tokio::time::advance(HOUR).await;
    use tekup_core::transport::Source;
    assert_eq!(source.fetch(10).await.unwrap().len(), 4);
}

fn spec() -> tekup_core::transport::SourceSpec {
    let everything = vec!["*".parse().unwrap()];
    tekup_core::transport::SourceSpec::new("billing/mailing".parse().unwrap(), everything)
}
