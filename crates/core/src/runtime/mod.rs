//! The runtime of one subscription in one process.
//!
//! ```text
//! reader → ready queue → workers (handlers) → settler
//!                ↘ suspects, one at a time ↗
//! ```
//!
//! The reader fetches while handlers work; verdicts leave in batches; everything held is renewed by the keeper. Each is
//! a task of its own, and what they share is here.

mod attempt;
mod batch;
mod gate;
mod held;
mod keeper;
mod outage;
mod pace;
mod pulse;
mod reader;
mod ready;
mod refusals;
mod settler;
mod slots;
mod stop;
mod subjects;
mod suspects;
mod told;
mod worker;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{sync::Semaphore, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub(crate) use outage::Outage;
pub(crate) use slots::Slots;

use self::{
    held::Held, pace::Pace, pulse::Pulse, ready::Ready, refusals::Refusals, settler::Outbox, subjects::Subjects,
    suspects::Suspects,
};
use crate::{
    bus::EventBus,
    error::Result,
    handler::{Origin, Router},
    health::{Part, Vital, Vitals},
    ids::{EventType, SubscriptionId},
    subscription::Settings,
    transport::{DeadLetter, DynSource},
};

/// From when on a step that does not end counts as hanging; it is the default of what counts as stalled.
const HANGS_FOR: Duration = Duration::from_secs(30);

/// What the tasks of a running subscription share.
pub(crate) struct Runtime {
    id: SubscriptionId,
    settings: Settings,
    router: Router,
    source: Arc<dyn DynSource>,
    bus: EventBus,
    origin: Arc<Origin>,
    ready: Ready,
    suspects: Suspects,
    held: Held,
    subjects: Subjects,
    outbox: Outbox,
    pace: Pace,
    /// Stop reading and starting.
    stopping: CancellationToken,
    /// The type of all that it takes, if that is one.
    only_type: Option<EventType>,
    /// As many as handlers may run at once.
    turns: Semaphore,
    /// Held while the subscription's state is heeded.
    heeding: Mutex<()>,
    /// Why reading ended by itself, if it did.
    failure: Mutex<Option<Arc<crate::Error>>>,
    reading: Pulse,
    settling: Pulse,
    /// Of verdicts.
    refusals: Refusals,
    renewing: Pulse,
}

/// A running subscription, to be stopped.
pub(crate) struct Running {
    pub(crate) runtime: Arc<Runtime>,
    reader: JoinHandle<()>,
    workers: Vec<JoinHandle<()>>,
    settler: JoinHandle<()>,
    keeper: JoinHandle<()>,
    watcher: JoinHandle<()>,
}

impl Runtime {
    pub(crate) async fn start(bus: EventBus, settings: Settings, router: Router) -> Result<Running> {
        let id = SubscriptionId::new(bus.service().clone(), settings.name.clone());
        let source = bus.open_source(&id, &settings).await?;
        bus.meter().expect(settings.types());
        let stopping = CancellationToken::new();
        let origin = Arc::new(Origin {
            subscription: id.clone(),
            attempts_allowed: settings.retry.attempts(),
            stopping: stopping.clone(),
        });
        let workers = settings.concurrency;
        let runtime = Arc::new(Self {
            ready: Ready::default(),
            suspects: Suspects::default(),
            held: Held::new(workers + 1),
            subjects: Subjects::new(workers + 1),
            outbox: Outbox::default(),
            pace: Pace::new(settings.prefetch, settings.batch_most(), settings.concurrency, bus.config().lease),
            only_type: only_type(&settings),
            turns: Semaphore::new(workers),
            heeding: Mutex::default(),
            failure: Mutex::default(),
            reading: Pulse::default(),
            settling: Pulse::default(),
            refusals: Refusals::default(),
            renewing: Pulse::default(),
            id,
            settings,
            router,
            source,
            bus,
            origin,
            stopping,
        });
        runtime.heed();
        Ok(Running::spawn(runtime, workers))
    }

    /// The subscription's full name.
    pub(crate) fn id(&self) -> &SubscriptionId {
        &self.id
    }

    /// What the store has lost, and made anew.
    pub(crate) fn losses(&self) -> crate::transport::Losses {
        self.source.losses()
    }

    /// Whether a dead letter would reach a handler, were it replayed now.
    pub(crate) fn reads(&self, letter: &DeadLetter) -> Result<()> {
        self.router.reads(letter)
    }

    /// How many deliveries it holds, started or not.
    pub(crate) fn in_flight(&self) -> u64 {
        self.held.len() as u64
    }

    /// Why it stopped reading by itself, if it did.
    pub(crate) fn failure(&self) -> Option<Arc<crate::Error>> {
        crate::sync::lock(&self.failure).clone()
    }
}

/// The type of all that a subscription takes, if it takes one only.
fn only_type(settings: &Settings) -> Option<EventType> {
    if settings.patterns.len() == 1 { settings.types().next() } else { None }
}

impl Running {
    /// How it is with those who do the work.
    pub(crate) fn vitals(&self, lease: Duration) -> Vitals {
        let runtime = &self.runtime;
        Vitals {
            id: runtime.id.clone(),
            failure: runtime.failure().map(|error| error.to_string()),
            parts: self.parts().into_iter().chain(runtime.source.vitals()).collect(),
            lease,
            is_paused: runtime.state().is_paused(),
            losses: runtime.losses(),
        }
    }

    /// As [`vitals`](Self::vitals), but who fails and tries again is well, however long.
    pub(crate) fn liveness(&self, lease: Duration) -> Vitals {
        let Runtime { settling, renewing, .. } = &*self.runtime;
        // A keeper waits for a part of a lease from one step to the next.
        let hangs = |part| match part {
            Part::Settler => settling.hangs_for(),
            Part::Keeper => renewing.hangs_for().map(|time| time.saturating_sub(lease)),
            _ => None,
        };
        let alive = |(part, vital): (Part, Vital)| (part, Vital::of(vital.has_ended(), hangs(part)));
        let vitals = self.vitals(lease);
        Vitals { parts: vitals.parts.into_iter().map(alive).collect(), lease: HANGS_FOR, ..vitals }
    }

    fn parts(&self) -> [(Part, Vital); 5] {
        let Self { runtime, reader, workers, settler, keeper, watcher } = self;
        let settling = runtime.settling.tried_for().max(runtime.refusals.lasted(runtime.bus.config().lease));
        [
            (Part::Reader, Vital::of(reader.is_finished(), runtime.reading.tried_for())),
            (Part::Settler, Vital::of(settler.is_finished(), settling)),
            (Part::Keeper, Vital::of(keeper.is_finished(), runtime.renewing.tried_for())),
            (Part::Worker, Vital::of(workers.iter().any(JoinHandle::is_finished), None)),
            (Part::Watcher, Vital::of(watcher.is_finished(), None)),
        ]
    }

    fn spawn(runtime: Arc<Runtime>, workers: usize) -> Self {
        let renewal = runtime.bus.renewal_runtime();
        let keeper = keeper::run(Arc::clone(&runtime));
        let mut handlers: Vec<_> = (0..workers).map(|seat| worker::spawn(Arc::clone(&runtime), seat)).collect();
        handlers.push(tokio::spawn(suspects::run(Arc::clone(&runtime), workers)));
        Self {
            reader: tokio::spawn(reader::run(Arc::clone(&runtime))),
            workers: handlers,
            settler: tokio::spawn(settler::run(Arc::clone(&runtime))),
            keeper: match renewal {
                Some(elsewhere) => elsewhere.spawn(keeper),
                None => tokio::spawn(keeper),
            },
            // Ends by itself when the subscription stops.
            watcher: tokio::spawn(gate::run(Arc::clone(&runtime))),
            runtime,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, ErrorKind, RawEvent, Subscription, sync::lock};

    const SECOND: Duration = Duration::from_secs(1);

    fn ailing(vitals: &Vitals) -> Vec<(Part, Vital)> {
        vitals.parts.iter().copied().filter(|(_, vital)| *vital != Vital::Well).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_ended_what_gets_nothing_done_and_why_reading_stopped_are_told() {
        let bus = EventBus::in_memory("billing").unwrap();
        let ledger = Subscription::matching("ledger", "*").handler(async |_: RawEvent, _| ());
        let (settings, router) = ledger
            .build(bus.config(), Arc::new(crate::checks::Checks::new(bus.config().limits(), crate::SchemaCheck::Off)))
            .unwrap();
        let running = Runtime::start(bus, settings, router).await.unwrap();
        tokio::time::sleep(3_600 * SECOND).await;
        let vitals = running.vitals(30 * SECOND);
        assert_eq!(vitals.failure, None);
        let [(Part::Keeper, Vital::Trying(since))] = ailing(&vitals)[..] else {
            panic!("who waits is well: {vitals:?}")
        };
        assert!(since <= 10 * SECOND, "it has a turn even if nothing is held: {since:?}");

        running.settler.abort();
        running.runtime.reading.falter();
        *lock(&running.runtime.failure) = Some(Arc::new(Error::new(ErrorKind::Denied, "no such user")));
        tokio::time::sleep(SECOND).await;
        let vitals = running.vitals(30 * SECOND);
        assert_eq!(vitals.failure.as_deref(), Some("no such user"));
        let expected = [(Part::Reader, Vital::Trying(SECOND)), (Part::Settler, Vital::Ended)];
        assert_eq!(ailing(&vitals)[..2], expected);
        // Who tries on is alive, and who has ended is not.
        assert_eq!(ailing(&running.liveness(30 * SECOND))[0], (Part::Settler, Vital::Ended));
    }

    #[tokio::test(start_paused = true)]
    async fn workers_and_whoever_heeds_operators_are_told_when_they_end() {
        let bus = EventBus::in_memory("billing").unwrap();
        let ledger = Subscription::matching("ledger", "*").handler(async |_: RawEvent, _| ());
        let (settings, router) = ledger
            .build(bus.config(), Arc::new(crate::checks::Checks::new(bus.config().limits(), crate::SchemaCheck::Off)))
            .unwrap();
        let running = Runtime::start(bus, settings, router).await.unwrap();
        // The last of them is the one that runs what was taken over.
        running.workers.last().unwrap().abort();
        running.watcher.abort();
        tokio::time::sleep(SECOND).await;
        let vitals = running.vitals(30 * SECOND);
        let ended: Vec<_> = ailing(&vitals).into_iter().filter(|(_, vital)| *vital == Vital::Ended).collect();
        assert_eq!(ended, [(Part::Worker, Vital::Ended), (Part::Watcher, Vital::Ended)]);
    }
}
