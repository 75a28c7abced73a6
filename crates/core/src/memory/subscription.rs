use std::sync::Arc;

use tokio::{sync::Notify, time::Instant};

use super::{
    backlog::{Backlog, Unsettled},
    held::HeldItems,
    item::Item,
    letters::Letters,
    ready::Ready,
    waiting::Waiting,
};
use crate::{
    ids::{EventType, Pattern, SubscriptionId, TenantId},
    transport::{Books, SourceSpec},
};

/// A durable subscription: it outlives its replicas.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) id: SubscriptionId,
    patterns: Vec<Pattern>,
    tenants: Vec<TenantId>,
    /// How many sources read from it.
    pub(super) replicas: usize,
    /// Wakes the replicas that wait. Each looks for itself whether there is something for it.
    pub(super) bell: Arc<Notify>,
    pub(super) ready: Ready,
    pub(super) held: HeldItems,
    pub(super) waiting: Waiting,
    pub(super) letters: Letters,
    pub(super) published: u64,
    pub(super) acked: u64,
    /// What a limit of a lane took.
    dropped: u64,
}

impl Subscription {
    pub(super) fn new(spec: &SourceSpec) -> Self {
        Self {
            id: spec.id.clone(),
            patterns: spec.patterns.clone(),
            tenants: spec.tenants.clone(),
            replicas: 0,
            bell: Arc::default(),
            ready: Ready::default(),
            held: HeldItems::default(),
            waiting: Waiting::default(),
            letters: Letters::new(spec.dead_letter_ttl, spec.dead_letter_cap),
            published: 0,
            acked: 0,
            dropped: 0,
        }
    }

    /// Takes over what the newest replica says. What is queued already stays, whatever its type.
    pub(super) fn update(&mut self, spec: &SourceSpec) {
        self.patterns.clone_from(&spec.patterns);
        self.tenants.clone_from(&spec.tenants);
        self.letters.limit(spec.dead_letter_ttl, spec.dead_letter_cap);
    }

    /// How many deliveries are neither finished nor dead.
    pub(super) fn unsettled(&self) -> usize {
        let ready = self.ready.count();
        ready.fresh + ready.retries + ready.abandoned + self.held.len() + self.waiting.len()
    }

    pub(super) fn takes(&self, event_type: &EventType) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(event_type))
    }

    pub(super) fn is_for(&self, tenant: &TenantId) -> bool {
        self.tenants.is_empty() || self.tenants.contains(tenant)
    }

    /// Takes the oldest item of a lane that has more than it may, waiting or held.
    pub(super) fn cut(&mut self, lane: u32, most: usize) -> Option<Item> {
        let waiting = self.ready.len_of(lane);
        if waiting + self.held.len() <= most || waiting + self.held.of_lane(lane).count() <= most {
            return None;
        }
        let place = self.held.of_lane(lane).chain(self.ready.oldest_of(lane)).min()?;
        let held = self.held.take_if(place, |_| true).map(|held| held.item);
        let item = held.or_else(|| self.ready.remove(place, |_| true))?;
        self.dropped += 1;
        Some(item)
    }

    /// When something happens by itself that a waiting replica must see: a retry comes due, a lease ends.
    pub(super) fn next_change(&self) -> Option<Instant> {
        [self.waiting.next_due(), self.held.next_expiry()].into_iter().flatten().min()
    }

    /// Retries that wait, due or not, but not those at work: what the limit is about.
    pub(super) fn retries(&self) -> usize {
        self.waiting.len() + self.ready.count().retries
    }

    pub(super) fn books(&self) -> Books {
        let ready = self.ready.count();
        Books {
            published: self.published,
            acked: self.acked,
            ready: ready.fresh as u64,
            pending: (self.held.len() + ready.abandoned) as u64,
            retrying: self.retries() as u64,
            dead: self.letters.count(None) as u64,
            expired: self.letters.expired(),
            dropped: self.letters.dropped() + self.dropped,
        }
    }

    pub(super) fn backlog(&self, now: Instant) -> Backlog {
        let (ready, due) = (self.ready.count(), self.waiting.due(now));
        Backlog {
            ready: ready.fresh + ready.retries + due,
            held: self.held.len() + ready.abandoned,
            retrying: self.waiting.len() - due,
            dead: self.letters.count(None),
            first: self.first_unsettled(now).map(|item| self.describe(item)),
        }
    }

    fn first_unsettled(&self, now: Instant) -> Option<&Item> {
        let held = self.held.first().map(|held| &held.item);
        held.or_else(|| self.ready.first()).or_else(|| self.waiting.first_due(now))
    }

    fn describe(&self, item: &Item) -> Unsettled {
        Unsettled {
            subscription: self.id.clone(),
            tenant: item.event.tenant.clone(),
            id: item.event.id,
            event_type: item.event.event_type.clone(),
        }
    }
}
