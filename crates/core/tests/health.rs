//! A bus whose store answers, and refuses a part of the work.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use common::{LeadCreated, Seen, lead, until};
use tekup_core::{
    BusConfig, Error, ErrorKind, Event, EventBus, Result, Subscription, TekupEvent,
    health::{Level, Part, Reason},
    memory::{MemoryAdmin, MemorySource, MemoryTransport},
    transport::{
        Capabilities, Delivery, DeliveryRef, Outgoing, Receipt, Settled, Settlement, Source, SourceSpec,
        SubscriptionState, Transport,
    },
};
use tokio::sync::{Semaphore, watch};

const LEASE: Duration = Duration::from_secs(30);

/// The transport in memory, which refuses what it is told to.
#[derive(Clone, Default)]
struct Refusing {
    memory: MemoryTransport,
    renewals: Arc<AtomicBool>,
    verdicts: Arc<AtomicBool>,
}

struct RefusingSource {
    memory: MemorySource,
    refuses: Refusing,
}

fn unless(refused: &AtomicBool) -> Result<()> {
    if refused.load(Relaxed) { Err(Error::new(ErrorKind::Denied, "no permission")) } else { Ok(()) }
}

impl Refusing {
    fn bus(&self) -> EventBus {
        let mut config = BusConfig::new("crm");
        config.lease = LEASE;
        EventBus::new(config, self.clone()).unwrap()
    }
}

impl Transport for Refusing {
    type Source = RefusingSource;
    type Admin = MemoryAdmin;

    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<Result<Receipt>>> {
        self.memory.publish(batch).await
    }

    async fn open(&self, spec: SourceSpec) -> Result<RefusingSource> {
        Ok(RefusingSource { memory: self.memory.open(spec).await?, refuses: self.clone() })
    }

    fn admin(&self) -> MemoryAdmin {
        self.memory.admin()
    }
}

impl Source for RefusingSource {
    async fn fetch(&self, most: usize) -> Result<Vec<Delivery>> {
        self.memory.fetch(most).await
    }

    fn interrupt(&self) {
        self.memory.interrupt();
    }

    async fn start(&self, delivery: DeliveryRef) -> Result<Option<Delivery>> {
        self.memory.start(delivery).await
    }

    async fn settle(&self, batch: Vec<Settlement>) -> Result<Vec<Settled>> {
        unless(&self.refuses.verdicts)?;
        self.memory.settle(batch).await
    }

    async fn renew(&self, held: Vec<DeliveryRef>) -> Result<Vec<DeliveryRef>> {
        unless(&self.refuses.renewals)?;
        self.memory.renew(held).await
    }

    fn state(&self) -> watch::Receiver<SubscriptionState> {
        self.memory.state()
    }

    async fn close(&self) -> Result<()> {
        self.memory.close().await
    }
}

/// Whether it is said that this part gets nothing done.
async fn is_stalled(bus: &EventBus, which: Part) -> bool {
    let health = bus.health().await;
    let stalled = |reason: &&Reason| matches!(reason, Reason::Stalled { part, .. } if *part == which);
    let reason = health.reasons.iter().find(stalled);
    assert!(reason.is_none_or(|reason| health.level == reason.level() && reason.level() == Level::Unhealthy));
    reason.is_some()
}

#[tokio::test(start_paused = true)]
async fn renewals_that_are_refused_for_a_lease_are_told_until_one_succeeds() {
    let store = Refusing::default();
    let (bus, may_end) = (store.bus(), Arc::new(Semaphore::new(0)));
    let slow = Subscription::to::<LeadCreated>("scoring").timeout(Duration::from_secs(3_600));
    bus.subscribe(slow.handler_with(may_end.clone(), async |may_end, _: Event<LeadCreated>, _| {
        may_end.acquire().await.map(tokio::sync::SemaphorePermit::forget).ok();
    }))
    .await
    .unwrap();
    bus.publish(lead("l-1").event("acme")).await.unwrap();
    // Renewals work for ten leases, and nothing is said.
    tokio::time::sleep(10 * LEASE).await;
    assert!(!is_stalled(&bus, Part::Keeper).await);
    store.renewals.store(true, Relaxed);
    tokio::time::sleep(LEASE / 2).await;
    assert!(!is_stalled(&bus, Part::Keeper).await, "the lease has not ended yet");
    tokio::time::sleep(LEASE).await;
    assert!(is_stalled(&bus, Part::Keeper).await);
    store.renewals.store(false, Relaxed);
    until("it renews again", async || Ok(!is_stalled(&bus, Part::Keeper).await)).await;
    may_end.add_permits(1_000);
    until("all is well", async || Ok(bus.health().await.is_healthy())).await;
    bus.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn verdicts_that_are_refused_again_and_again_are_told_until_one_is_taken() {
    let store = Refusing::default();
    let bus = store.bus();
    let done = Seen::new();
    let scoring = Subscription::to::<LeadCreated>("scoring");
    bus.subscribe(scoring.handler_with(done.clone(), async |done, _: Event<LeadCreated>, _| done.note(())))
        .await
        .unwrap();
    store.verdicts.store(true, Relaxed);
    bus.publish(lead("l-0").event("acme")).await.unwrap();
    done.next().await;
    tokio::time::sleep(LEASE / 2).await;
    assert!(!is_stalled(&bus, Part::Settler).await, "it was refused once");
    for number in 1..4 {
        bus.publish(lead(&format!("l-{number}")).event("acme")).await.unwrap();
        done.next().await;
        tokio::time::sleep(LEASE / 2).await;
    }
    assert!(is_stalled(&bus, Part::Settler).await);
    store.verdicts.store(false, Relaxed);
    bus.publish(lead("l-5").event("acme")).await.unwrap();
    until("a verdict is taken", async || Ok(!is_stalled(&bus, Part::Settler).await)).await;
    bus.shutdown().await.unwrap();
}
