use std::collections::HashMap;

use super::subscription::Subscription;
use crate::{ids::EventType, priority::Priority};

/// All lanes: four for each event type, one for each priority.
#[derive(Debug, Default)]
pub(super) struct Lanes(HashMap<EventType, OfType>);

/// The lanes of one event type.
#[derive(Debug)]
struct OfType {
    /// The number of the first; the others follow.
    first: u32,
    /// Which of them have held something, by priority.
    used: [bool; 4],
    /// Which subscriptions take the type, by number.
    route: Vec<u32>,
    /// The revision of the subscriptions at which that was found out.
    revision: u64,
}

impl Lanes {
    /// The number of a lane, and the numbers of the subscriptions that take what is stored there.
    pub(super) fn find(
        &mut self,
        event_type: &EventType,
        priority: Priority,
        subscriptions: &[Subscription],
        revision: u64,
    ) -> (u32, &[u32]) {
        let types = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        // From 1 on: 0 is the lane of what is retried.
        let new = || OfType {
            first: types.saturating_mul(4).saturating_add(1),
            used: [false; 4],
            route: Vec::new(),
            revision: 0,
        };
        let lanes = self.0.entry(event_type.clone()).or_insert_with(new);
        lanes.used[priority.rank()] = true;
        if lanes.revision != revision {
            lanes.revision = revision;
            lanes.route = takers(event_type, subscriptions);
        }
        (lanes.first.saturating_add(priority as u32), &lanes.route)
    }
}

impl Lanes {
    /// Each lane that has ever held something.
    pub(super) fn used(&self) -> impl Iterator<Item = (&EventType, Priority)> {
        self.0.iter().flat_map(|(event_type, lanes)| {
            let used = Priority::ALL.into_iter().filter(|priority| lanes.used[priority.rank()]);
            used.map(move |priority| (event_type, priority))
        })
    }
}

fn takers(event_type: &EventType, subscriptions: &[Subscription]) -> Vec<u32> {
    (0..).zip(subscriptions).filter(|(_, reader)| reader.takes(event_type)).map(|(number, _)| number).collect()
}
