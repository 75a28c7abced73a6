use std::{collections::BTreeSet, fmt};

use tekup_core::EventId;

/// What became of each event that was read from the file. It holds ids, so that an event that is handled twice is
/// counted once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    /// Stored by the bus.
    pub(crate) published: BTreeSet<EventId>,
    /// The scoring handler came to its end.
    pub(crate) handled: BTreeSet<EventId>,
    /// Needed more than one attempt.
    pub(crate) retried: BTreeSet<EventId>,
    /// Was in the dead letters at some time.
    pub(crate) dead_lettered: BTreeSet<EventId>,
    /// Was given back from the dead letters.
    pub(crate) replayed: BTreeSet<EventId>,
    /// Is in the dead letters now: what the bus answered last.
    pub(crate) dead: BTreeSet<EventId>,
}

impl Ledger {
    /// Notes what the bus answered; dead letters of earlier runs are not this run's.
    pub(crate) fn found_dead(&mut self, ids: impl IntoIterator<Item = EventId>) {
        self.dead = ids.into_iter().filter(|id| self.published.contains(id)).collect();
        self.dead_lettered.extend(&self.dead);
    }

    /// Published, and neither handled nor dead: on its way, or lost if nothing moves any more.
    pub(crate) fn open(&self) -> usize {
        self.published.iter().filter(|id| !self.handled.contains(id) && !self.dead.contains(id)).count()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "published={} handled={} retried={} dead_lettered={} replayed={} lost={}",
            self.published.len(),
            self.handled.len(),
            self.retried.len(),
            self.dead_lettered.len(),
            self.replayed.len(),
            self.open()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ids: [EventId; 3]) -> Ledger {
        Ledger { published: ids.into(), ..Ledger::default() }
    }

    #[test]
    fn what_is_neither_handled_nor_dead_is_lost() {
        let ids @ [a, b, _] = [(); 3].map(|()| EventId::generate());
        let mut ledger = of(ids);
        ledger.handled.insert(a);
        ledger.found_dead([b]);
        assert_eq!(ledger.to_string(), "published=3 handled=1 retried=0 dead_lettered=1 replayed=0 lost=1");
    }

    #[test]
    fn what_leaves_the_dead_letters_and_does_not_arrive_is_lost() {
        let ids @ [a, b, c] = [(); 3].map(|()| EventId::generate());
        let mut ledger = of(ids);
        ledger.handled.extend([a, b]);
        ledger.found_dead([c]);
        assert_eq!(ledger.open(), 0);
        ledger.found_dead([]);
        assert_eq!((ledger.open(), ledger.dead_lettered.len()), (1, 1));
    }

    #[test]
    fn the_dead_letters_of_other_runs_are_not_counted() {
        let mut ledger = of([(); 3].map(|()| EventId::generate()));
        ledger.found_dead([EventId::generate()]);
        assert!(ledger.dead_lettered.is_empty());
    }
}
