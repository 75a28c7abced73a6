//! publish → handler → publish → handler, through two services.

use std::future::Future;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tekup_core::{BusConfig, EventBus, Result, Subscription, memory::MemoryTransport};
use tekup_testkit::redis::RedisServer;
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;

use crate::{
    collector::Collector,
    service::{LeadCreated, LeadScored, PAYLOAD, lead, scored, service},
};

#[test]
fn a_chain_through_two_services_arrives_linked_as_the_conventions_say() {
    let memory = MemoryTransport::new();
    let on_memory = move |service: &'static str| {
        let memory = memory.clone();
        async move || EventBus::new(BusConfig::new(service), memory)
    };
    let collector = run_chain(on_memory);
    expect_chain(&collector, "memory");
    let told = collector.received();
    assert!(!told.iter().any(|span| span.attributes.keys().any(|name| name.starts_with("server."))), "there is none");
}

#[test]
fn a_chain_on_redis_arrives_as_one_in_memory_does() {
    let server = RedisServer::builder().tcp().start().unwrap();
    let url = server.url().to_owned();
    let on_redis = move |service: &'static str| {
        let url = url.clone();
        async move || tekup_redis_transport::connect(url, service).await
    };
    let collector = run_chain(on_redis);
    expect_chain(&collector, "redis");
    let port = format!("#{}", server.url().rsplit(':').next().unwrap());
    for span in ["send lead.created", "process lead.scored"] {
        collector.span("crm", span).expect(&[("server.address", "127.0.0.1"), ("server.port", &port)]);
    }
}

/// `crm` publishes a lead, `scoring` handles it and publishes its score, `crm` handles that.
fn run_chain<M, B>(bus_of: impl Fn(&'static str) -> M) -> Collector
where
    M: FnOnce() -> B + Send + 'static,
    B: Future<Output = Result<EventBus>>,
{
    let collector = Collector::start();
    let (ready, is_ready) = oneshot::channel();
    let (finish, is_finished) = oneshot::channel();
    let scoring = service("scoring", &collector, bus_of("scoring"), async |bus| {
        let score = Subscription::to::<LeadCreated>("score").handler(async |_, cx| {
            cx.publish(scored()).await?;
            Ok(())
        });
        bus.subscribe(score).await.unwrap();
        ready.send(()).unwrap();
        is_finished.await.unwrap();
    });
    let crm = service("crm", &collector, bus_of("crm"), async |bus| {
        let (seen, mut is_seen) = mpsc::channel(1);
        let rank = Subscription::to::<LeadScored>("rank")
            .handler_with(seen, async |seen, _, _| seen.send(()).await.map_err(Into::into));
        bus.subscribe(rank).await.unwrap();
        is_ready.await.unwrap();
        let event = lead().correlation("import-7");
        let request = tracing::info_span!("POST /leads");
        bus.publish(event).instrument(request).await.unwrap();
        is_seen.recv().await.unwrap();
    });
    crm.join().unwrap();
    finish.send(()).unwrap();
    scoring.join().unwrap();
    collector
}

fn expect_chain(collector: &Collector, system: &str) {
    let request = collector.span("crm", "POST /leads");
    let sent = collector.span("crm", "send lead.created");
    let processed = collector.span("scoring", "process lead.created");
    let sent_on = collector.span("scoring", "send lead.scored");
    let processed_on = collector.span("crm", "process lead.scored");

    // What is published within a span is its child; what is handled is linked, and no child.
    assert!(sent.is_child_of(&request) && sent.links.is_empty(), "{sent:#?}");
    assert_eq!((processed.links.as_slice(), processed.parent.as_str()), (&[sent.id()][..], ""));
    assert!(sent_on.is_child_of(&processed) && sent_on.links.is_empty(), "{sent_on:#?}");
    assert_eq!((processed_on.links.as_slice(), processed_on.parent.as_str()), (&[sent_on.id()][..], ""));
    assert!(processed.trace_id != sent.trace_id && processed_on.trace_id != sent_on.trace_id);

    for (span, kind) in [
        (&sent, SpanKind::Producer),
        (&processed, SpanKind::Consumer),
        (&sent_on, SpanKind::Producer),
        (&processed_on, SpanKind::Consumer),
    ] {
        assert_eq!(span.kind, kind, "{span:#?}");
        assert_eq!(span.error, None, "{span:#?}");
        let (operation, event_type) = span.name.split_once(' ').unwrap();
        span.expect(&[
            ("messaging.system", system),
            ("messaging.operation.name", operation),
            ("messaging.operation.type", operation),
            ("messaging.destination.name", event_type),
            ("messaging.message.conversation_id", "import-7"),
            ("tekup.tenant", "acme"),
        ]);
        assert!(!span.attributes.contains_key("error.type"), "{span:#?}");
        assert!(!span.attributes.keys().any(|name| name.starts_with("otel.")), "{span:#?}");
    }
    processed.expect(&[("messaging.consumer.group.name", "scoring/score"), ("tekup.attempt", "#1")]);
    processed_on.expect(&[("messaging.consumer.group.name", "crm/rank"), ("tekup.attempt", "#1")]);
    let id = "messaging.message.id";
    assert_eq!(sent.attributes[id], processed.attributes[id]);
    assert_eq!(sent_on.attributes[id], processed_on.attributes[id]);
    assert_ne!(sent.attributes[id], sent_on.attributes[id]);

    let all = collector.received();
    assert_eq!(all.len(), 5, "{all:#?}");
    assert!(all.iter().all(|span| !span.text.contains(PAYLOAD)), "{all:#?}");
}
