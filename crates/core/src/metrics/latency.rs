//! How long it takes, by type of event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EndToEndTimes, HandlingTimes};
use crate::ids::{EventType, SubscriptionId, TenantId};

/// How long deliveries took which a handler has finished, and whose ack the store has taken.
///
/// ```
/// use tekup_core::transport::Latency;
/// assert!(Latency::default().is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Latency {
    /// How long the last attempt of each took: decoding, filter and handler.
    pub handling: HandlingTimes,
    /// From the timestamp in the envelope to the answer to the ack, retries and delays included. The two are read from
    /// the publisher's and the handler's clock: what seems to end before it began counts as no time.
    pub end_to_end: EndToEndTimes,
}

impl Latency {
    /// Whether nothing was counted.
    ///
    /// ```
    /// assert!(tekup_core::transport::Latency::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.handling.is_empty() && self.end_to_end.is_empty()
    }

    /// Adds what another has counted.
    ///
    /// ```
    /// use tekup_core::transport::Latency;
    ///
    /// let (mut sum, mut other) = (Latency::default(), Latency::default());
    /// other.handling.count_in(10, 3);
    /// sum.add(&other);
    /// assert_eq!(sum.handling.count(), 3);
    /// ```
    pub fn add(&mut self, other: &Self) {
        self.handling.add(&other.handling);
        self.end_to_end.add(&other.end_to_end);
    }

    /// What was counted since an earlier look.
    ///
    /// ```
    /// use tekup_core::transport::Latency;
    /// assert!(Latency::default().since(&Latency::default()).is_empty());
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            handling: self.handling.since(&earlier.handling),
            end_to_end: self.end_to_end.since(&earlier.end_to_end),
        }
    }
}

/// How long a subscription takes, by type of event.
///
/// ```
/// use tekup_core::transport::{Latencies, Latency};
///
/// let mut latencies = Latencies::default();
/// let mut created = Latency::default();
/// created.handling.count_in(10, 3);
/// latencies.add(Some(&"lead.created".parse()?), &created);
/// assert_eq!(latencies.of("lead.created"), Some(&created));
/// assert_eq!(latencies.all(), created);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Latencies {
    /// For each type of event.
    pub by_type: BTreeMap<EventType, Latency>,
    /// For the types beyond the first 1,000 that a process has met, in one.
    pub others: Latency,
}

impl Latencies {
    /// Over all types.
    ///
    /// ```
    /// assert!(tekup_core::transport::Latencies::default().all().is_empty());
    /// ```
    #[must_use]
    pub fn all(&self) -> Latency {
        let mut sum = self.others.clone();
        self.by_type.values().for_each(|latency| sum.add(latency));
        sum
    }

    /// For one type; `None` if none of it was finished yet, or what is given is no type.
    ///
    /// ```
    /// assert!(tekup_core::transport::Latencies::default().of("lead.created").is_none());
    /// ```
    #[must_use]
    pub fn of(&self, event_type: impl AsRef<str>) -> Option<&Latency> {
        self.by_type.get(&EventType::new(event_type).ok()?)
    }

    /// Adds what was counted for a type; with `None`, for the others.
    ///
    /// ```
    /// use tekup_core::transport::{Latencies, Latency};
    ///
    /// let mut latencies = Latencies::default();
    /// latencies.add(None, &Latency::default());
    /// assert!(latencies.by_type.is_empty());
    /// ```
    pub fn add(&mut self, event_type: Option<&EventType>, latency: &Latency) {
        let Some(event_type) = event_type else { return self.others.add(latency) };
        match self.by_type.get_mut(event_type) {
            Some(sum) => sum.add(latency),
            None => drop(self.by_type.insert(event_type.clone(), latency.clone())),
        }
    }

    /// What was counted since an earlier look: what is stored is never set back, so this is how to learn of the last
    /// minute.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let bus = EventBus::in_memory("audit")?;
    /// # bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let earlier = bus.latencies("audit/everything").await?;
    /// // a minute later
    /// let last_minute = bus.latencies("audit/everything").await?.since(&earlier);
    /// assert_eq!(last_minute.all().handling.p99(), None);
    /// # bus.shutdown().await
    /// # }
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut difference = Self { others: self.others.since(&earlier.others), ..Self::default() };
        for (event_type, latency) in &self.by_type {
            let latency =
                earlier.by_type.get(event_type).map_or_else(|| latency.clone(), |before| latency.since(before));
            if !latency.is_empty() {
                difference.by_type.insert(event_type.clone(), latency);
            }
        }
        difference
    }
}

/// What one process has counted for one type of a subscription since it last said so.
///
/// ```
/// use tekup_core::transport::{Latency, LatencyDelta};
///
/// let mut latency = Latency::default();
/// latency.handling.count_in(10, 3);
/// let event_type = Some("invoice.paid".parse()?);
/// let delta = LatencyDelta { subscription: "billing/ledger".parse()?, tenant: None, event_type, latency };
/// assert_eq!(delta.latency.handling.count(), 3);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyDelta {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// The tenant whose events these are; `None` for all tenants together.
    pub tenant: Option<TenantId>,
    /// The type of the events; `None` for those that are counted together because there are too many.
    pub event_type: Option<EventType>,
    /// What was counted.
    pub latency: Latency,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(count: u64) -> Latency {
        let mut latency = Latency::default();
        latency.handling.count_in(7, count);
        latency.end_to_end.count_in(8, count);
        latency
    }

    #[test]
    fn the_last_minute_is_what_came_since_the_look_before() {
        let (created, scored): (EventType, EventType) =
            ("lead.created".parse().unwrap(), "lead.scored".parse().unwrap());
        let mut earlier = Latencies::default();
        earlier.add(Some(&created), &counted(5));
        earlier.add(None, &counted(1));
        let mut later = earlier.clone();
        later.add(Some(&scored), &counted(2));
        later.add(None, &counted(3));
        let last = later.since(&earlier);
        assert_eq!((last.of("lead.created"), last.of("lead.scored")), (None, Some(&counted(2))));
        assert_eq!((last.others.clone(), last.all()), (counted(3), counted(5)));
        assert_eq!(last.of("no type"), None);
    }

    #[test]
    fn latencies_survive_a_round_trip() {
        let mut latencies = Latencies::default();
        latencies.add(Some(&"lead.created".parse().unwrap()), &counted(5));
        let json = serde_json::to_string(&latencies).unwrap();
        assert!(json.contains(r#""lead.created":{"handling":[0,0,0,0,0,0,0,5],"endToEnd":[0,"#), "{json}");
        assert_eq!(serde_json::from_str::<Latencies>(&json).unwrap(), latencies);
    }
}
