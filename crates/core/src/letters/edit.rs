use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
};

use serde_json::value::RawValue;

use crate::{
    audit::ActionKind,
    bus::{DeadLetters, Publish},
    checks::Checks,
    envelope::{self, Envelope, Limits, Metadata},
    error::{Error, ErrorKind, Result},
    event::{Event, RawEvent, TekupEvent},
    ids::{EventId, EventType, SchemaVersion, TenantId},
    spans::Desk,
    timestamp::Timestamp,
    transport::{DeadLetter, LetterKey, Outgoing, Receipt},
};

/// A new event in place of a dead one: published when awaited. Made by [`DeadLetters::edit`].
///
/// First the new event is stored, then, if that was asked for, the dead letter is purged. If the process dies in between,
/// both are there: awaiting the same edit again stores a second new event, unless [`Edit::id`] gives it its id.
///
/// # Errors
/// When awaited: [`ErrorKind::NotFound`] if there is no such subscription or letter; [`ErrorKind::InvalidInput`] if the
/// new data is of another type than the dead event, or no JSON; [`ErrorKind::Undecodable`] if the subscription runs here
/// and its handlers could not be given the new event; those of [`EventBus::publish`](crate::EventBus::publish).
///
/// # Cancel safety
/// If dropped, the new event may or may not be stored, and the letter may or may not be purged; it is never purged
/// without the new event being stored.
///
/// ```
/// use tekup_core::{EventBus, EventId, RawEvent, Subscription};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("crm")?;
/// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
/// let edit = bus.dead_letters("crm/audit")?.edit_json("acme", EventId::generate(), "{}")?;
/// assert!(edit.purge().await.is_err()); // there is no such letter
/// # bus.shutdown().await
/// # }
/// ```
#[must_use = "nothing is published until the edit is awaited"]
pub struct Edit {
    letters: DeadLetters,
    key: LetterKey,
    tenant: TenantId,
    id: EventId,
    purge: bool,
    make: Make,
}

/// What an edit has done.
///
/// ```
/// # use tekup_core::{EventId, letters::Edited, transport::Receipt};
/// let edited = Edited { receipt: Receipt::new(EventId::generate(), false), purged: true };
/// assert!(!edited.receipt.duplicate);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// Of the new event.
    pub receipt: Receipt,
    /// Whether the dead letter was purged: never, unless that was asked for.
    pub purged: bool,
}

type Make = Box<dyn FnOnce(&Dead, EventId, &Checks) -> Result<Outgoing> + Send>;

impl Edit {
    pub(crate) fn with_data<T: TekupEvent>(letters: DeadLetters, tenant: TenantId, id: EventId, data: T) -> Self {
        Self::new(letters, tenant, id, Box::new(|dead, id, checks| ready(dead.with_data(id, data)?, checks)))
    }

    pub(crate) fn with_json(letters: DeadLetters, tenant: TenantId, id: EventId, json: String) -> Self {
        Self::new(
            letters,
            tenant,
            id,
            Box::new(|dead, id, checks| ready(dead.with_json(id, json, &checks.limits)?, checks)),
        )
    }

    fn new(letters: DeadLetters, tenant: TenantId, id: EventId, make: Make) -> Self {
        let key = (tenant.clone(), id).into();
        Self { letters, key, tenant, id: EventId::generate(), purge: false, make }
    }

    /// The new event's id, so that the edit can be repeated: it is stored once.
    ///
    /// ```
    /// use tekup_core::{EventBus, EventId};
    ///
    /// let dead = EventBus::in_memory("crm")?.dead_letters("crm/audit")?;
    /// let edit = dead.edit_json("acme", EventId::generate(), "{}")?.id(EventId::generate());
    /// # drop(edit);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn id(mut self, id: EventId) -> Self {
        self.id = id;
        self
    }

    /// Purges the dead letter once the new event is stored.
    ///
    /// ```
    /// use tekup_core::{EventBus, EventId};
    ///
    /// let dead = EventBus::in_memory("crm")?.dead_letters("crm/audit")?;
    /// let edit = dead.edit_json("acme", EventId::generate(), "{}")?.purge();
    /// # drop(edit);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn purge(mut self) -> Self {
        self.purge = true;
        self
    }

    async fn run(self) -> Result<Edited> {
        let letters = self.letters.clone();
        let words = format!("new event {}{}", self.id, if self.purge { ", the dead one is purged" } else { "" });
        let action = letters.action_on(ActionKind::Edit, &self.key).detail(&words);
        letters.bus().recorded(action, self.edit(), |_| 1).await
    }

    async fn edit(self) -> Result<Edited> {
        let Self { letters, key, tenant, id, purge, make } = self;
        let Some(letter) = letters.find(&key).await? else {
            let subscription = letters.subscription();
            let message = format!("`{subscription}` has no dead letter {} of tenant `{tenant}`: list them", key.id);
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        if id == key.id {
            let message = format!("the edited event {id} is to have the id of the dead one: give it another");
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        // The death that was seen, and no later one.
        let seen = LetterKey::from(&letter);
        let dead = Dead::new(letter, tenant);
        let mut outgoing = make(&dead, id, letters.checks())?;
        outgoing.priority = dead.letter.priority.unwrap_or(outgoing.priority);
        dead.check_successor(&letters, &outgoing)?;
        let receipt = letters.publish(outgoing).await?;
        let purged = purge && letters.delete(&seen).await?;
        Ok(Edited { receipt, purged })
    }
}

impl IntoFuture for Edit {
    type Output = Result<Edited>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit").field("letter", &self.key).field("id", &self.id).finish_non_exhaustive()
    }
}

/// The event as it is stored, which the bus then publishes as it is.
fn ready(event: impl Publish, checks: &Checks) -> Result<Outgoing> {
    event.make(&Desk::without_spans(checks)).map(|made| made.outgoing)
}

/// What is known of the dead event.
struct Dead {
    letter: DeadLetter,
    tenant: TenantId,
    /// `None` if it can't be read, or speaks of another tenant: then nothing of it may be passed on.
    envelope: Option<Envelope>,
}

impl Dead {
    fn new(letter: DeadLetter, tenant: TenantId) -> Self {
        let envelope = letter.event().ok().map(|raw| raw.envelope().clone());
        let envelope = envelope.filter(|envelope| envelope.tenant == tenant);
        Self { letter, tenant, envelope }
    }

    fn event_type(&self) -> Option<&EventType> {
        self.letter.event_type.as_ref().or(self.envelope.as_ref().map(|envelope| &envelope.event_type))
    }

    fn with_data<T: TekupEvent>(&self, id: EventId, data: T) -> Result<Event<T>> {
        if let Some(other) = self.event_type().filter(|name| name.as_str() != T::TYPE) {
            let message = format!(
                "dead letter {} is a `{other}`, the new data a `{}`: publish that as an event of its own",
                self.letter.id,
                T::TYPE
            );
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let envelope = self.successor(id, EventType::checked(T::TYPE), T::VERSION.parse()?)?;
        Ok(Event { envelope, data })
    }

    fn with_json(&self, id: EventId, json: String, limits: &Limits) -> Result<RawEvent> {
        let data = RawValue::from_string(json).map_err(|cause| {
            let message = format!("the new data of dead letter {} is no JSON: {cause}", self.letter.id);
            Error::new(ErrorKind::InvalidInput, message).with_source(cause)
        })?;
        let known = self.event_type().zip(self.envelope.as_ref());
        let (event_type, envelope) = known.ok_or_else(|| self.unreadable())?;
        let envelope = self.successor(id, event_type.clone(), envelope.version.clone())?;
        RawEvent::parse_within(envelope::write(&envelope, &data)?.into(), limits)
    }

    /// What would die at once is not published.
    fn check_successor(&self, letters: &DeadLetters, outgoing: &Outgoing) -> Result<()> {
        let as_letter = DeadLetter { id: outgoing.id, bytes: outgoing.bytes.clone(), ..self.letter.clone() };
        letters.check_with_handlers(&as_letter).map_err(|cause| {
            let message = format!(
                "the edited event of dead letter {} would die too: {cause}; mend the data, or edit with `forced()`",
                self.letter.id
            );
            Error::new(ErrorKind::Undecodable, message).with_source(cause)
        })
    }

    fn unreadable(&self) -> Error {
        let message = format!(
            "the envelope of dead letter {} can't be read, so its version is unknown: give the new data as a typed event",
            self.letter.id
        );
        Error::new(ErrorKind::InvalidInput, message)
    }

    fn successor(&self, id: EventId, event_type: EventType, version: SchemaVersion) -> Result<Envelope> {
        let dead = self.envelope.as_ref();
        let mut metadata = dead.map_or_else(Metadata::default, |dead| dead.metadata.clone());
        let correlation = dead.map_or_else(|| self.letter.id.to_string(), Envelope::correlation_id);
        metadata.link(&correlation, Some(self.letter.id))?;
        Ok(Envelope {
            id,
            event_type,
            version,
            tenant: self.tenant.clone(),
            user: dead.and_then(|dead| dead.user.clone()),
            timestamp: Timestamp::now(),
            metadata,
            extensions: dead.map(|dead| dead.extensions.clone()).unwrap_or_default(),
        })
    }
}
