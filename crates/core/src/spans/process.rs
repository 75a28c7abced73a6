//! The spans of handling.

use std::sync::Arc;

use tracing::{Span, field::Empty};

use super::{
    Facts, Spans, TraceContext,
    send::{count, only},
};
use crate::{
    envelope::Envelope,
    ids::{EventType, SubscriptionId},
    timestamp::Timestamp,
};

/// An attempt of a handler, as it is traced.
#[derive(Debug, Clone)]
pub(crate) struct Processing {
    pub(crate) span: Span,
    /// Of what the handler publishes in tasks that the span is not around.
    pub(crate) context: Option<Arc<TraceContext>>,
}

impl Spans {
    /// Of an attempt with one event.
    pub(crate) fn process(&self, envelope: &Envelope, subscription: &SubscriptionId, attempt: u32) -> Processing {
        let Facts { name, system, operation, address, port } =
            self.facts("process", || Some(envelope.event_type.as_str()));
        let span = tracing::info_span!(
            "process",
            otel.name = name,
            otel.kind = operation.map(|_| "consumer"),
            otel.status_description = Empty,
            error.type = Empty,
            messaging.system = system,
            messaging.operation.name = operation,
            messaging.operation.type = operation,
            server.address = address,
            server.port = port,
            messaging.destination.name = %envelope.event_type,
            messaging.consumer.group.name = %subscription,
            messaging.message.id = %envelope.id,
            messaging.message.conversation_id = envelope.correlation_id(),
            tekup.tenant = %envelope.tenant,
            tekup.attempt = i64::from(attempt),
        );
        let carried = if span.is_disabled() { None } else { self.carried_by(envelope) };
        self.processing(span, carried.as_slice())
    }

    /// Of an attempt with many events.
    pub(crate) fn process_all(
        &self,
        subjects: &[(EventType, Timestamp)],
        contexts: &[TraceContext],
        subscription: &SubscriptionId,
    ) -> Processing {
        let event_type = || only(subjects.iter().map(|(event_type, _)| event_type.as_str()));
        let Facts { name, system, operation, address, port } = self.facts("process", event_type);
        let span = tracing::info_span!(
            "process",
            otel.name = name,
            otel.kind = operation.map(|_| "consumer"),
            otel.status_description = Empty,
            error.type = Empty,
            messaging.system = system,
            messaging.operation.name = operation,
            messaging.operation.type = operation,
            server.address = address,
            server.port = port,
            messaging.destination.name = event_type(),
            messaging.consumer.group.name = %subscription,
            messaging.batch.message_count = count(subjects.len()),
        );
        self.processing(span, contexts)
    }

    fn processing(&self, span: Span, contexts: &[TraceContext]) -> Processing {
        self.link_all(&span, contexts);
        let propagator = self.propagator().filter(|_| !span.is_disabled());
        let context = propagator.and_then(|propagator| propagator.context_of(&span)).map(Arc::new);
        Processing { span, context }
    }
}
