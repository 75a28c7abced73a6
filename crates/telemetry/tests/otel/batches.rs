use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tekup_core::{Outcome, Subscription};
use tokio::sync::mpsc;
use tracing::Instrument;

use crate::{
    collector::Collector,
    service::{LeadCreated, alone, lead, scored, until},
};

#[test]
fn a_batch_has_a_span_for_each_event_and_one_for_the_call_that_is_linked_to_all() {
    let collector = Collector::start();
    alone(&collector, async |bus| {
        let import = tracing::info_span!("import");
        let leads = [(); 3].map(|()| lead());
        let results = bus.publish_batch(leads).instrument(import).await.unwrap();
        assert!(results.iter().all(Result::is_ok));
        bus.publish_batch([scored()]).await.unwrap();
    });
    let import = collector.span("crm", "import");
    let created = collector.spans("crm", "create lead.created");
    let sent = collector.span("crm", "send lead.created");
    assert_eq!(created.len(), 3);
    for span in &created {
        assert!(span.is_child_of(&import) && span.kind == SpanKind::Producer, "{span:#?}");
        span.expect(&[("messaging.operation.type", "create"), ("tekup.tenant", "acme")]);
        assert!(span.attributes.contains_key("messaging.message.id"));
    }
    assert_eq!(sent.links, created.iter().map(|span| span.id()).collect::<Vec<_>>());
    assert!(sent.is_child_of(&import) && sent.kind == SpanKind::Client, "{sent:#?}");
    sent.expect(&[("messaging.batch.message_count", "#3"), ("messaging.operation.type", "send")]);
    assert_eq!(collector.span("crm", "send lead.scored").links.len(), 1);
}

#[test]
fn a_batch_handler_has_one_span_that_is_linked_to_every_event() {
    let collector = Collector::start();
    alone(&collector, async |bus| {
        let (seen, mut is_seen) = mpsc::channel(1);
        let scoring = Subscription::to::<LeadCreated>("scoring").concurrency(1).batch_handler_with(
            10,
            seen,
            async |seen, leads, cx| {
                for lead in &leads {
                    cx.for_event(lead).publish(scored()).await?;
                }
                seen.send(leads.len()).await?;
                Ok(vec![Outcome::Done, Outcome::dead_letter("a negative lead")])
            },
        );
        bus.subscribe(scoring).await.unwrap();
        bus.publish_batch([(); 2].map(|()| lead())).await.unwrap();
        assert_eq!(is_seen.recv().await, Some(2), "both are handled in one call");
        let dead = bus.dead_letters("crm/scoring").unwrap();
        until("one is dead", async || dead.count().await.unwrap() == 1).await;
    });
    let created: Vec<_> = collector.spans("crm", "create lead.created").iter().map(|span| span.id()).collect();
    let processed = collector.span("crm", "process lead.created");
    assert_eq!((created.len(), &processed.links), (2, &created));
    assert_eq!((processed.kind, processed.parent.as_str()), (SpanKind::Consumer, ""));
    processed.expect(&[
        ("messaging.batch.message_count", "#2"),
        ("messaging.consumer.group.name", "crm/scoring"),
        ("error.type", "_OTHER"),
    ]);
    assert_eq!(processed.error.as_deref(), Some("a negative lead"));
    let effects = collector.spans("crm", "send lead.scored");
    assert!(effects.len() == 2 && effects.iter().all(|effect| effect.is_child_of(&processed)), "{effects:#?}");
}
