//! From a stored delivery to a handler: decoding, filtering, calling.

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use tracing::Instrument;

use super::{BatchRoute, Context, Outcome, Sifted};
use crate::{
    checks::Checks,
    envelope::{Envelope, Limits},
    error::{Error, ErrorKind, Result},
    event::{Event, RawEvent, TekupEvent},
    ids::{EventId, EventType, TenantId},
    spans::Spans,
    timestamp::Timestamp,
    transport::{DeadLetter, DeadReason, Delivery},
};

pub(super) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a handler can be given: [`Event`]`<T>` or [`RawEvent`].
///
/// ```
/// use tekup_core::{Incoming, RawEvent};
/// fn name_of<E: Incoming>() -> &'static str {
///     std::any::type_name::<E>()
/// }
/// assert!(name_of::<RawEvent>().ends_with("RawEvent"));
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler can't be given `{Self}`",
    note = "take `Event<T>`, where `T` derives `TekupEvent`, or `RawEvent`"
)]
pub trait Incoming: Sized + Send + 'static {
    #[doc(hidden)]
    fn __read(bytes: Bytes, limits: &Limits) -> Result<Self>;
    #[doc(hidden)]
    fn __from_raw(raw: &RawEvent) -> Result<Self>;
    #[doc(hidden)]
    fn __envelope(&self) -> &Envelope;
    /// Whether it may be handed out, where its type does not say so itself.
    #[doc(hidden)]
    fn __check(&self, checks: &Checks) -> Result<()> {
        let _ = checks;
        Ok(())
    }
    /// The one type that it takes; `None` for any.
    #[doc(hidden)]
    const __TYPE: Option<&'static str>;
}

impl<T: TekupEvent> Incoming for Event<T> {
    const __TYPE: Option<&'static str> = Some(T::TYPE);

    fn __read(bytes: Bytes, limits: &Limits) -> Result<Self> {
        limits.check(&bytes)?;
        Self::parse(&bytes)
    }

    fn __from_raw(raw: &RawEvent) -> Result<Self> {
        raw.decode::<T>()
    }

    fn __envelope(&self) -> &Envelope {
        &self.envelope
    }
}

impl Incoming for RawEvent {
    const __TYPE: Option<&'static str> = None;

    fn __read(bytes: Bytes, limits: &Limits) -> Result<Self> {
        Self::parse_within(bytes, limits)
    }

    fn __from_raw(raw: &RawEvent) -> Result<Self> {
        Ok(raw.clone())
    }

    fn __envelope(&self) -> &Envelope {
        self.envelope()
    }

    fn __check(&self, checks: &Checks) -> Result<()> {
        checks.untyped(self)
    }
}

/// A handler of one kind of event, its own type erased.
pub(crate) type Erased<E> = Arc<dyn Fn(E, Context) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// Which events of the subscription's types are wanted.
pub(crate) type Filter<E> = Arc<dyn Fn(&E) -> bool + Send + Sync>;

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The handler said what shall happen.
    Said(Outcome),
    /// The filter did not want it: its type, and when it was published, if it was read.
    Filtered(Option<(EventType, Timestamp)>),
    /// It can't be given to a handler at all.
    Dead(DeadReason, String),
}

impl Ended {
    pub(super) fn filtered(envelope: &Envelope) -> Self {
        Self::Filtered(Some((envelope.event_type.clone(), envelope.timestamp)))
    }

    pub(super) fn unreadable(error: &Error) -> Self {
        let reason = match error.kind() {
            ErrorKind::Invalid => DeadReason::Invalid,
            ErrorKind::UnknownVersion => DeadReason::UnknownVersion,
            _ => DeadReason::Undecodable,
        };
        Self::Dead(reason, error.to_string())
    }
}

/// What an attempt is made with, once its envelope is known.
pub(crate) type MakeContext = Box<dyn FnOnce(Envelope) -> (Context, tracing::Span) + Send>;

/// One handler and the events that it takes.
pub(crate) trait Route: Send + Sync {
    fn event_type(&self) -> Option<&'static str>;
    fn run<'a>(&'a self, delivery: &'a Delivery, checks: &'a Checks, cx: MakeContext) -> BoxFuture<'a, Ended>;
    fn run_raw<'a>(&'a self, raw: RawEvent, checks: &'a Checks, cx: MakeContext) -> BoxFuture<'a, Ended>;
    /// Whether its handler could be given that, as it is told by the error if not.
    fn reads(&self, raw: &RawEvent, checks: &Checks) -> Result<()>;
}

pub(crate) struct Typed<E> {
    pub(crate) handler: Erased<E>,
    pub(crate) filter: Option<Filter<E>>,
}

impl<E: Incoming> Typed<E> {
    async fn give(&self, event: E, cx: MakeContext) -> Ended {
        if self.filter.as_ref().is_some_and(|wants| !wants(&event)) {
            return Ended::filtered(event.__envelope());
        }
        let (cx, span) = cx(event.__envelope().clone());
        Ended::Said((self.handler)(event, cx).instrument(span).await)
    }
}

impl<E: Incoming> Route for Typed<E> {
    fn event_type(&self) -> Option<&'static str> {
        E::__TYPE
    }

    fn run<'a>(&'a self, delivery: &'a Delivery, checks: &'a Checks, cx: MakeContext) -> BoxFuture<'a, Ended> {
        Box::pin(async move {
            match read::<E>(delivery, checks) {
                Ok(event) => self.give(event, cx).await,
                Err(error) => Ended::unreadable(&error),
            }
        })
    }

    fn run_raw<'a>(&'a self, raw: RawEvent, checks: &'a Checks, cx: MakeContext) -> BoxFuture<'a, Ended> {
        Box::pin(async move {
            match E::__from_raw(&raw).and_then(|event| event.__check(checks).map(|()| event)) {
                Ok(event) => self.give(event, cx).await,
                Err(error) => Ended::unreadable(&error),
            }
        })
    }

    fn reads(&self, raw: &RawEvent, checks: &Checks) -> Result<()> {
        E::__from_raw(raw)?.__check(checks)
    }
}

/// What a handler can be given of a delivery.
pub(super) fn read<E: Incoming>(delivery: &Delivery, checks: &Checks) -> Result<E> {
    let event = E::__read(delivery.bytes.clone(), &checks.limits)?;
    same_event(&delivery.tenant, delivery.id, event.__envelope())?;
    event.__check(checks)?;
    Ok(event)
}

/// What is stored beside the envelope decides who may see an event, so the envelope must say the same.
fn same_event(tenant: &Option<TenantId>, id: EventId, envelope: &Envelope) -> Result<()> {
    if tenant.as_ref() == Some(&envelope.tenant) && id == envelope.id {
        return Ok(());
    }
    let stored = tenant.as_ref().map_or("no tenant", |tenant| tenant.as_str());
    let message = format!(
        "stored as event {id} of {stored}, but its envelope says event {} of {}: publish it with its own id and tenant",
        envelope.id, envelope.tenant
    );
    Err(Error::new(ErrorKind::Undecodable, message))
}

/// All handlers of a subscription.
pub(crate) struct Router {
    routes: Vec<Box<dyn Route>>,
    /// The one handler of a subscription that takes batches: it then has no routes.
    batch: Option<Box<dyn BatchRoute>>,
    checks: Arc<Checks>,
}

impl Router {
    pub(crate) fn new(routes: Vec<Box<dyn Route>>, checks: Arc<Checks>) -> Self {
        Self { routes, batch: None, checks }
    }

    pub(crate) fn of_batches(batch: Box<dyn BatchRoute>, checks: Arc<Checks>) -> Self {
        Self { routes: Vec::new(), batch: Some(batch), checks }
    }

    /// For a subscription that takes batches.
    pub(crate) fn sift(&self, batch: Vec<Delivery>, spans: &Spans) -> Option<Sifted> {
        self.batch.as_ref().map(|route| route.sift(batch, &self.checks, spans))
    }

    pub(crate) async fn run(&self, delivery: &Delivery, cx: MakeContext) -> Ended {
        // One handler decodes in one pass; only several must first look which one is meant.
        if let [route] = self.routes.as_slice() {
            return route.run(delivery, &self.checks, cx).await;
        }
        let read = RawEvent::parse_within(delivery.bytes.clone(), &self.checks.limits)
            .and_then(|raw| same_event(&delivery.tenant, delivery.id, raw.envelope()).map(|()| raw));
        let raw = match read {
            Ok(raw) => raw,
            Err(error) => return Ended::unreadable(&error),
        };
        match self.route_of(&raw) {
            Some(route) => route.run_raw(raw, &self.checks, cx).await,
            None => Ended::Dead(DeadReason::Unhandled, unhandled(&raw)),
        }
    }

    /// Its type, and when it was published, if it has an envelope.
    pub(crate) fn subject_of(&self, delivery: &Delivery) -> Option<(EventType, Timestamp)> {
        let raw = RawEvent::parse_within(delivery.bytes.clone(), &self.checks.limits).ok()?;
        Some((raw.envelope().event_type.clone(), raw.envelope().timestamp))
    }

    fn route_of(&self, raw: &RawEvent) -> Option<&dyn Route> {
        let event_type = raw.envelope().event_type.as_str();
        let exact = self.routes.iter().find(|route| route.event_type() == Some(event_type));
        exact.or_else(|| self.routes.iter().find(|route| route.event_type().is_none())).map(Box::as_ref)
    }

    /// Whether a dead letter would reach a handler, were it replayed now.
    ///
    /// # Errors
    /// [`ErrorKind::Undecodable`] with what would end it again.
    pub(crate) fn reads(&self, letter: &DeadLetter) -> Result<()> {
        let raw = RawEvent::parse_within(letter.bytes.clone(), &self.checks.limits)?;
        same_event(&letter.tenant, letter.id, raw.envelope())?;
        // One handler is given whatever comes, and says itself what it does not take.
        let route = if let [only] = self.routes.as_slice() { Some(only.as_ref()) } else { self.route_of(&raw) };
        let unknown = || Error::new(ErrorKind::Undecodable, unhandled(&raw));
        route.ok_or_else(unknown)?.reads(&raw, &self.checks)
    }
}

fn unhandled(raw: &RawEvent) -> String {
    format!("no handler of this subscription takes `{}`", raw.envelope().event_type)
}
