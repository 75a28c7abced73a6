//! What is registered of a subscription, and what another spec would do to it.

use std::collections::{BTreeMap, BTreeSet};

use super::{store::Store, subscription::Subscription};
use crate::{
    error::Result,
    ids::{EventType, SubscriptionId},
    priority::Priority,
    transport::{Draining, Joining, Preview, Registration, SourceSpec, StartAt},
};

/// Of each lane, how many events are not settled there.
type Depths = BTreeMap<(EventType, Priority), u64>;

impl Store {
    /// Whether it must not change what is registered.
    pub(super) fn is_behind(&self, spec: &SourceSpec) -> Result<bool> {
        let Some(subscription) = self.get(&spec.id) else { return Ok(false) };
        let known = &subscription.registered;
        match spec.joining(Some(known)) {
            Joining::Conflict => Err(spec.refusal(known)),
            Joining::Behind => {
                tracing::warn!(subscription = %spec.id, "{}", spec.lag(known));
                Ok(true)
            }
            Joining::Same => subscription.check_limit(spec).map(|()| false),
            Joining::TakesOver if spec.revision == 0 && subscription.replicas > 0 => {
                tracing::warn!(subscription = %spec.id, "{}", spec.taking_over(known));
                Ok(false)
            }
            Joining::New | Joining::TakesOver => Ok(false),
        }
    }

    pub(super) fn registration(&self, id: &SubscriptionId) -> Result<Registration> {
        let Some(subscription) = self.get(id) else { return Err(self.unknown(id)) };
        let depths = depths(subscription).into_iter();
        let left = depths.filter(|((event_type, _), _)| !subscription.takes(event_type));
        let draining = left.map(|((event_type, priority), waiting)| Draining { event_type, priority, waiting });
        Ok(Registration { draining: draining.collect(), ..subscription.registered.clone() })
    }

    pub(super) fn preview(&self, spec: &SourceSpec) -> Preview {
        let mut preview = Preview::new(spec, self.registration(&spec.id).ok());
        let types: BTreeSet<&EventType> = self.lanes.used().map(|(event_type, _)| event_type).collect();
        preview.gains = types.into_iter().filter(|one| preview.would_gain(one)).cloned().collect();
        let depths = self.get(&spec.id).map(depths).unwrap_or_default();
        let left: BTreeSet<_> = self.lanes.used().filter(|(one, _)| preview.would_drain(one)).collect();
        let drains = left.into_iter().map(|(event_type, priority)| {
            let waiting = depths.get(&(event_type.clone(), priority)).copied().unwrap_or(0);
            Draining { event_type: event_type.clone(), priority, waiting }
        });
        preview.drains = drains.collect();
        if preview.joining == Joining::New && spec.start_at != StartAt::Now {
            preview.begins_with = self.lying(&Subscription::new(spec)).len() as u64;
        }
        preview
    }
}

fn depths(subscription: &Subscription) -> Depths {
    let mut depths = Depths::new();
    for item in subscription.in_lanes() {
        *depths.entry((item.event.event_type.clone(), item.event.priority)).or_default() += 1;
    }
    depths
}
