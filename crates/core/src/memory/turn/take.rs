use std::time::Duration;

use tokio::time::Instant;

use super::Turn;
use crate::{
    ids::{EventId, Pattern, TenantId},
    memory::{
        held::{Held, HeldItems},
        item::{Item, place},
    },
    transport::{Delivery, DeliveryRef, Stage, Start},
};

/// A source, and the settings that are its own.
#[derive(Debug)]
pub(in crate::memory) struct Replica {
    pub(in crate::memory) number: u64,
    pub(in crate::memory) patterns: Vec<Pattern>,
    pub(in crate::memory) tenants: Vec<TenantId>,
    pub(in crate::memory) lease: Duration,
    pub(in crate::memory) retry_limit: usize,
    pub(in crate::memory) idempotency: Option<Duration>,
}

impl Replica {
    fn takes(&self, item: &Item) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(&item.event.event_type))
    }
}

/// What a fetch found.
#[derive(Debug)]
pub(in crate::memory) struct Taken {
    pub(in crate::memory) deliveries: Vec<Delivery>,
    /// When to look again at the latest.
    pub(in crate::memory) next_change: Option<Instant>,
}

impl Turn<'_> {
    /// Hands out at most so many.
    pub(in crate::memory) fn take(&mut self, most: usize, replica: &Replica) -> Taken {
        if self.subscription.state.borrow().is_paused() {
            return Taken { deliveries: Vec::new(), next_change: None };
        }
        self.make_ready();
        let known = self.subscription.next_change();
        let most = most.min(self.subscription.allowed(self.now));
        // One whose lists are not those registered has no handler for what others take.
        let takes_all = self.subscription.registered.is_of(&replica.patterns, &replica.tenants);
        let is_wanted = |item: &Item| takes_all || replica.takes(item);
        let mut deliveries = Vec::new();
        while deliveries.len() < most {
            let below_limit = self.subscription.retries() < replica.retry_limit;
            let Some(item) = self.subscription.ready.take(below_limit, is_wanted) else { break };
            deliveries.push(self.hand_out(item, replica));
        }
        self.subscription.spend(deliveries.len(), self.now);
        let next_change = self.subscription.next_change();
        if next_change.is_some_and(|next| known.is_none_or(|known| next < known)) {
            // A replica that could take nothing sleeps, and does not know that these leases end earlier.
            self.ring();
        }
        let next_allowed = self.subscription.next_allowed(self.now);
        Taken { deliveries, next_change: next_change.into_iter().chain(next_allowed).min() }
    }

    /// Makes ready what is due, and what is no longer held.
    fn make_ready(&mut self) {
        let subscription = &mut *self.subscription;
        while let Some(item) = subscription.waiting.take_due(self.now) {
            subscription.ready.put(item);
        }
        while let Some(held) = subscription.held.take_expired(self.now) {
            subscription.ready.put(held.item);
        }
    }

    fn hand_out(&mut self, mut item: Item, replica: &Replica) -> Delivery {
        let is_fresh = !item.is_abandoned();
        let start = match is_fresh {
            true if self.has_finished(&item, replica) => Start::Finished,
            true => Start::Fresh,
            false => Start::TakenOver,
        };
        if is_fresh {
            item.starts = 1;
        }
        self.mark(&item, Stage::Processing);
        let delivery = item.delivery(start);
        let (owner, until) = (replica.number, self.now + replica.lease);
        self.subscription.held.put(Held { item, owner, until, started: is_fresh });
        delivery
    }

    /// Starts what was taken over.
    pub(in crate::memory) fn start(&mut self, delivery: &DeliveryRef, replica: &Replica) -> Option<Delivery> {
        let held = renewed(&mut self.subscription.held, delivery, self.now + replica.lease, replica)?;
        held.item.starts = held.item.starts.saturating_add(1);
        held.started = true;
        let mut started = held.item.delivery(Start::Fresh);
        if started.tenant.clone().is_some_and(|tenant| self.knows_end(&(tenant, started.id), replica)) {
            started.start = Start::Finished;
        }
        Some(started)
    }

    fn has_finished(&self, item: &Item, replica: &Replica) -> bool {
        replica.idempotency.is_some() && self.knows_end(&(item.event.tenant.clone(), item.event.id), replica)
    }

    fn knows_end(&self, key: &(TenantId, EventId), replica: &Replica) -> bool {
        replica.idempotency.is_some() && self.subscription.finished.knows(key, self.now)
    }

    /// Renews leases; answers which are lost.
    pub(in crate::memory) fn renew(&mut self, held: Vec<DeliveryRef>, replica: &Replica) -> Vec<DeliveryRef> {
        let (mine, until) = (&mut self.subscription.held, self.now + replica.lease);
        held.into_iter().filter(|delivery| renewed(mine, delivery, until, replica).is_none()).collect()
    }
}

fn renewed<'held>(
    held: &'held mut HeldItems,
    delivery: &DeliveryRef,
    until: Instant,
    replica: &Replica,
) -> Option<&'held mut Held> {
    held.renew(place(delivery)?, until, |held| held.belongs_to(replica.number, delivery.starts))
}
