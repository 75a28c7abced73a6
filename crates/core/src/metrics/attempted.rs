use super::{AttemptMetrics, Tally, Timed};
use crate::{
    ids::{EventType, TenantId},
    timestamp::Timestamp,
    transport::{DeadReason, Verdict},
};

/// A delivery that ended.
pub(crate) struct Attempted<'a> {
    pub(crate) event_type: Option<&'a EventType>,
    pub(crate) tenant: Option<&'a TenantId>,
    pub(crate) tally: Tally,
    /// If it is dead.
    pub(crate) dead: Option<DeadReason>,
    pub(crate) timed: Option<&'a Timed>,
}

impl Attempted<'_> {
    /// Why it is dead, if it is.
    pub(crate) fn dead(verdict: &Verdict) -> Option<DeadReason> {
        if let Verdict::DeadLetter { reason, .. } = verdict { Some(*reason) } else { None }
    }
}

impl AttemptMetrics {
    pub(super) fn count(&mut self, attempted: &Attempted<'_>, now: Timestamp) {
        let counters = attempted.tally.counters();
        self.succeeded += counters.handled;
        self.failed += counters.failed;
        self.filtered += counters.filtered;
        self.retried += counters.retried;
        if let Some(reason) = attempted.dead
            && let Some(place) = DeadReason::ALL.iter().position(|known| *known == reason)
        {
            self.dead[place] += 1;
        }
        let Some(timed) = attempted.timed else { return };
        if counters.handled + counters.failed > 0 {
            self.handling.time(timed.handling);
        }
        if counters.handled > 0 {
            self.end_to_end.time(now.since(timed.published));
        }
    }
}
