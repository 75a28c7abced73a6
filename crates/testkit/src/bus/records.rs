use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tekup_core::{
    EventId, RawEvent, Result, SubscriptionId, TenantId,
    transport::{self, DeadReason, Outgoing, Settlement, Verdict},
};
use tokio::sync::Notify;

use crate::watched::Watcher;

/// All that happened on the store of a test.
#[derive(Debug, Default)]
pub(super) struct Records {
    state: Mutex<State>,
    settled: Notify,
}

#[derive(Debug, Default)]
struct State {
    published: Vec<Outgoing>,
    verdicts: Vec<Settled>,
}

/// A verdict that took effect.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    pub(super) subscription: SubscriptionId,
    pub(super) tenant: Option<TenantId>,
    pub(super) id: EventId,
    pub(super) verdict: Verdict,
}

/// That an event was given another attempt, and why.
///
/// ```
/// use std::time::Duration;
/// use tekup_testkit::Retried;
///
/// let retried = Retried { failures: 1, delay: Duration::from_secs(1), error: "busy".into() };
/// assert_eq!(retried.failures, 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retried {
    /// Attempts that had failed by then.
    pub failures: u32,
    /// How long the next attempt was put off.
    pub delay: Duration,
    /// What went wrong.
    pub error: String,
}

/// That an event was given up, and why.
///
/// ```
/// use tekup_core::transport::DeadReason;
/// use tekup_testkit::DeadLettered;
///
/// let dead = DeadLettered { reason: DeadReason::Rejected, attempts: 1, error: "a negative invoice".into() };
/// assert_eq!(dead.reason, DeadReason::Rejected);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLettered {
    /// Why.
    pub reason: DeadReason,
    /// Attempts that were made.
    pub attempts: u32,
    /// What went wrong the last time.
    pub error: String,
}

impl Records {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a delivery of an event has ended. For one waiter.
    pub(super) async fn ended_once(&self, event: &(TenantId, EventId)) {
        while !self.lock().verdicts.iter().any(|settled| settled.is_of(event)) {
            self.settled.notified().await;
        }
    }

    /// What was published, in order; what is no event is left out.
    pub(super) fn events(&self) -> Vec<RawEvent> {
        let state = self.lock();
        state.published.iter().filter_map(|outgoing| RawEvent::parse(outgoing.bytes.clone()).ok()).collect()
    }

    /// The events of a subscription that ended so, in the order in which they did.
    pub(super) fn ended<T>(
        &self,
        subscription: &SubscriptionId,
        so: impl Fn(&Verdict) -> Option<T>,
    ) -> Vec<(RawEvent, T)> {
        let state = self.lock();
        let of_it = state.verdicts.iter().filter(|settled| settled.subscription == *subscription);
        of_it.filter_map(|settled| Some((state.event(settled).ok()?, so(&settled.verdict)?))).collect()
    }

    /// Every event that was given up, for whichever subscription.
    pub(super) fn dead(&self) -> Vec<(Settled, DeadLettered)> {
        let state = self.lock();
        state.verdicts.iter().filter_map(|settled| Some((settled.clone(), dead_lettered(&settled.verdict)?))).collect()
    }
}

impl Settled {
    pub(super) fn is_of(&self, (tenant, id): &(TenantId, EventId)) -> bool {
        self.id == *id && self.tenant.as_ref() == Some(tenant)
    }
}

impl Watcher for Records {
    fn published(&self, event: Outgoing) {
        self.lock().published.push(event);
    }

    fn settled(&self, subscription: &SubscriptionId, settlement: Settlement, answer: transport::Settled) {
        let Settlement { id, tenant, verdict, .. } = settlement;
        if answer == transport::Settled::Done {
            self.lock().verdicts.push(Settled { subscription: subscription.clone(), tenant, id, verdict });
            self.settled.notify_one();
        }
    }
}

impl State {
    fn event(&self, settled: &Settled) -> Result<RawEvent> {
        let same =
            |outgoing: &&Outgoing| outgoing.id == settled.id && Some(&outgoing.tenant) == settled.tenant.as_ref();
        let bytes = self.published.iter().find(same).map(|outgoing| outgoing.bytes.clone());
        RawEvent::parse(bytes.unwrap_or_default())
    }
}

pub(super) fn handled(verdict: &Verdict) -> Option<()> {
    matches!(verdict, Verdict::Ack).then_some(())
}

pub(super) fn retried(verdict: &Verdict) -> Option<Retried> {
    match verdict {
        Verdict::Retry { delay, failures, error } => {
            Some(Retried { failures: *failures, delay: *delay, error: error.clone() })
        }
        _ => None,
    }
}

pub(super) fn dead_lettered(verdict: &Verdict) -> Option<DeadLettered> {
    match verdict {
        Verdict::DeadLetter { reason, attempts, error } => {
            Some(DeadLettered { reason: *reason, attempts: *attempts, error: error.clone() })
        }
        _ => None,
    }
}
