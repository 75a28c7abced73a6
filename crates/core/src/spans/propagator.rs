use tracing::Span;

use super::TraceContext;

/// What joins the spans of a bus, which are those of `tracing` 0.1, to a tracing system that has contexts of its own. The `tekup-telemetry` crate has one for
/// OpenTelemetry.
///
/// All of it is called where events are published and handled, so it should be quick, and must not wait. A span that the
/// tracing system does not record is no mistake.
///
/// ```
/// use tekup_core::{EventBus, Propagator, TraceContext};
/// use tracing::Span;
///
/// struct Fixed;
///
/// impl Propagator for Fixed {
///     fn context_of(&self, _: &Span) -> Option<TraceContext> {
///         TraceContext::new(7, 1, 1)
///     }
///     fn link(&self, _: &Span, creation: &TraceContext) {
///         println!("linked to {creation}");
///     }
///     fn adopt(&self, _: &Span, parent: &TraceContext) {
///         println!("child of {parent}");
///     }
/// }
///
/// let bus = EventBus::in_memory("crm")?;
/// bus.use_propagator(Fixed)?;
/// assert!(bus.use_propagator(Fixed).is_err());
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub trait Propagator: Send + Sync + 'static {
    /// The context of a span, as it travels with an event that is created in it.
    fn context_of(&self, span: &Span) -> Option<TraceContext>;

    /// Links a span to the one in which an event was created.
    fn link(&self, span: &Span, creation: &TraceContext);

    /// Makes a span the child of one that is known by its context only. It is called before the span's own context is asked
    /// for.
    fn adopt(&self, span: &Span, parent: &TraceContext);
}
