//! From what was seen to how much there is.

use std::time::Duration;

use tekup_core::{
    EventType, Priority, TenantId,
    transport::{Depth, Depths},
};

use super::answer::{OfSet, OfSetCell, OfStream, OfStreamCell};

type Lane = (EventType, Priority);

/// The lane of that name, `<type>:<priority>`.
pub(super) fn lane_of(name: &str) -> Option<Lane> {
    let (event_type, priority) = name.rsplit_once(':')?;
    Some((event_type.parse().ok()?, priority.parse().ok()?))
}

/// Depths while they are put together: of one tenant, or of all.
#[derive(Debug)]
pub(super) struct Estimate<'a> {
    tenant: Option<&'a TenantId>,
    pub(super) depths: Depths,
}

impl<'a> Estimate<'a> {
    pub(super) fn of(tenant: Option<&'a TenantId>) -> Self {
        Self { tenant, depths: Depths { exact: true, ..Depths::default() } }
    }

    pub(super) fn add_lane(&mut self, lane: Option<&Lane>, found: &OfStream) {
        if let Some((event_type, priority)) = lane.filter(|_| found.is_lost()) {
            self.depths.lose_lane(event_type, *priority);
        }
        let all = Depth { ready: found.unread + found.released, ..in_flight(found) };
        self.add_all(lane, &all);
        for cell in &found.cells {
            let [unread, held, released] = scaled_cell(found, cell);
            let depth =
                Depth { ready: unread + released, in_flight: held, oldest: age(cell.oldest), ..Depth::default() };
            self.add_part(lane.filter(|_| self.tenant.is_some()), &cell.tenant, &depth);
        }
        self.saw_all_of(found);
    }

    /// Its events belong to the lanes that they came from.
    pub(super) fn add_retry_stream(&mut self, found: &OfStream) {
        let all = Depth { retrying: found.unread + found.released, ..in_flight(found) };
        self.add_all(None, &all);
        for cell in &found.cells {
            let [unread, held, released] = scaled_cell(found, cell);
            let (retrying, oldest) = (unread + released, age(cell.oldest));
            let depth = Depth { retrying, in_flight: held, oldest, ..Depth::default() };
            self.add_part(lane_of(&cell.lane).as_ref(), &cell.tenant, &depth);
        }
        self.saw_all_of(found);
    }

    pub(super) fn add_due(&mut self, found: &OfSet) {
        self.add_all(None, &Depth { retrying: found.count, oldest: age(found.oldest), ..Depth::default() });
        self.add_cells(found, |cell, retrying| Depth { retrying, oldest: age(cell.oldest), ..Depth::default() });
    }

    pub(super) fn add_dead(&mut self, found: &OfSet) {
        self.add_all(None, &Depth { dead: found.count, ..Depth::default() });
        self.add_cells(found, |_, dead| Depth { dead, ..Depth::default() });
    }

    pub(super) fn add_scheduled(&mut self, found: &OfSet, takes: impl Fn(&EventType) -> bool) {
        let is_taken = |cell: &&OfSetCell| lane_of(&cell.lane).is_some_and(|(event_type, _)| takes(&event_type));
        let taken: u64 = found.cells.iter().filter(is_taken).map(|cell| cell.seen).sum();
        let oldest = found.cells.iter().filter(is_taken).filter_map(|cell| age(cell.oldest)).max();
        self.add_all(None, &Depth { scheduled: scaled(taken, found.count, found.seen), oldest, ..Depth::default() });
        self.add_cells(found, |cell, scheduled| match is_taken(&cell) {
            true => Depth { scheduled, oldest: age(cell.oldest), ..Depth::default() },
            false => Depth::default(),
        });
    }

    fn add_cells(&mut self, found: &OfSet, depth: impl Fn(&OfSetCell, u64) -> Depth) {
        for cell in &found.cells {
            let depth = depth(cell, scaled(cell.seen, found.count, found.seen));
            self.add_part(lane_of(&cell.lane).as_ref(), &cell.tenant, &depth);
        }
        self.depths.exact &= found.seen == found.count;
    }

    /// What holds for all tenants together says nothing of one.
    fn add_all(&mut self, lane: Option<&Lane>, depth: &Depth) {
        if self.tenant.is_some() {
            return;
        }
        self.depths.total.add(depth);
        if let Some((event_type, priority)) = lane {
            self.depths.add_lane(event_type, *priority, depth);
        }
    }

    fn add_part(&mut self, lane: Option<&Lane>, tenant: &str, depth: &Depth) {
        if self.tenant.is_some_and(|wanted| wanted.as_str() != tenant) {
            return;
        }
        if self.tenant.is_some() {
            self.depths.total.add(depth);
        }
        if let Some((event_type, priority)) = lane {
            self.depths.add_lane(event_type, *priority, depth);
        }
        // A stranger's event has none.
        if let Ok(tenant) = tenant.parse() {
            self.depths.add_tenant(&tenant, depth);
        }
    }

    fn saw_all_of(&mut self, found: &OfStream) {
        self.depths.exact &= found.seen == found.unread && found.pending_seen == found.pending;
    }
}

fn in_flight(found: &OfStream) -> Depth {
    let in_flight = found.pending.saturating_sub(found.released);
    Depth { in_flight, oldest: age(found.oldest), ..Depth::default() }
}

/// How many a cell stands for: not handed out, held, handed back.
fn scaled_cell(found: &OfStream, cell: &OfStreamCell) -> [u64; 3] {
    let held = found.pending.saturating_sub(found.released);
    let seen = |of: fn(&OfStreamCell) -> u64| found.cells.iter().map(of).sum();
    [
        scaled(cell.unread, found.unread, found.seen),
        scaled(cell.held, held, seen(|cell| cell.held)),
        scaled(cell.released, found.released, seen(|cell| cell.released)),
    ]
}

/// The share of a whole that `part` of what was seen stands for, rounded.
fn scaled(part: u64, whole: u64, seen: u64) -> u64 {
    let (part, whole, seen) = (u128::from(part), u128::from(whole), u128::from(seen));
    let share = (part * whole + seen / 2).checked_div(seen).unwrap_or(0);
    u64::try_from(share).unwrap_or(u64::MAX)
}

fn age(millis: i64) -> Option<Duration> {
    u64::try_from(millis).ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_and_nothing_seen_is_no_share() {
        let table = [(0, 10, 0, 0), (1, 1, 1, 1), (50, 100_000, 100, 50_000), (1, 1_000, 3, 333), (2, 1_000, 3, 667)];
        for (part, whole, seen, expected) in table {
            assert_eq!(scaled(part, whole, seen), expected, "{part} of {seen}, {whole} in all");
        }
    }

    #[test]
    fn of_what_should_have_left_only_what_is_taken_is_told_as_the_oldest() {
        let cell = |lane: &str, oldest| OfSetCell { lane: lane.into(), tenant: "acme".into(), seen: 1, oldest };
        let cells =
            vec![cell("lead.created:high", 7_000), cell("lead.created:low", -1), cell("invoice.paid:low", 9_000)];
        let found = OfSet { count: 3, seen: 3, oldest: 9_000, cells };
        for tenant in [None, Some("acme".parse().unwrap())] {
            let mut estimate = Estimate::of(tenant.as_ref());
            estimate.add_scheduled(&found, |event_type| event_type.as_str() == "lead.created");
            let depths = estimate.depths;
            let late = Depth { scheduled: 1, oldest: Some(Duration::from_secs(7)), ..Depth::default() };
            assert_eq!((depths.total, depths.of_tenant("acme")), (Depth { scheduled: 2, ..late }, depths.total));
            assert_eq!(depths.of_lane("lead.created", Priority::High), late);
            assert_eq!(depths.of_lane("lead.created", Priority::Low), Depth { oldest: None, ..late });
        }
    }

    #[test]
    fn what_is_scheduled_is_scaled_by_the_types_that_are_taken() {
        let cell =
            |lane: &str, tenant: &str, seen| OfSetCell { lane: lane.into(), tenant: tenant.into(), seen, oldest: -1 };
        let cells =
            vec![cell("lead.created:high", "acme", 30), cell("invoice.paid:low", "acme", 60), cell("", "globex", 10)];
        let found = OfSet { count: 1_000, seen: 100, oldest: -1, cells };
        let mut estimate = Estimate::of(None);
        estimate.add_scheduled(&found, |event_type| event_type.as_str() == "lead.created");
        let depths = estimate.depths;
        assert_eq!((depths.total.scheduled, depths.of_lane("lead.created", Priority::High).scheduled), (300, 300));
        assert_eq!((depths.of_tenant("acme").scheduled, depths.tenants.len(), depths.exact), (300, 1, false));
    }
}
