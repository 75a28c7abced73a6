use crate::{
    envelope::{Limits, Metadata},
    error::Result,
    event::{Draft, Event, RawEvent, TekupEvent},
    transport::Outgoing,
};

/// What can be published: a [`Draft`], an [`Event`], a [`RawEvent`] (with medium priority) or an [`Outgoing`].
///
/// Sealed: other crates make one of these.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{EventBus, Publish, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated { score: f64 }
/// async fn publish_all(bus: &EventBus, events: Vec<impl Publish>) -> tekup_core::Result<()> {
///     for result in bus.publish_batch(events).await? {
///         result?;
///     }
///     Ok(())
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// # let bus = EventBus::in_memory("crm")?;
/// publish_all(&bus, vec![LeadCreated { score: 75.0 }.event("acme")]).await
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be published",
    label = "no event",
    note = "make a draft of it: `data.event(\"tenant\")`"
)]
pub trait Publish: Sealed + Send {
    #[doc(hidden)]
    fn into_outgoing(self, limits: &Limits) -> Result<Outgoing>;
}

/// Keeps the trait to this crate.
pub trait Sealed {}

impl<T: TekupEvent> Sealed for Draft<T> {}
impl<T: TekupEvent> Sealed for Event<T> {}
impl<T: TekupEvent> Sealed for &Event<T> {}
impl Sealed for RawEvent {}
impl Sealed for &RawEvent {}
impl Sealed for Outgoing {}

impl<T: TekupEvent> Publish for Draft<T> {
    fn into_outgoing(self, limits: &Limits) -> Result<Outgoing> {
        let (event, priority) = self.into_parts()?;
        Ok(Outgoing { priority, ..event.into_outgoing(limits)? })
    }
}

impl<T: TekupEvent> Publish for Event<T> {
    fn into_outgoing(self, limits: &Limits) -> Result<Outgoing> {
        (&self).into_outgoing(limits)
    }
}

impl<T: TekupEvent> Publish for &Event<T> {
    fn into_outgoing(self, limits: &Limits) -> Result<Outgoing> {
        self.envelope.expect_type(T::TYPE)?;
        within(limits, Outgoing::of(self)?, &self.envelope.metadata)
    }
}

impl Publish for RawEvent {
    fn into_outgoing(self, limits: &Limits) -> Result<Outgoing> {
        (&self).into_outgoing(limits)
    }
}

impl Publish for &RawEvent {
    fn into_outgoing(self, limits: &Limits) -> Result<Outgoing> {
        within(limits, Outgoing::raw(self), &self.envelope().metadata)
    }
}

impl Publish for Outgoing {
    /// The bytes may be anything, but not of any size.
    fn into_outgoing(self, limits: &Limits) -> Result<Outgoing> {
        limits.check_size(self.bytes.len())?;
        Ok(self)
    }
}

fn within(limits: &Limits, outgoing: Outgoing, metadata: &Metadata) -> Result<Outgoing> {
    limits.check(&outgoing.bytes)?;
    limits.check_metadata(metadata.0.size())?;
    Ok(outgoing)
}
