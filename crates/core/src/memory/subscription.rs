use std::sync::Arc;

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{
    backlog::{Backlog, Unsettled},
    bucket::Bucket,
    finished::Finished,
    held::HeldItems,
    item::{Item, Stored},
    letter_holds::LetterHolds,
    letters::Letters,
    ready::Ready,
    waiting::Waiting,
};
use crate::{
    error::Result,
    ids::{EventId, EventType, SubscriptionId, TenantId},
    rate_limit::RateLimit,
    timestamp::Timestamp,
    transport::{Books, Registration, Replicas, SourceSpec, StartAt, StoredIn, SubscriptionState},
};

/// A durable subscription: it outlives its replicas.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) id: SubscriptionId,
    /// It was removed for good: what is left is its number.
    is_removed: bool,
    /// What it takes; what is drained is not noted there.
    pub(super) registered: Registration,
    /// When it begins, if that was a time: what is stored before is not its own.
    start: Option<Timestamp>,
    /// How many sources read from it.
    pub(super) replicas: usize,
    /// When the last one that left did so.
    pub(super) last_left: Option<Timestamp>,
    /// Wakes the replicas that wait. Each looks for itself whether there is something for it.
    pub(super) bell: Arc<Notify>,
    pub(super) state: watch::Sender<SubscriptionState>,
    /// The rate limit that was declared last; of several revisions, that of the largest.
    declared: Option<RateLimit>,
    bucket: Bucket,
    pub(super) ready: Ready,
    pub(super) held: HeldItems,
    pub(super) waiting: Waiting,
    pub(super) letters: Letters,
    pub(super) letter_holds: LetterHolds,
    pub(super) finished: Finished,
    pub(super) published: u64,
    pub(super) acked: u64,
    /// What a limit of a lane took.
    dropped: u64,
}

impl Subscription {
    pub(super) fn new(spec: &SourceSpec) -> Self {
        Self {
            id: spec.id.clone(),
            is_removed: false,
            registered: Registration {
                revision: spec.revision,
                policy: spec.policy.clone(),
                ..Registration::new(spec.patterns.clone(), spec.tenants.clone())
            },
            start: match spec.start_at {
                StartAt::At(time) => Some(time),
                _ => None,
            },
            replicas: 0,
            last_left: None,
            bell: Arc::default(),
            state: watch::Sender::default(),
            declared: None,
            bucket: Bucket::default(),
            ready: Ready::default(),
            held: HeldItems::default(),
            waiting: Waiting::default(),
            finished: Finished::default(),
            letters: Letters::new(spec.dead_letter_ttl, spec.dead_letter_cap),
            letter_holds: LetterHolds::default(),
            published: 0,
            acked: 0,
            dropped: 0,
        }
    }

    /// What is left of one: it takes nothing, and is for nobody.
    pub(super) fn removed(id: SubscriptionId) -> Self {
        Self { is_removed: true, ..Self::new(&SourceSpec::new(id, Vec::new())) }
    }

    pub(super) fn is_removed(&self) -> bool {
        self.is_removed
    }

    /// What a replica with the same lists says of the rate limit: refused, if another of its revision says otherwise.
    pub(super) fn check_limit(&self, spec: &SourceSpec) -> Result<()> {
        let revision = self.registered.revision;
        if spec.rate_limit == self.declared || spec.revision > revision || revision == 0 {
            return Ok(());
        }
        if spec.revision == revision {
            return Err(spec.limit_refusal(self.declared));
        }
        tracing::warn!(subscription = %spec.id, "{}", spec.limit_lag(self.declared, revision));
        Ok(())
    }

    /// Takes over what a replica says that is not behind. What is queued already stays, whatever its type.
    pub(super) fn update(&mut self, spec: &SourceSpec) {
        self.declare(spec);
        self.note_policy(spec);
        self.registered.patterns.clone_from(&spec.patterns);
        self.registered.tenants.clone_from(&spec.tenants);
        self.registered.revision = self.registered.revision.max(spec.revision);
        self.letters.limit(spec.dead_letter_ttl, spec.dead_letter_cap);
    }

    /// What an operator has set holds until a replica says something new that is not of an older revision.
    fn declare(&mut self, spec: &SourceSpec) {
        let is_heard = spec.revision >= self.registered.revision;
        if is_heard && std::mem::replace(&mut self.declared, spec.rate_limit) != spec.rate_limit {
            self.state.send_modify(|state| state.rate_limit = spec.rate_limit);
            self.bell.notify_waiters();
        }
    }

    /// What is said of the policy holds until another process says something that is not of an older revision.
    fn note_policy(&mut self, spec: &SourceSpec) {
        let is_newer = spec.revision > self.registered.revision;
        if is_newer || spec.revision == self.registered.revision && spec.policy.is_some() {
            self.registered.policy.clone_from(&spec.policy);
        }
    }

    fn rate_limit(&self) -> Option<RateLimit> {
        self.state.borrow().rate_limit
    }

    /// How many may be handed out at this moment.
    pub(super) fn allowed(&self, now: Instant) -> usize {
        let SubscriptionState { paused, rate_limit } = *self.state.borrow();
        match (paused, rate_limit) {
            (Some(_), _) => 0,
            (None, Some(limit)) => self.bucket.left(limit, now),
            (None, None) => usize::MAX,
        }
    }

    /// So many were handed out.
    pub(super) fn spend(&mut self, count: usize, now: Instant) {
        if let Some(limit) = self.rate_limit() {
            self.bucket.take(count, limit, now);
        }
    }

    /// When the rate limit lets the next one of those go that wait for nothing else.
    pub(super) fn next_allowed(&self, now: Instant) -> Option<Instant> {
        let waits = self.ready.first().is_some() && self.allowed(now) == 0;
        self.rate_limit().filter(|_| waits).map(|limit| self.bucket.next(limit, now))
    }

    /// How many deliveries are neither finished nor dead.
    pub(super) fn unsettled(&self) -> usize {
        let ready = self.ready.count();
        ready.fresh + ready.retries + ready.abandoned + self.held.len() + self.waiting.len()
    }

    /// What lies in lanes for it: not what is retried, which belongs to it alone.
    pub(super) fn in_lanes(&self) -> impl Iterator<Item = &Item> {
        self.ready.iter().chain(self.held.iter()).filter(|item| !item.is_retry())
    }

    /// What is retried: waiting, due or held.
    fn in_retries(&self) -> impl Iterator<Item = &Item> {
        let due = self.ready.iter().chain(self.held.iter()).filter(|item| item.is_retry());
        due.chain(self.waiting.iter().map(|(_, item)| item))
    }

    /// An event that is retried or dead, and where it lies.
    pub(super) fn set_aside(&self, key: &(TenantId, EventId)) -> Option<(StoredIn, &Arc<Stored>)> {
        let retried = self.in_retries().map(|item| &item.event).find(|event| event.is(key));
        let retried = retried.map(|event| (StoredIn::Retries(self.id.clone()), event));
        retried.or_else(|| Some((StoredIn::DeadLetters(self.id.clone()), self.letters.event(key)?)))
    }

    /// Is given an event that lies in a lane.
    pub(super) fn give(&mut self, item: Item) {
        self.published += 1;
        self.ready.put(item);
    }

    pub(super) fn takes(&self, event_type: &EventType) -> bool {
        self.registered.takes(event_type)
    }

    /// Whether what is stored at that time is its own.
    pub(super) fn has_begun(&self, time: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= time)
    }

    pub(super) fn is_for(&self, tenant: &TenantId) -> bool {
        let tenants = &self.registered.tenants;
        !self.is_removed && (tenants.is_empty() || tenants.contains(tenant))
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
            purged: self.letters.purged(),
            letters_dropped: self.letters.dropped(),
            dropped: self.dropped,
        }
    }

    pub(super) fn replicas_at(&self, now: Timestamp) -> Replicas {
        Replicas::new(self.replicas as u64, if self.replicas > 0 { Some(now) } else { self.last_left })
    }

    pub(super) fn backlog(&self, now: Instant) -> Backlog {
        let (ready, due) = (self.ready.count(), self.waiting.due(now));
        let (could_go, abandoned) = (ready.fresh + ready.retries + due, ready.abandoned);
        let goes = self.allowed(now) > 0;
        Backlog {
            ready: if goes { could_go } else { 0 },
            held: self.held.len() + if goes { abandoned } else { 0 },
            held_back: if goes { 0 } else { could_go + abandoned },
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
