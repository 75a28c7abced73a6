use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{
    audit::Audit,
    backlog::Backlog,
    clock::Clock,
    counters::AllCounters,
    depths::DepthTally,
    followers::Followers,
    index::Index,
    item::{Item, Stored},
    lane_limit::LaneLimit,
    lanes::Lanes,
    latencies::AllLatencies,
    retained::Retained,
    schedule::Schedule,
    subscription::Subscription,
    turn::Turn,
};
use crate::{
    audit::AdminAction,
    error::{Error, ErrorKind, Result},
    ids::{EventId, SubscriptionId, TenantId},
    metrics::LatencyDelta,
    transport::{
        Books, Cancellation, CounterDelta, Depths, Due, EventStatus, ListedSubscription, Outgoing, Receipt, SourceSpec,
        StartAt, StoredEvent, StoredIn, SubscriptionPage, SubscriptionState, SubscriptionStatus, Traced,
    },
};

/// All that is stored.
#[derive(Debug)]
pub(super) struct Store {
    clock: Clock,
    pub(super) lanes: Lanes,
    index: Index,
    schedule: Schedule,
    /// By number. They never go, so a number means the same for ever.
    subscriptions: Vec<Subscription>,
    numbers: HashMap<SubscriptionId, u32>,
    /// Raised with each change of what subscriptions take, so that lanes know when to look again.
    revision: u64,
    /// How many sources were ever opened: the last one's number.
    sources: u64,
    pub(super) counters: AllCounters,
    pub(super) latencies: AllLatencies,
    pub(super) followers: Followers,
    /// How many deliveries may wait for one subscription.
    backlog_limit: usize,
    pub(super) lane_limit: LaneLimit,
    pub(super) retained: Retained,
    pub(super) audit: Audit,
}

fn is_full(subscription: &Subscription) -> Error {
    let (id, unsettled) = (&subscription.id, subscription.unsettled());
    let message =
        format!("subscription `{id}` has {unsettled} deliveries to settle: publish again when it has caught up");
    Error::new(ErrorKind::Backpressure, message)
}

impl Store {
    pub(super) fn new(backlog_limit: usize) -> Self {
        Self {
            clock: Clock::default(),
            lanes: Lanes::default(),
            index: Index::default(),
            schedule: Schedule::default(),
            subscriptions: Vec::new(),
            numbers: HashMap::new(),
            revision: 0,
            sources: 0,
            counters: AllCounters::default(),
            latencies: AllLatencies::default(),
            followers: Followers::default(),
            backlog_limit,
            lane_limit: LaneLimit::default(),
            retained: Retained::default(),
            audit: Audit::default(),
        }
    }

    pub(super) fn publish(&mut self, batch: Vec<Outgoing>) -> Vec<Result<Receipt>> {
        let now = Instant::now();
        self.index.forget(now);
        let receipts = batch.into_iter().map(|outgoing| self.add(outgoing, now)).collect();
        self.ring();
        receipts
    }

    fn ring(&self) {
        for subscription in self.subscriptions.iter().filter(|one| one.ready.count().fresh > 0) {
            subscription.bell.notify_waiters();
        }
    }

    fn add(&mut self, mut outgoing: Outgoing, now: Instant) -> Result<Receipt> {
        let (id, key) = (outgoing.id, (outgoing.tenant.clone(), outgoing.id));
        if self.index.knows(&key) || self.schedule.knows(&key) {
            return Ok(Receipt::new(id, true));
        }
        let audited = outgoing.audit.take();
        let wait = outgoing.due.map_or(Duration::ZERO, |due| due.wait(self.clock.at(now)));
        if wait.is_zero() {
            self.store(key, outgoing, now, self.backlog_limit)?;
        } else {
            self.put_off(key, outgoing, now + wait.min(Due::LONGEST))?;
        }
        if let Some(event) = audited {
            self.audit.note(*event, self.clock.at(now));
        }
        Ok(Receipt::new(id, false))
    }

    /// Queues an event for all that take it, unless one of them has `limit` deliveries to settle.
    fn store(&mut self, key: (TenantId, EventId), outgoing: Outgoing, now: Instant, limit: usize) -> Result<()> {
        let Outgoing { id, tenant, event_type, priority, bytes, trace, due: _, audit: _ } = outgoing;
        let (lane, route) = self.lanes.find(&event_type, priority, &self.subscriptions, self.revision);
        let time = self.clock.at(now);
        let has_begun = |number: &u32| self.subscriptions.get(*number as usize).is_some_and(|one| one.has_begun(time));
        let route = if route.iter().all(has_begun) {
            Cow::Borrowed(route)
        } else {
            route.iter().copied().filter(has_begun).collect()
        };
        let mut takers = route.iter().filter_map(|number| self.subscriptions.get(*number as usize));
        if let Some(full) = takers.find(|one| one.unsettled() >= limit) {
            return Err(is_full(full));
        }
        let number = self.index.add(key, now, &route);
        if let Some(link) = trace {
            self.index.trace(link, event_type.clone());
        }
        let event = Arc::new(Stored { number, id, tenant, event_type, priority, bytes, since: now, time });
        for number in &*route {
            if let Some(subscription) = self.subscriptions.get_mut(*number as usize) {
                subscription.give(Item::fresh(lane, Arc::clone(&event)));
                self.lane_limit.keep(lane, *number, subscription, &mut self.index, now);
            }
        }
        self.retained.put(lane, &event, now);
        self.followers.tell(&event);
        Ok(())
    }

    fn put_off(&mut self, key: (TenantId, EventId), outgoing: Outgoing, due: Instant) -> Result<()> {
        let waiting = self.schedule.count(None);
        if waiting >= self.backlog_limit {
            let message = format!("{waiting} events wait for their time: publish again when some of them have come");
            return Err(Error::new(ErrorKind::Backpressure, message));
        }
        if self.schedule.put(key, outgoing, due) {
            // Whoever sleeps does not know that it must wake so early.
            self.subscriptions.iter().for_each(|one| one.bell.notify_waiters());
            self.followers.wake();
        }
        Ok(())
    }

    /// Publishes what has come due. There is always room for it: it was taken long ago.
    pub(super) fn publish_due(&mut self) {
        let Some(next) = self.schedule.next_due() else { return };
        let now = Instant::now();
        if now < next {
            return;
        }
        self.index.forget(now);
        // As at that time, for a subscription may begin between then and now.
        while let Some((due, outgoing)) = self.schedule.take_due(now) {
            let _not_refused = self.store((outgoing.tenant.clone(), outgoing.id), outgoing, due, usize::MAX);
        }
        self.ring();
    }

    /// When the next event comes due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.schedule.next_due()
    }

    pub(super) fn count_scheduled(&self, tenant: Option<&TenantId>) -> usize {
        self.schedule.count(tenant)
    }

    pub(super) fn cancel(&mut self, tenant: &TenantId, id: EventId) -> Cancellation {
        let (key, now) = ((tenant.clone(), id), Instant::now());
        self.index.forget(now);
        if self.schedule.remove(&key) {
            self.index.add_cancelled(key, now);
            Cancellation::Cancelled
        } else if self.index.is_cancelled(&key) {
            Cancellation::AlreadyCancelled
        } else if self.index.knows(&key) {
            Cancellation::TooLate
        } else {
            Cancellation::Unknown
        }
    }

    pub(super) fn trace(&mut self, tenant: &TenantId, correlation: &str) -> Vec<Traced> {
        self.index.forget(Instant::now());
        self.index.traces.of(tenant, correlation)
    }

    /// Registers a subscription, or another replica of one that exists; answers its number and that of the source.
    pub(super) fn open(&mut self, spec: &SourceSpec) -> Result<(u32, u64)> {
        let is_behind = self.is_behind(spec)?;
        self.revision += 1;
        self.sources += 1;
        let next = u32::try_from(self.subscriptions.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(spec.id.clone()).or_insert(next);
        if number == next {
            let subscription = self.begun(spec, number);
            self.subscriptions.push(subscription);
        }
        if let Some(subscription) = self.subscriptions.get_mut(number as usize) {
            if !is_behind {
                subscription.update(spec);
            }
            subscription.replicas += 1;
        }
        Ok((number, self.sources))
    }

    /// A new subscription, with what it begins with.
    fn begun(&mut self, spec: &SourceSpec, number: u32) -> Subscription {
        let (mut subscription, now) = (Subscription::new(spec), Instant::now());
        if spec.start_at != StartAt::Now {
            for (entry, (lane, event)) in self.lying(&subscription) {
                self.index.join(entry, number);
                subscription.give(Item::fresh(lane, event));
                self.lane_limit.keep(lane, number, &mut subscription, &mut self.index, now);
            }
        }
        subscription
    }

    /// What the lanes still hold of what a subscription takes, each event once, by its number.
    pub(super) fn lying(&self, reader: &Subscription) -> BTreeMap<u64, (u32, Arc<Stored>)> {
        let items = self.subscriptions.iter().flat_map(Subscription::in_lanes);
        let waiting = items.map(|item| (item.place.0, &item.event));
        let all = self.retained.iter(Instant::now()).chain(waiting);
        let taken = all.filter(|(_, event)| reader.takes(&event.event_type) && reader.has_begun(event.time));
        taken.map(|(lane, event)| (event.number, (lane, Arc::clone(event)))).collect()
    }

    /// What wakes the subscription's replicas.
    pub(super) fn bell(&self, number: u32) -> Arc<Notify> {
        self.subscriptions.get(number as usize).map(|one| Arc::clone(&one.bell)).unwrap_or_default()
    }

    /// What tells the subscription's replicas of its state.
    pub(super) fn state(&self, number: u32) -> watch::Receiver<SubscriptionState> {
        let state = self.subscriptions.get(number as usize).map(|one| one.state.subscribe());
        state.unwrap_or_else(|| watch::Sender::default().subscribe())
    }

    /// Adds how long deliveries took, but for a subscription that was removed meanwhile.
    pub(super) fn add_latency(&mut self, delta: LatencyDelta) -> Result<()> {
        self.turn_of(&delta.subscription)?;
        self.latencies.add(delta);
        Ok(())
    }

    /// One source of the subscription is gone.
    pub(super) fn leave(&mut self, number: u32) {
        let now = self.clock.at(Instant::now());
        if let Some(subscription) = self.subscriptions.get_mut(number as usize) {
            subscription.replicas = subscription.replicas.saturating_sub(1);
            subscription.last_left = Some(now);
        }
    }

    /// One subscription at this moment.
    pub(super) fn turn(&mut self, number: u32) -> Result<Turn<'_>> {
        let lost = || Error::new(ErrorKind::Internal, format!("subscription number {number} is not in the store"));
        let subscription = self.subscriptions.get_mut(number as usize).ok_or_else(lost)?;
        let now = Instant::now();
        subscription.letters.tidy(now);
        Ok(Turn { number, now, time: self.clock.at(now), subscription, index: &mut self.index })
    }

    /// One subscription at this moment, by name.
    pub(super) fn turn_of(&mut self, id: &SubscriptionId) -> Result<Turn<'_>> {
        let Some(number) = self.numbers.get(id).copied() else { return Err(self.unknown(id)) };
        self.turn(number)
    }

    /// The subscription of that number is nobody from now on.
    pub(super) fn forget_name(&mut self, number: u32) {
        self.revision += 1;
        self.numbers.retain(|_, known| *known != number);
        if let Some(subscription) = self.subscriptions.get(number as usize) {
            self.latencies.remove(&subscription.id);
        }
    }

    /// Those that were not removed.
    fn registered(&self) -> impl Iterator<Item = &Subscription> {
        self.subscriptions.iter().filter(|one| !one.is_removed())
    }

    /// One subscription as it is, by name.
    pub(super) fn get(&self, id: &SubscriptionId) -> Option<&Subscription> {
        self.subscriptions.get(*self.numbers.get(id)? as usize)
    }

    pub(super) fn unknown(&self, id: &SubscriptionId) -> Error {
        let wanted = id.to_string();
        let names = self.registered().map(|known| known.id.to_string());
        let nearest = names.max_by_key(|name| name.bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count());
        let known = nearest.map_or_else(
            || "the store has none".into(),
            |nearest| format!("{} are known, the nearest is `{nearest}`", self.numbers.len()),
        );
        Error::new(ErrorKind::NotFound, format!("subscription `{wanted}` is unknown: {known}"))
    }

    pub(super) fn status(&mut self, tenant: &TenantId, id: EventId) -> EventStatus {
        self.index.forget(Instant::now());
        let key = (tenant.clone(), id);
        if self.schedule.knows(&key) {
            return EventStatus::scheduled();
        }
        if self.index.is_cancelled(&key) {
            return EventStatus::cancelled();
        }
        let Some(marks) = self.index.marks(&key) else { return EventStatus::unknown() };
        let known = marks.iter().filter_map(|mark| {
            let subscription = self.subscriptions.get(mark.subscription as usize)?;
            let status = || SubscriptionStatus {
                subscription: subscription.id.clone(),
                stage: mark.stage,
                failures: mark.failures,
            };
            subscription.is_for(tenant).then(status)
        });
        EventStatus::of(known.collect())
    }

    pub(super) fn event(&self, tenant: &TenantId, id: EventId) -> Option<StoredEvent> {
        let (key, now) = ((tenant.clone(), id), Instant::now());
        if let Some((due, event)) = self.schedule.get(&key) {
            return Some(event.stored_in(StoredIn::Schedule { due: self.clock.at(due) }));
        }
        let waiting = self.subscriptions.iter().flat_map(Subscription::in_lanes).map(|item| &item.event);
        let mut lying = self.retained.iter(now).map(|(_, event)| event).chain(waiting);
        if let Some(event) = lying.find(|event| event.is(&key)) {
            return Some(event.shown(StoredIn::Lane));
        }
        let (place, event) = self.registered().find_map(|one| one.set_aside(&key))?;
        Some(event.shown(place))
    }

    pub(super) fn record(&mut self, action: &AdminAction) {
        self.audit.record(action, self.clock.at(Instant::now()));
    }

    pub(super) fn count(&mut self, deltas: Vec<CounterDelta>) {
        let now = self.clock.at(Instant::now());
        for delta in deltas {
            self.counters.add(delta, now);
        }
    }

    pub(super) fn backlog(&self) -> Backlog {
        let now = Instant::now();
        let mut sum = self.followers.backlog();
        for subscription in self.subscriptions.iter().filter(|one| one.replicas > 0) {
            sum.add(subscription.backlog(now));
        }
        sum
    }

    /// At most so many subscriptions whose names come after one.
    pub(super) fn list(&self, after: &str, most: usize) -> SubscriptionPage {
        let at = self.clock.at(Instant::now());
        let named = self.registered().map(|one| (one.id.to_string(), one));
        let mut rest: BTreeMap<String, &Subscription> = named.filter(|(name, _)| name.as_str() > after).collect();
        let next = rest.keys().nth(most).cloned().and_then(|first| {
            drop(rest.split_off(&first));
            rest.keys().next_back().cloned()
        });
        let listed = |one: &Subscription| ListedSubscription {
            id: one.id.clone(),
            replicas: one.replicas_at(at),
            removing: false,
        };
        SubscriptionPage { at, subscriptions: rest.into_values().map(listed).collect(), next }
    }

    pub(super) fn depths(&mut self, id: &SubscriptionId, tenant: Option<&TenantId>) -> Result<Depths> {
        let Turn { now, subscription, .. } = self.turn_of(id)?;
        let mut tally = DepthTally::of(now, tenant);
        tally.count(subscription);
        let Some(subscription) = self.numbers.get(id).and_then(|number| self.subscriptions.get(*number as usize))
        else {
            return Ok(tally.depths);
        };
        tally.count_scheduled(self.schedule.iter().filter(|(_, event)| subscription.takes(&event.event_type)));
        Ok(tally.depths)
    }

    /// Each subscription with its books, to be shown.
    pub(super) fn overview(&self) -> Vec<(&SubscriptionId, Books)> {
        self.registered().map(|one| (&one.id, one.books())).collect()
    }
}
