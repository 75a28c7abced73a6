//! The names that series are counted under: they come from code and customers, so there are bounds.

use std::{collections::HashSet, hash::Hash};

use crate::{
    config::TenantLabels,
    ids::{EventType, TenantId},
};

/// So many types, and so many tenants, are told apart, beside the types that are subscribed to.
pub(super) const NAMES: usize = 1_000;
/// So many series are kept apart. Beyond them a new one is of another tenant, and beyond twice as many of another type.
pub(super) const SERIES: usize = 1_000;

/// A type and a tenant, where they are known.
pub(super) type Named<'a> = (Option<&'a EventType>, Option<&'a TenantId>);

/// What is counted together.
pub(super) type Key = (Label<EventType>, Label<TenantId>);

/// A name as it is counted under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Label<T> {
    Name(T),
    /// One of too many, or of those that nobody asked for.
    Other,
    /// Nobody came to read it; of tenants: they are not told apart.
    None,
}

/// The names that are told apart.
pub(super) struct Labels {
    tenant_labels: TenantLabels,
    types: HashSet<EventType>,
    tenants: HashSet<TenantId>,
    /// Types that subscriptions name.
    expected: HashSet<EventType>,
}

impl Labels {
    pub(super) fn new(tenant_labels: TenantLabels) -> Self {
        Self { tenant_labels, types: HashSet::new(), tenants: HashSet::new(), expected: HashSet::new() }
    }

    /// These have room, whatever else comes first.
    pub(super) fn expect(&mut self, types: impl IntoIterator<Item = EventType>) {
        let room = NAMES.saturating_sub(self.expected.len());
        self.expected.extend(types.into_iter().take(room));
    }

    /// Whether both are counted under the same names.
    pub(super) fn alike(&self) -> impl Fn(Named<'_>, Named<'_>) -> bool + use<> {
        let any_tenant = self.tenant_labels == TenantLabels::Off;
        move |one, next| one.0 == next.0 && (any_tenant || one.1 == next.1)
    }

    /// What it is counted under, if there is room for it.
    pub(super) fn wish(&self, (event_type, tenant): Named<'_>) -> Key {
        let event_type = event_type.map_or(Label::None, |event_type| Label::Name(event_type.clone()));
        let tenant = match (&self.tenant_labels, tenant) {
            (TenantLabels::Off, _) => Label::None,
            (TenantLabels::All, Some(tenant)) => Label::Name(tenant.clone()),
            (TenantLabels::Only(listed), Some(tenant)) if listed.contains(tenant) => Label::Name(tenant.clone()),
            (TenantLabels::All | TenantLabels::Only(_), _) => Label::Other,
        };
        (event_type, tenant)
    }

    /// What it is counted under, beside so many series; takes room for it.
    pub(super) fn place(&mut self, named: Named<'_>, series: usize, is_known: impl Fn(&Key) -> bool) -> Key {
        let mut key = self.admit(self.wish(named));
        if series >= SERIES && matches!(key.1, Label::Name(_)) && !is_known(&key) {
            key.1 = Label::Other;
        }
        if series >= 2 * SERIES && self.is_surplus(&key.0) && !is_known(&key) {
            key.0 = Label::Other;
        }
        key
    }

    fn admit(&mut self, (event_type, tenant): Key) -> Key {
        let is_expected = matches!(&event_type, Label::Name(name) if self.expected.contains(name));
        let event_type = if is_expected { event_type } else { admit(&mut self.types, event_type) };
        (event_type, admit(&mut self.tenants, tenant))
    }

    /// Whether it is told apart only where there is room.
    fn is_surplus(&self, event_type: &Label<EventType>) -> bool {
        matches!(event_type, Label::Name(name) if !self.expected.contains(name))
    }
}

/// The name, if there is room for it.
fn admit<T: Clone + Eq + Hash>(known: &mut HashSet<T>, label: Label<T>) -> Label<T> {
    let Label::Name(name) = &label else { return label };
    let has_room = known.len() < NAMES;
    if known.contains(name) || has_room && known.insert(name.clone()) { label } else { Label::Other }
}

/// As they are told.
pub(super) fn texts((event_type, tenant): &Key) -> (String, Option<String>) {
    let event_type = match event_type {
        Label::Name(name) => name.as_str(),
        Label::Other => "other",
        Label::None => "unknown",
    };
    let tenant = match tenant {
        Label::Name(name) => Some(name.as_str()),
        Label::Other => Some("other"),
        Label::None => None,
    };
    (event_type.to_owned(), tenant.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it is told, beside so many series of which none is known.
    fn told(labels: &mut Labels, event_type: &str, tenant: &str, series: usize) -> (String, Option<String>) {
        let (event_type, tenant) = (event_type.parse().unwrap(), tenant.parse().unwrap());
        texts(&labels.place((Some(&event_type), Some(&tenant)), series, |_| false))
    }

    #[test]
    fn where_there_are_many_series_tenants_are_told_apart_no_more_and_then_types() {
        let table = [
            // (which tenants, expected, series, type, tenant)
            (TenantLabels::All, false, SERIES - 1, "a.b", Some("acme")),
            (TenantLabels::All, false, SERIES, "a.b", Some("other")),
            (TenantLabels::All, false, 2 * SERIES, "other", Some("other")),
            (TenantLabels::All, true, 2 * SERIES, "a.b", Some("other")),
            (TenantLabels::Off, false, SERIES, "a.b", None),
            (TenantLabels::Off, false, 2 * SERIES, "other", None),
            (TenantLabels::Off, true, 2 * SERIES, "a.b", None),
        ];
        for (tenants, is_expected, series, event_type, tenant) in table {
            let mut labels = Labels::new(tenants);
            labels.expect(is_expected.then(|| "a.b".parse().unwrap()));
            assert_eq!(
                told(&mut labels, "a.b", "acme", series),
                (event_type.to_owned(), tenant.map(str::to_owned)),
                "{series}, {is_expected}"
            );
        }
    }

    #[test]
    fn a_type_that_is_subscribed_to_has_room_after_a_thousand_others() {
        let mut labels = Labels::new(TenantLabels::Off);
        (0..NAMES).for_each(|number| drop(told(&mut labels, &format!("a.n{number}"), "acme", 0)));
        assert_eq!(told(&mut labels, "lead.created", "acme", 0).0, "other");
        labels.expect(["lead.created".parse().unwrap()]);
        assert_eq!(told(&mut labels, "lead.created", "acme", 0).0, "lead.created");
    }

    #[test]
    fn no_more_types_are_expected_than_there_is_room_for() {
        let mut labels = Labels::new(TenantLabels::Off);
        (0..2 * NAMES).for_each(|number| labels.expect([format!("a.n{number}").parse().unwrap()]));
        assert_eq!(labels.expected.len(), NAMES);
    }
}
