use std::fmt;

use serde::Serialize;

use super::{Draining, Joining, Registration, SourceSpec, joining::lists};
use crate::ids::{EventType, SubscriptionId};

/// What subscribing would do now. Nothing was changed to find it out.
///
/// Displayed it is a few lines for people.
///
/// ```
/// use tekup_core::{EventBus, RawEvent, Subscription, transport::Joining};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("billing")?;
/// let ledger = Subscription::matching("ledger", "invoice.*").handler(async |_: RawEvent, _| ());
/// let preview = bus.preview(&ledger).await?;
/// assert_eq!(preview.joining, Joining::New);
/// println!("{preview}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Preview {
    /// The subscription.
    pub id: SubscriptionId,
    /// The lists that were asked about, and their revision.
    pub wanted: Registration,
    /// What it would do to what is registered.
    #[serde(serialize_with = "by_name")]
    pub joining: Joining,
    /// What is registered now; `None` if nothing is.
    pub registered: Option<Registration>,
    /// The types that the store has, and that would be taken from then on; for a new subscription all that it takes.
    pub gains: Vec<EventType>,
    /// The lanes that would be left, once what waits there is settled.
    pub drains: Vec<Draining>,
    /// With how many events of the past a new subscription would begin, those of tenants that it leaves out too; where a
    /// removal is to be finished first, with no more than that.
    pub begins_with: u64,
    /// Whether a removal is under way that is to be finished first: nothing of what was registered before stays.
    pub removing: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn by_name<S: serde::Serializer>(joining: &Joining, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(joining.as_str())
}

impl Preview {
    /// What is known from the registration alone; the transport adds what its lanes say.
    ///
    /// ```
    /// use tekup_core::transport::{Joining, Preview, SourceSpec};
    ///
    /// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// assert_eq!(Preview::new(&spec, None).joining, Joining::New);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(spec: &SourceSpec, registered: Option<Registration>) -> Self {
        let lists = Registration::new(spec.patterns.clone(), spec.tenants.clone());
        Self {
            id: spec.id.clone(),
            joining: spec.joining(registered.as_ref()),
            wanted: Registration { revision: spec.revision, policy: spec.policy.clone(), ..lists },
            registered,
            gains: Vec::new(),
            drains: Vec::new(),
            begins_with: 0,
            removing: false,
        }
    }

    /// Whether a type would be taken then that is not taken now.
    ///
    /// ```
    /// use tekup_core::transport::{Preview, SourceSpec};
    ///
    /// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// assert!(Preview::new(&spec, None).would_gain(&"invoice.paid".parse()?));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn would_gain(&self, event_type: &EventType) -> bool {
        let taken_now = self.registered.as_ref().is_some_and(|now| now.takes(event_type));
        self.changes() && self.wanted.takes(event_type) && !taken_now
    }

    /// Whether a type is taken now that would not be taken then.
    ///
    /// ```
    /// use tekup_core::transport::{Preview, SourceSpec};
    ///
    /// let spec = SourceSpec::new("billing/ledger".parse()?, vec!["invoice.*".parse()?]);
    /// assert!(!Preview::new(&spec, None).would_drain(&"invoice.paid".parse()?));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn would_drain(&self, event_type: &EventType) -> bool {
        let taken_now = self.registered.as_ref().is_some_and(|now| now.takes(event_type));
        self.changes() && taken_now && !self.wanted.takes(event_type)
    }

    fn changes(&self) -> bool {
        matches!(self.joining, Joining::New | Joining::TakesOver)
    }
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = lists(&self.wanted.patterns, &self.wanted.tenants);
        write!(f, "{} with {wanted} (revision {})", self.id, self.wanted.revision)?;
        if self.removing {
            write!(f, " is being removed; then it")?;
        }
        match (self.joining, &self.registered) {
            (Joining::New, _) | (_, None) => write!(f, " is new, and begins with {} events", self.begins_with)?,
            (Joining::Same, Some(_)) => write!(f, " is what is registered")?,
            (Joining::TakesOver, Some(now)) => {
                write!(f, " takes over from {} (revision {})", now.lists(), now.revision)?;
            }
            (Joining::Behind, Some(now)) => {
                write!(f, " is behind {} (revision {}): it reads what both take", now.lists(), now.revision)?;
            }
            (Joining::Conflict, Some(now)) => {
                write!(f, " is refused: that revision has {}; raise it if this is right", now.lists())?;
            }
        }
        self.gains.iter().try_for_each(|gained| write!(f, "\n+ {gained}"))?;
        self.drains.iter().try_for_each(|drained| write!(f, "\n- {drained}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::priority::Priority;

    #[test]
    fn a_preview_reads_as_a_few_lines() {
        let mut spec = SourceSpec::new("billing/ledger".parse().unwrap(), vec!["invoice.*".parse().unwrap()]);
        spec.revision = 8;
        let now = Registration { revision: 7, ..Registration::new(vec!["lead.*".parse().unwrap()], Vec::new()) };
        let mut preview = Preview::new(&spec, Some(now));
        preview.gains.push("invoice.paid".parse().unwrap());
        let event_type = "lead.created".parse().unwrap();
        preview.drains.push(Draining { event_type, priority: Priority::Medium, waiting: 3 });
        let lines = "billing/ledger with `invoice.*` (revision 8) takes over from `lead.*` (revision 7)\n\
                     + invoice.paid\n- lead.created:medium (3 events)";
        assert_eq!(preview.to_string(), lines);
        assert!(preview.would_gain(&"invoice.paid".parse().unwrap()));
        assert!(preview.would_drain(&"lead.created".parse().unwrap()));
        spec.revision = 6;
        let preview = Preview::new(&spec, preview.registered);
        assert!(preview.to_string().contains("is behind `lead.*` (revision 7)"), "{preview}");
        assert!(!preview.would_gain(&"invoice.paid".parse().unwrap()));
    }
}
