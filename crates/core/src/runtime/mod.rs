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
mod settler;
mod slots;
mod stop;
mod subjects;
mod suspects;
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
    held::Held, pace::Pace, pulse::Pulse, ready::Ready, settler::Outbox, subjects::Subjects, suspects::Suspects,
};
use crate::{
    bus::EventBus,
    error::Result,
    handler::{Origin, Router},
    health::{Part, Vitals},
    ids::SubscriptionId,
    subscription::Settings,
    transport::{DeadLetter, DynSource},
};

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
    /// As many as handlers may run at once.
    turns: Semaphore,
    /// Held while the subscription's state is heeded.
    heeding: Mutex<()>,
    /// Why reading ended by itself, if it did.
    failure: Mutex<Option<Arc<crate::Error>>>,
    reading: Pulse,
    settling: Pulse,
    renewing: Pulse,
}

/// A running subscription, to be stopped.
pub(crate) struct Running {
    pub(crate) runtime: Arc<Runtime>,
    reader: JoinHandle<()>,
    workers: Vec<JoinHandle<()>>,
    settler: JoinHandle<()>,
    keeper: JoinHandle<()>,
}

impl Runtime {
    pub(crate) async fn start(bus: EventBus, settings: Settings, router: Router) -> Result<Running> {
        let id = SubscriptionId::new(bus.service().clone(), settings.name.clone());
        let source = bus.open_source(&id, &settings).await?;
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
            turns: Semaphore::new(workers),
            heeding: Mutex::default(),
            failure: Mutex::default(),
            reading: Pulse::default(),
            settling: Pulse::default(),
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

    /// Why it stopped reading by itself, if it did.
    pub(crate) fn failure(&self) -> Option<Arc<crate::Error>> {
        crate::sync::lock(&self.failure).clone()
    }
}

impl Running {
    /// How it is with those who do the work.
    pub(crate) fn vitals(&self, lease: Duration) -> Vitals {
        let tasks = [(Part::Reader, &self.reader), (Part::Settler, &self.settler), (Part::Keeper, &self.keeper)];
        let runtime = &self.runtime;
        let pulses =
            [(Part::Reader, &runtime.reading), (Part::Settler, &runtime.settling), (Part::Keeper, &runtime.renewing)];
        Vitals {
            id: runtime.id.clone(),
            failure: runtime.failure().map(|error| error.to_string()),
            ended: tasks.into_iter().filter(|(_, task)| task.is_finished()).map(|(part, _)| part).collect(),
            trying: pulses.into_iter().filter_map(|(part, pulse)| Some((part, pulse.tried_for()?))).collect(),
            lease,
            is_paused: runtime.state().is_paused(),
            losses: runtime.losses(),
        }
    }

    fn spawn(runtime: Arc<Runtime>, workers: usize) -> Self {
        let renewal = runtime.bus.renewal_runtime();
        let keeper = keeper::run(Arc::clone(&runtime));
        let mut handlers: Vec<_> = (0..workers).map(|seat| worker::spawn(Arc::clone(&runtime), seat)).collect();
        // Ends by itself when the subscription stops.
        drop(tokio::spawn(gate::run(Arc::clone(&runtime))));
        handlers.push(tokio::spawn(suspects::run(Arc::clone(&runtime), workers)));
        Self {
            reader: tokio::spawn(reader::run(Arc::clone(&runtime))),
            workers: handlers,
            settler: tokio::spawn(settler::run(Arc::clone(&runtime))),
            keeper: match renewal {
                Some(elsewhere) => elsewhere.spawn(keeper),
                None => tokio::spawn(keeper),
            },
            runtime,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, ErrorKind, RawEvent, Subscription, sync::lock};

    const SECOND: Duration = Duration::from_secs(1);

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
        assert!(vitals.ended.is_empty() && vitals.failure.is_none(), "{vitals:?}");
        let [(Part::Keeper, since)] = vitals.trying[..] else { panic!("who waits is well: {vitals:?}") };
        assert!(since <= 10 * SECOND, "it has a turn even if nothing is held: {since:?}");

        running.settler.abort();
        running.runtime.reading.falter();
        *lock(&running.runtime.failure) = Some(Arc::new(Error::new(ErrorKind::Denied, "no such user")));
        tokio::time::sleep(SECOND).await;
        let vitals = running.vitals(30 * SECOND);
        assert_eq!((vitals.ended, vitals.failure.as_deref()), (vec![Part::Settler], Some("no such user")));
        assert_eq!(vitals.trying[0], (Part::Reader, SECOND));
    }
}
