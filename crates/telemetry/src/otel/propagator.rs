use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState},
};
use tekup_core::{Propagator, TraceContext};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Joins the spans of a bus to those of OpenTelemetry.
pub(super) struct OtelPropagator;

impl Propagator for OtelPropagator {
    fn context_of(&self, span: &Span) -> Option<TraceContext> {
        let context = span.context();
        let context = context.span().span_context().clone();
        let trace_id = u128::from_be_bytes(context.trace_id().to_bytes());
        let span_id = u64::from_be_bytes(context.span_id().to_bytes());
        let known = TraceContext::new(trace_id, span_id, context.trace_flags().to_u8())?;
        Some(known.with_state(context.trace_state().header()))
    }

    fn link(&self, span: &Span, creation: &TraceContext) {
        span.add_link(remote(creation));
    }

    fn adopt(&self, span: &Span, parent: &TraceContext) {
        // A span that is not recorded has no parent either.
        let _unrecorded = span.set_parent(Context::new().with_remote_span_context(remote(parent)));
    }
}

fn remote(context: &TraceContext) -> SpanContext {
    SpanContext::new(
        TraceId::from(context.trace_id()),
        SpanId::from(context.span_id()),
        TraceFlags::new(context.flags()),
        true,
        // What vendors have written wrong is not passed on.
        context.state().parse::<TraceState>().unwrap_or_default(),
    )
}
