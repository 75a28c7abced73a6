//! The context that events carry, and where it comes from.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tekup_core::{Broadcast, Event, EventBus, Outcome, RawEvent, Subscription};
use tokio::sync::mpsc;

use crate::{
    collector::Collector,
    service::{LeadCreated, LeadScored, alone, lead, scored, until},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// What a handler of every event is given from now on.
async fn seen_on(bus: &EventBus) -> mpsc::Receiver<RawEvent> {
    let (seen, is_seen) = mpsc::channel(16);
    let all = Subscription::matching("all", "*")
        .handler_with(seen, async |seen, event: RawEvent, _| seen.send(event).await.map_err(Into::into));
    bus.subscribe(all).await.unwrap();
    is_seen
}

#[test]
fn an_event_that_carries_a_context_keeps_it_and_is_linked_to_it() {
    let collector = Collector::start();
    alone(&collector, async |bus| {
        let mut seen = seen_on(&bus).await;
        let traceparent = format!("00-{TRACE}-{SPAN}-01");
        let event = lead().metadata("traceparent", &traceparent).metadata("tracestate", "vendor=1");
        bus.publish_batch([event.clone()]).await.unwrap();
        let carried = seen.recv().await.unwrap().envelope().trace_context().unwrap();
        assert_eq!((carried.to_string(), carried.state()), (traceparent, "vendor=1"));
        bus.publish(event.id(tekup_core::EventId::generate())).await.unwrap();
        assert_eq!(seen.recv().await.unwrap().envelope().trace_context(), Some(carried));
    });
    let theirs = (TRACE.to_owned(), SPAN.to_owned());
    let (sent, processed) =
        (collector.spans("crm", "send lead.created"), collector.spans("crm", "process lead.created"));
    assert_eq!((sent.len(), processed.len()), (2, 2));
    assert!(sent.iter().chain(&processed).all(|span| span.links == [theirs.clone()]), "{sent:#?} {processed:#?}");
    assert!(sent.iter().all(|span| span.kind == SpanKind::Client), "{sent:#?}");
    assert!(collector.spans("crm", "create lead.created").is_empty(), "it was created elsewhere");
}

#[test]
fn an_invalid_context_is_as_good_as_none() {
    let collector = Collector::start();
    alone(&collector, async |bus| {
        let mut seen = seen_on(&bus).await;
        for invalid in ["", "00-00-00-00", &format!("00-{}-{SPAN}-01", "0".repeat(32)), &"f".repeat(9_000)] {
            let event = lead().metadata("traceparent", invalid).metadata("tracestate", "stale=1");
            bus.publish(event).await.unwrap();
            let carried = seen.recv().await.unwrap().envelope().trace_context().unwrap();
            assert_eq!(carried.state(), "");
        }
    });
    let (sent, processed) =
        (collector.spans("crm", "send lead.created"), collector.spans("crm", "process lead.created"));
    let links: Vec<_> = processed.iter().flat_map(|span| span.links.clone()).collect();
    assert_eq!(links, sent.iter().map(|span| span.id()).collect::<Vec<_>>());
}

#[test]
fn an_invalid_context_that_is_stored_does_not_fail_the_event() {
    let collector = Collector::start();
    let memory = tekup_core::memory::MemoryTransport::new();
    let config = tekup_core::BusConfig::new("crm");
    let traced = (config.clone(), memory.clone());
    let work = move |bus: EventBus| async move {
        let mut seen = seen_on(&bus).await;
        // By a service without traces.
        let plain = EventBus::new(config, memory).unwrap();
        plain.publish(lead().metadata("traceparent", "00-oops")).await.unwrap();
        let metadata = seen.recv().await.unwrap().envelope().metadata.get::<String>("traceparent").unwrap();
        assert_eq!(metadata.as_deref(), Some("00-oops"), "it is stored as it came");
        plain.shutdown().await.unwrap();
    };
    let bus = async || EventBus::new(traced.0, traced.1);
    crate::service::service("crm", &collector, bus, work).join().unwrap();
    let processed = collector.span("crm", "process lead.created");
    assert!(processed.links.is_empty() && processed.error.is_none(), "{processed:#?}");
}

#[test]
fn a_replayed_event_is_linked_to_where_it_was_created() {
    let collector = Collector::start();
    alone(&collector, async |bus| {
        let (again, mut is_again) = mpsc::channel(1);
        let ledger = Subscription::to::<LeadCreated>("ledger").handler_with(
            (again, Arc::new(AtomicBool::new(false))),
            async |(again, has_died), _, _| {
                if !has_died.swap(true, Ordering::Relaxed) {
                    return Outcome::dead_letter("the ledger is closed");
                }
                again.send(()).await.map_or_else(Outcome::retry, |()| Outcome::Done)
            },
        );
        bus.subscribe(ledger).await.unwrap();
        bus.publish(lead()).await.unwrap();
        let dead = bus.dead_letters("crm/ledger").unwrap();
        until("it is dead", async || dead.count().await.unwrap() == 1).await;
        assert_eq!(dead.replay_all().await.unwrap(), 1);
        is_again.recv().await.unwrap();
    });
    let sent = collector.span("crm", "send lead.created");
    let processed = collector.spans("crm", "process lead.created");
    assert_eq!(processed.len(), 2);
    assert!(processed.iter().all(|attempt| attempt.links == [sent.id()]), "{processed:#?}");
}

#[test]
fn what_a_handler_publishes_in_a_task_of_its_own_is_a_child_of_its_attempt() {
    let collector = Collector::start();
    alone(&collector, async |bus| {
        let mut seen = seen_on(&bus).await;
        let spawning = Subscription::to::<LeadCreated>("spawning").handler(async |_, cx| {
            tokio::spawn(async move { cx.publish(scored()).await }).await??;
            Ok(())
        });
        bus.subscribe(spawning).await.unwrap();
        bus.publish(lead()).await.unwrap();
        for _ in 0..2 {
            seen.recv().await.unwrap();
        }
    });
    let mut processed = collector.spans("crm", "process lead.created");
    processed.retain(|span| span.attributes["messaging.consumer.group.name"] == "crm/spawning");
    assert!(collector.span("crm", "send lead.scored").is_child_of(&processed[0]));
}

#[test]
fn untyped_events_carry_a_context_too_and_their_data_stays_byte_for_byte() {
    let collector = Collector::start();
    let json = r#"{"id":"018f6c9a-0000-7000-8000-000000000016","type":"lead.created","version":"1.0.0","tenantId":"acme","timestamp":"2025-09-14T10:15:30.123Z","future":1.0,"data":{"note" : 12345678901234567890, "x":1.0}}"#;
    alone(&collector, async move |bus| {
        let mut seen = seen_on(&bus).await;
        bus.publish(RawEvent::parse(json).unwrap()).await.unwrap();
        let event = seen.recv().await.unwrap();
        assert!(event.envelope().trace_context().is_some());
        assert_eq!(event.json(), r#"{"note" : 12345678901234567890, "x":1.0}"#);
        let text = std::str::from_utf8(event.bytes()).unwrap();
        assert!(text.contains(r#""future":1.0"#), "{text}");
    });
    let sent = collector.span("crm", "send lead.created");
    assert_eq!(collector.span("crm", "process lead.created").links, [sent.id()]);
}

#[test]
fn an_event_that_just_fits_is_published_without_a_context() {
    let collector = Collector::start();
    alone(&collector, async |bus| {
        let mut seen = seen_on(&bus).await;
        // Of 16 KiB some bytes are left, though fewer than a context has.
        let filler = "x".repeat(16 * 1_024 - 30);
        bus.publish(lead().metadata("filler", filler)).await.unwrap();
        assert!(seen.recv().await.unwrap().envelope().trace_context().is_none());
    });
    assert!(collector.span("crm", "process lead.created").links.is_empty());
}

#[test]
fn a_listener_of_a_broadcast_has_its_span_too() {
    let collector = Collector::start();
    alone(&collector, async |bus| {
        let (heard, mut is_heard) = mpsc::channel(1);
        let cache = Broadcast::to::<LeadScored>("cache")
            .handler_with(heard, async |heard, _: Event<LeadScored>, _| heard.send(()).await.map_err(Into::into));
        bus.listen(cache).await.unwrap();
        bus.publish(scored()).await.unwrap();
        is_heard.recv().await.unwrap();
    });
    let (sent, heard) = (collector.span("crm", "send lead.scored"), collector.span("crm", "process lead.scored"));
    assert_eq!((heard.links, heard.kind), (vec![sent.id()], SpanKind::Consumer));
}
