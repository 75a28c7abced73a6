use std::collections::{HashMap, VecDeque};

use crate::{
    ids::TenantId,
    transport::{MOST_TRACED, Traced},
};

/// Which events belong to which correlation, for as long as their ids are remembered.
#[derive(Debug, Default)]
pub(super) struct Traces(HashMap<(TenantId, String), VecDeque<Traced>>);

impl Traces {
    /// Answers whether there was room for it.
    pub(super) fn add(&mut self, tenant: TenantId, correlation: String, traced: Traced) -> bool {
        let known = self.0.entry((tenant, correlation)).or_default();
        let has_room = known.len() < MOST_TRACED;
        if has_room {
            known.push_back(traced);
        }
        has_room
    }

    pub(super) fn of(&self, tenant: &TenantId, correlation: &str) -> Vec<Traced> {
        let known = self.0.get(&(tenant.clone(), correlation.to_owned()));
        known.map(|known| known.iter().cloned().collect()).unwrap_or_default()
    }

    /// Forgets an event: the oldest of its correlation, for all are forgotten in the order in which they came.
    pub(super) fn forget(&mut self, of: &(TenantId, String)) {
        let Some(known) = self.0.get_mut(of) else { return };
        known.pop_front();
        if known.is_empty() {
            self.0.remove(of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EventId;

    #[test]
    fn what_had_no_room_is_not_there_to_be_forgotten() {
        let mut traces = Traces::default();
        let mut add = |count| -> Vec<bool> {
            let traced = || Traced { id: EventId::generate(), event_type: "lead.scored".parse().unwrap(), cause: None };
            (0..count).map(|_| traces.add("acme".parse().unwrap(), "import-7".into(), traced())).collect()
        };
        assert!(add(MOST_TRACED).into_iter().all(|kept| kept));
        assert_eq!(add(2), [false, false]);
        assert_eq!(traces.of(&"acme".parse().unwrap(), "import-7").len(), MOST_TRACED);
    }

    #[test]
    fn events_are_forgotten_in_their_order_and_a_correlation_with_its_last() {
        let (acme, event_type): (TenantId, _) = ("acme".parse().unwrap(), "lead.scored".parse().unwrap());
        let of = (acme.clone(), "import-7".to_owned());
        let mut traces = Traces::default();
        let ids = [EventId::generate(), EventId::generate()];
        for id in ids {
            let traced = Traced { id, event_type: std::clone::Clone::clone(&event_type), cause: None };
            traces.add(acme.clone(), "import-7".into(), traced);
        }
        traces.forget(&of);
        assert_eq!(traces.of(&acme, "import-7")[0].id, ids[1]);
        traces.forget(&of);
        traces.forget(&of);
        assert!(traces.of(&acme, "import-7").is_empty() && traces.0.is_empty());
    }
}
