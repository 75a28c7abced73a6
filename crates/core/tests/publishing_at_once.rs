//! Publishers that come at once share calls, and nothing else.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use std::{
    error::Error as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use common::{lead, until};
use futures_util::future::join_all;
use tekup_core::{
    BusConfig, Error, ErrorKind, EventBus, EventId, Result, TekupEvent, TenantId,
    memory::{MemoryAdmin, MemorySource, MemoryTransport},
    transport::{Capabilities, Outgoing, Receipt, SourceSpec, Transport},
};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, yield_now},
    time::Instant,
};

/// The transport in memory behind a gate: each call waits for a permit.
#[derive(Clone)]
struct Gated {
    memory: MemoryTransport,
    gate: Arc<Semaphore>,
    calls: Arc<Mutex<Vec<Vec<Outgoing>>>>,
    /// What a whole call fails with.
    fault: Arc<Mutex<Option<ErrorKind>>>,
}

impl Gated {
    fn new() -> Self {
        let (memory, gate) = (MemoryTransport::new(), Arc::new(Semaphore::new(0)));
        Self { memory, gate, calls: Arc::default(), fault: Arc::default() }
    }

    fn bus(&self, set: impl FnOnce(&mut BusConfig)) -> EventBus {
        let mut config = BusConfig::new("crm");
        set(&mut config);
        EventBus::new(config, self.clone()).unwrap()
    }

    /// How many events each call had.
    fn sizes(&self) -> Vec<usize> {
        self.calls.lock().unwrap().iter().map(Vec::len).collect()
    }

    fn sent(&self) -> Vec<EventId> {
        self.calls.lock().unwrap().concat().into_iter().map(|event| event.id).collect()
    }

    async fn until_called(&self, times: usize) {
        until("the calls are made", async || Ok(self.calls.lock().unwrap().len() >= times)).await;
    }

    fn open(&self) {
        self.gate.add_permits(1_000);
    }
}

impl Transport for Gated {
    type Source = MemorySource;
    type Admin = MemoryAdmin;

    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<Result<Receipt>>> {
        self.calls.lock().unwrap().push(batch.clone());
        self.gate.acquire().await.unwrap().forget();
        if let Some(kind) = *self.fault.lock().unwrap() {
            return Err(Error::new(kind, "the store is away").with_source(std::fmt::Error));
        }
        self.memory.publish(batch).await
    }

    async fn open(&self, spec: SourceSpec) -> Result<MemorySource> {
        self.memory.open(spec).await
    }

    fn admin(&self) -> MemoryAdmin {
        self.memory.admin()
    }

    fn partition_of(&self, tenant: &TenantId) -> usize {
        tenant.as_str().len()
    }
}

fn publishing(bus: &EventBus, name: &str) -> JoinHandle<Result<Receipt>> {
    let (bus, event) = (bus.clone(), lead(name).event("acme"));
    tokio::spawn(async move { bus.publish(event).await })
}

fn many(bus: &EventBus, count: usize) -> Vec<JoinHandle<Result<Receipt>>> {
    (0..count).map(|number| publishing(bus, &number.to_string())).collect()
}

/// Publishers that have come as far as they can while the gate is closed.
async fn settled_down() {
    for _ in 0..20 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_publisher_waits_for_nobody() {
    let store = Gated::new();
    let bus = store.bus(|_| ());
    store.open();
    let begun = Instant::now();
    for number in 0..5 {
        bus.publish(lead(&number.to_string()).event("acme")).await.unwrap();
    }
    assert_eq!((store.sizes(), begun.elapsed()), (vec![1; 5], Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn publishers_that_come_while_a_call_is_under_way_share_the_next() {
    let store = Gated::new();
    let bus = store.bus(|_| ());
    let begun = Instant::now();
    let publishers = many(&bus, 200);
    settled_down().await;
    store.open();
    for publisher in publishers {
        assert!(!publisher.await.unwrap().unwrap().duplicate);
    }
    assert!(store.sizes().len() <= 6, "{:?}", store.sizes());
    assert_eq!((store.sent().len(), begun.elapsed()), (200, Duration::ZERO), "no timer is waited for");
    assert_eq!(bus.counters().await.unwrap().published, 200);
}

#[tokio::test(start_paused = true)]
async fn events_that_share_a_partition_leave_together() {
    let store = Gated::new();
    let bus = store.bus(|_| ());
    let publisher = |number: usize| {
        let bus = bus.clone();
        tokio::spawn(async move {
            for _ in 0..5 {
                bus.publish(lead("l").event("x".repeat(1 + number % 4))).await.unwrap();
            }
        })
    };
    let publishers: Vec<_> = (0..40).map(publisher).collect();
    settled_down().await;
    store.open();
    join_all(publishers).await;
    let calls = store.calls.lock().unwrap().clone();
    assert_eq!(calls.concat().len(), 200);
    assert!(calls.len() <= 25, "{:?}", store.sizes());
    for call in calls {
        let side = |event: &Outgoing| store.partition_of(&event.tenant) % 2;
        assert!(call.iter().all(|event| side(event) == side(&call[0])), "a call reaches half of the partitions");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_has_500_events_or_a_mebibyte_at_most() {
    let store = Gated::new();
    let bus = store.bus(|config| (config.publish_buffer_events, config.publish_buffer_bytes) = (10_000, 64 << 20));
    let publishers = many(&bus, 3_000);
    settled_down().await;
    store.open();
    join_all(publishers).await;
    assert_eq!(store.sizes().into_iter().max(), Some(500));

    let store = Gated::new();
    let bus = store.bus(|config| config.publish_buffer_bytes = 64 << 20);
    let large = "x".repeat(200 * 1_024);
    let publishers: Vec<_> = (0..30).map(|_| publishing(&bus, &large)).collect();
    settled_down().await;
    store.open();
    join_all(publishers).await;
    assert_eq!(store.sizes().into_iter().max(), Some(5));
}

#[tokio::test(start_paused = true)]
async fn of_publishers_of_one_id_at_once_one_is_new() {
    let store = Gated::new();
    let bus = store.bus(|_| ());
    let event = lead("twice").event("acme").build().unwrap();
    let publishers: Vec<_> = (0..50)
        .map(|_| {
            let (bus, event) = (bus.clone(), event.clone());
            tokio::spawn(async move { bus.publish(&event).await })
        })
        .collect();
    settled_down().await;
    store.open();
    let mut new = 0;
    for publisher in publishers {
        let receipt = publisher.await.unwrap().unwrap();
        assert_eq!(receipt.id, event.envelope.id);
        new += usize::from(!receipt.duplicate);
    }
    assert_eq!((new, bus.counters().await.unwrap().published), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_one_task_hands_over_is_sent_in_its_order() {
    let store = Gated::new();
    let bus = store.bus(|_| ());
    let events: Vec<_> = (0..300).map(|number| lead(&number.to_string()).event("acme").build().unwrap()).collect();
    store.open();
    let receipts = join_all(events.iter().map(|event| bus.publish(event))).await;
    let asked: Vec<_> = events.iter().map(|event| event.envelope.id).collect();
    assert_eq!(store.sent(), asked);
    assert_eq!(receipts.into_iter().map(|receipt| receipt.unwrap().id).collect::<Vec<_>>(), asked);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_is_an_error_of_each_that_shares_it_with_its_source() {
    let store = Gated::new();
    let bus = store.bus(|_| ());
    *store.fault.lock().unwrap() = Some(ErrorKind::Unavailable);
    let publishers = many(&bus, 20);
    settled_down().await;
    store.open();
    for publisher in publishers {
        let error = publisher.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::Unavailable, "the store is away".into()));
        assert_eq!(error.source().unwrap().to_string(), std::fmt::Error.to_string());
    }
    *store.fault.lock().unwrap() = None;
    bus.publish(lead("later").event("acme")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_is_dropped_takes_no_other_with_it_and_its_event_is_stored() {
    let store = Gated::new();
    let bus = store.bus(|_| ());
    let mut publishers = many(&bus, 30);
    settled_down().await;
    // The first one has a call of its own; the others share one.
    for number in [20, 10, 0] {
        publishers.remove(number).abort();
    }
    store.open();
    for publisher in publishers {
        publisher.await.unwrap().unwrap();
    }
    until("all are stored, but what went alone", async || Ok(bus.counters().await?.published == 29)).await;
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_is_no_longer_polled_holds_up_nobody() {
    let store = Gated::new();
    let bus = store.bus(|_| ());
    let mut forgotten = Box::pin(bus.publish(lead("forgotten").event("acme")));
    assert!(futures_util::poll!(&mut forgotten).is_pending());
    store.open();
    for publisher in many(&bus, 10) {
        publisher.await.unwrap().unwrap();
    }
    bus.shutdown().await.unwrap();
    drop(forgotten);
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_room_in_time_is_told_what_to_do_and_stores_nothing() {
    let settings: [fn(&mut BusConfig); 2] =
        [|config| config.publish_buffer_events = 2, |config| config.publish_buffer_bytes = 1_024];
    for set in settings {
        let store = Gated::new();
        let bus = store.bus(set);
        let publishers = many(&bus, 20);
        settled_down().await;
        let begun = Instant::now();
        let late = bus.publish(lead("late").event("acme")).await.unwrap_err();
        assert_eq!((late.kind(), begun.elapsed()), (ErrorKind::Backpressure, bus.config().publish_wait));
        assert!(late.is_retryable() && late.to_string().contains("publishBufferEvents"), "{late}");
        store.open();
        let mut stored = 0;
        for publisher in publishers {
            stored += u64::from(publisher.await.unwrap().is_ok());
        }
        assert!((2..10).contains(&stored), "{stored} have found room");
        assert_eq!(bus.counters().await.unwrap().published, stored);
        assert_eq!(store.sent().len() as u64, stored);
        bus.publish(lead("after").event("acme")).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_room_has_it_when_calls_are_answered_in_their_turn() {
    let store = Gated::new();
    let bus = store.bus(|config| (config.publish_buffer_events, config.publish_buffer_bytes) = (3, 1_024));
    let publishers = many(&bus, 40);
    settled_down().await;
    store.open();
    // An event that is larger than all room waits until it has all of it.
    let large = bus.publish(lead(&"x".repeat(4_000)).event("acme")).await.unwrap();
    for publisher in publishers {
        publisher.await.unwrap().unwrap();
    }
    assert_eq!(store.sent().len(), 41);
    assert!(store.sent().ends_with(&[large.id]));
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_nothing_is_an_error_at_once() {
    let store = Gated::new();
    let bus = store.bus(|config| (config.publish_buffer_events, config.publish_wait) = (1, Duration::ZERO));
    let _held = many(&bus, 2);
    settled_down().await;
    let begun = Instant::now();
    let error = bus.publish(lead("late").event("acme")).await.unwrap_err();
    assert_eq!((error.kind(), begun.elapsed() < Duration::from_millis(2)), (ErrorKind::Backpressure, true));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_stores_what_has_found_room_and_refuses_who_waits_for_it() {
    let store = Gated::new();
    let bus = store.bus(|config| config.publish_buffer_events = 10);
    let publishers = many(&bus, 20);
    store.until_called(1).await;
    settled_down().await;
    let stopping = tokio::spawn({
        let bus = bus.clone();
        async move { bus.shutdown().await }
    });
    settled_down().await;
    assert!(!stopping.is_finished(), "what is under way is waited for");
    store.open();
    stopping.await.unwrap().unwrap();
    // One alone, and ten that had found room.
    assert_eq!(bus.counters().await.unwrap().published, 11);
    let mut refused = 0;
    for publisher in publishers {
        refused += usize::from(publisher.await.unwrap().is_err_and(|error| error.kind() == ErrorKind::Closed));
    }
    assert_eq!(refused, 9);
    assert_eq!(bus.publish(lead("after").event("acme")).await.unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_runtime_that_ends_leaves_no_publisher_of_another_waiting() {
    let store = Gated::new();
    let bus = store.bus(|_| ());
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (first, other) = (runtime(), runtime());
    // The task that sends begins on the first runtime.
    first.block_on(async {
        many(&bus, 3);
        store.until_called(2).await;
    });
    let waiting = other.spawn({
        let (bus, event) = (bus.clone(), lead("waiting").event("acme"));
        async move { bus.publish(event).await }
    });
    other.block_on(settled_down());
    drop(first);
    let error = other.block_on(waiting).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    store.open();
    other.block_on(bus.publish(lead("after").event("acme"))).unwrap();
}
