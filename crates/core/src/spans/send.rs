//! The spans of publishing.

use tracing::{Span, field::Empty};

use super::{Facts, Spans, TraceContext};
use crate::{
    checks::Checks,
    envelope::Envelope,
    error::{Error, ErrorKind, Result},
    transport::Outgoing,
};

/// Where events are made ready to be stored.
#[allow(missing_debug_implementations, reason = "nobody outside can name it")]
pub struct Desk<'a> {
    pub(crate) checks: &'a Checks,
    /// `None` where an event is made ready that is published elsewhere.
    spans: Option<&'a Spans>,
    /// Whether it is one of many: their call has a span of its own.
    is_batch: bool,
    /// In which span it is published, where none is around it.
    parent: Option<&'a TraceContext>,
}

/// An event that is ready, and the span in which it was made.
#[allow(missing_debug_implementations, reason = "nobody outside can name it")]
pub struct Made {
    pub(crate) outgoing: Outgoing,
    pub(crate) span: Span,
    /// The context that the event carries.
    pub(crate) context: Option<TraceContext>,
}

impl<'a> Desk<'a> {
    pub(crate) fn of_one(checks: &'a Checks, spans: &'a Spans, parent: Option<&'a TraceContext>) -> Self {
        Self { checks, spans: Some(spans), is_batch: false, parent }
    }

    pub(crate) fn of_many(checks: &'a Checks, spans: &'a Spans) -> Self {
        Self { checks, spans: Some(spans), is_batch: true, parent: None }
    }

    pub(crate) fn without_spans(checks: &'a Checks) -> Self {
        Self { checks, spans: None, is_batch: false, parent: None }
    }

    /// Makes an event within its span: with the context to be written into it, unless it carries one.
    pub(crate) fn make(
        &self,
        envelope: &Envelope,
        make: impl Fn(Option<&TraceContext>) -> Result<Outgoing>,
    ) -> Result<Made> {
        let (span, carried) = self.open(envelope);
        let new = if carried.is_none() { self.context_of(&span) } else { None };
        let make = |context| span.in_scope(|| make(context));
        let made = match make(new.as_ref()) {
            // An event that just fits is published without a context.
            Err(error) if error.kind() == ErrorKind::TooLarge && new.is_some() => (make(None), None),
            made => (made, carried.or(new)),
        };
        match made {
            (Ok(outgoing), context) => Ok(Made { outgoing, span, context }),
            (Err(error), _) => Err(self.failed(&span, error)),
        }
    }

    /// Checks bytes, into which no context can be written, within their span.
    pub(crate) fn keep(&self, mut outgoing: Outgoing, check: impl FnOnce(&mut Outgoing) -> Result<()>) -> Result<Made> {
        let span = match self.spans {
            Some(spans) if !self.is_batch => spans.send_bytes(&outgoing),
            _ => Span::none(),
        };
        match span.in_scope(|| check(&mut outgoing)) {
            Ok(()) => Ok(Made { outgoing, span, context: None }),
            Err(error) => Err(self.failed(&span, error)),
        }
    }

    fn open(&self, envelope: &Envelope) -> (Span, Option<TraceContext>) {
        let Some(spans) = self.spans else { return (Span::none(), None) };
        let carried = spans.carried_by(envelope);
        let span = match (self.is_batch, &carried) {
            (false, carried) => spans.send(envelope, carried.as_ref(), self.parent),
            (true, None) => spans.create(envelope),
            // It was created elsewhere.
            (true, Some(_)) => Span::none(),
        };
        (span, carried)
    }

    fn context_of(&self, span: &Span) -> Option<TraceContext> {
        let propagator = self.spans?.propagator().filter(|_| !span.is_disabled())?;
        propagator.context_of(span)
    }

    fn failed(&self, span: &Span, error: Error) -> Error {
        if let Some(spans) = self.spans {
            spans.failed(span, error.kind().code(), &error);
        }
        error
    }
}

/// The span of one event: an envelope, or bytes. A macro, as a span's name is part of the program.
macro_rules! of_event {
    ($name:literal, $kind:expr, $facts:expr, $event:expr, $correlation:expr) => {{
        let Facts { name, system, operation, address, port } = $facts;
        tracing::info_span!(
            $name,
            otel.name = name,
            otel.kind = operation.map(|_| $kind),
            otel.status_description = Empty,
            error.type = Empty,
            messaging.system = system,
            messaging.operation.name = operation,
            messaging.operation.type = operation,
            server.address = address,
            server.port = port,
            messaging.destination.name = %$event.event_type,
            messaging.message.id = %$event.id,
            messaging.message.conversation_id = $correlation,
            tekup.tenant = %$event.tenant,
        )
    }};
}

impl Spans {
    fn send(&self, envelope: &Envelope, carried: Option<&TraceContext>, parent: Option<&TraceContext>) -> Span {
        let facts = self.facts("send", || Some(envelope.event_type.as_str()));
        let kind = if carried.is_some() { "client" } else { "producer" };
        let span = of_event!("send", kind, facts, envelope, envelope.correlation_id());
        if let Some(propagator) = self.propagator().filter(|_| !span.is_disabled()) {
            // A handler may publish in a task of its own, which its span is not around.
            if let Some(parent) = parent.filter(|_| Span::current().is_none()) {
                propagator.adopt(&span, parent);
            }
            if let Some(carried) = carried {
                propagator.link(&span, carried);
            }
        }
        span
    }

    fn send_bytes(&self, outgoing: &Outgoing) -> Span {
        let facts = self.facts("send", || Some(outgoing.event_type.as_str()));
        let correlation = || outgoing.trace.as_ref().map(|trace| trace.correlation.as_str());
        of_event!("send", "client", facts, outgoing, correlation())
    }

    /// Of one event of a batch, where somebody follows each by itself.
    fn create(&self, envelope: &Envelope) -> Span {
        if self.propagator().is_none() {
            return Span::none();
        }
        let facts = self.facts("create", || Some(envelope.event_type.as_str()));
        of_event!("create", "producer", facts, envelope, envelope.correlation_id())
    }

    /// Of the call that stores a batch.
    pub(crate) fn send_all(&self, batch: &[Outgoing], contexts: &[TraceContext]) -> Span {
        let event_type = || only(batch.iter().map(|outgoing| outgoing.event_type.as_str()));
        let Facts { name, system, operation, address, port } = self.facts("send", event_type);
        let span = tracing::info_span!(
            "send",
            otel.name = name,
            otel.kind = operation.map(|_| "client"),
            otel.status_description = Empty,
            error.type = Empty,
            messaging.system = system,
            messaging.operation.name = operation,
            messaging.operation.type = operation,
            server.address = address,
            server.port = port,
            messaging.destination.name = event_type(),
            messaging.batch.message_count = count(batch.len()),
        );
        self.link_all(&span, contexts);
        span
    }

    /// Says of the call of a batch that the store refused some of it: the kind is that of the first.
    pub(crate) fn refused<T>(&self, span: &Span, answers: &[Result<T>]) {
        let mut refused = answers.iter().filter_map(|answer| answer.as_ref().err());
        if let Some(first) = refused.next() {
            let (count, all) = (1 + refused.count(), answers.len());
            self.failed(span, first.kind().code(), format_args!("{count} of {all} events were refused: {first}"));
        }
    }

    pub(super) fn link_all(&self, span: &Span, contexts: &[TraceContext]) {
        if let Some(propagator) = self.propagator().filter(|_| !span.is_disabled()) {
            contexts.iter().for_each(|context| propagator.link(span, context));
        }
    }
}

/// What all of them are, if they are alike.
pub(super) fn only<'a>(mut all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// Attributes have signed numbers.
pub(super) fn count(events: usize) -> i64 {
    i64::try_from(events).unwrap_or(i64::MAX)
}
