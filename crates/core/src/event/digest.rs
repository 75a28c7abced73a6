use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::{
    envelope::Envelope,
    ids::{EventType, TenantId},
    timestamp::Timestamp,
};

/// A list of events in numbers; displayed, one sentence.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{EventDigest, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated {}
/// let lead = |tenant: &str, time: &str| LeadCreated {}.event(tenant).timestamp(time.parse()?).build();
/// let events = [lead("acme", "2025-09-14T10:15:30.123Z")?, lead("other", "2025-09-14T10:00:00Z")?];
///
/// let digest = EventDigest::of(events.iter().map(|event| &event.envelope));
/// assert_eq!(digest.by_tenant[&"acme".parse()?], 1);
/// assert_eq!(
///     digest.to_string(),
///     "2 events of type lead.created and 2 tenants, from 2025-09-14T10:00:00.000Z to 2025-09-14T10:15:30.123Z"
/// );
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventDigest {
    /// How many events there are.
    pub total: usize,
    /// How many of each type.
    pub by_type: BTreeMap<EventType, usize>,
    /// How many of each tenant.
    pub by_tenant: BTreeMap<TenantId, usize>,
    /// When the first of them happened, by their publishers' clocks; `None` without events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// When the last of them happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
}

impl EventDigest {
    /// Counts events, in whatever order they come.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventDigest, RawEvent, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let events: Vec<RawEvent> = vec![LeadCreated {}.event("acme").build()?.to_raw()?];
    /// assert_eq!(EventDigest::of(events.iter().map(RawEvent::envelope)).total, 1);
    /// assert_eq!(EventDigest::of([]).to_string(), "no events");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Envelope>) -> Self {
        events.into_iter().fold(Self::default(), Self::with)
    }

    fn with(mut self, event: &Envelope) -> Self {
        self.total += 1;
        *self.by_type.entry(event.event_type.clone()).or_default() += 1;
        *self.by_tenant.entry(event.tenant.clone()).or_default() += 1;
        self.first = Some(self.first.map_or(event.timestamp, |first| first.min(event.timestamp)));
        self.last = self.last.max(Some(event.timestamp));
        self
    }
}

impl fmt::Display for EventDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(first), Some(last)) = (self.first, self.last) else { return f.write_str("no events") };
        let (types, tenants) = (named("type", &self.by_type), named("tenant", &self.by_tenant));
        let events = if self.total == 1 { "event" } else { "events" };
        write!(f, "{} {events} of {types} and {tenants}, ", self.total)?;
        if first == last { write!(f, "at {first}") } else { write!(f, "from {first} to {last}") }
    }
}

/// The only one by its name, several by their number.
fn named<K: fmt::Display>(what: &str, counts: &BTreeMap<K, usize>) -> String {
    match counts.keys().next() {
        Some(only) if counts.len() == 1 => format!("{what} {only}"),
        _ => format!("{} {what}s", counts.len()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::RawEvent;

    fn event(event_type: &str, tenant: &str, second: u8) -> RawEvent {
        let event = json!({
            "id": "018f6c9a-0000-7000-8000-000000000016", "type": event_type, "tenantId": tenant,
            "timestamp": format!("2025-09-14T10:15:{second:02}.123Z"), "data": {},
        });
        RawEvent::parse(event.to_string()).unwrap()
    }

    fn told(events: &[RawEvent]) -> String {
        EventDigest::of(events.iter().map(RawEvent::envelope)).to_string()
    }

    #[test]
    fn a_digest_is_one_sentence_that_names_what_there_is_one_of() {
        let (created, scored) = (event("lead.created", "acme", 7), event("lead.scored", "acme", 3));
        let other = event("lead.created", "other", 5);
        let (third, fifth, seventh) =
            ("2025-09-14T10:15:03.123Z", "2025-09-14T10:15:05.123Z", "2025-09-14T10:15:07.123Z");
        let table = [
            (vec![], "no events".to_owned()),
            (vec![created.clone()], format!("1 event of type lead.created and tenant acme, at {seventh}")),
            (vec![created.clone(); 2], format!("2 events of type lead.created and tenant acme, at {seventh}")),
            (
                vec![created.clone(), scored.clone()],
                format!("2 events of 2 types and tenant acme, from {third} to {seventh}"),
            ),
            (
                vec![created.clone(), other.clone()],
                format!("2 events of type lead.created and 2 tenants, from {fifth} to {seventh}"),
            ),
            (vec![created, scored, other], format!("3 events of 2 types and 2 tenants, from {third} to {seventh}")),
        ];
        for (events, sentence) in table {
            assert_eq!(told(&events), sentence);
        }
    }

    #[test]
    fn a_digest_is_written_in_camel_case_and_without_times_that_there_are_none_of() {
        let events =
            [event("lead.created", "acme", 7), event("lead.scored", "acme", 3), event("lead.scored", "other", 5)];
        let digest = EventDigest::of(events.iter().map(RawEvent::envelope));
        let expected = json!({
            "total": 3, "byType": {"lead.created": 1, "lead.scored": 2}, "byTenant": {"acme": 2, "other": 1},
            "first": "2025-09-14T10:15:03.123Z", "last": "2025-09-14T10:15:07.123Z",
        });
        assert_eq!(serde_json::to_value(digest).unwrap(), expected);
        let none = json!({"total": 0, "byType": {}, "byTenant": {}});
        assert_eq!(serde_json::to_value(EventDigest::of([])).unwrap(), none);
    }
}
