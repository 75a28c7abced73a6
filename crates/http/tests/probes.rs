//! Probes of a bus in memory.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{Router, http::Method};
use common::{LeadCreated, ask, eventually, get, lead, status};
use tekup_core::{
    BusConfig, Event, EventBus, RawEvent, Result, Subscription, TekupEvent,
    memory::{MemoryAdmin, MemorySource, MemoryTransport},
    transport::{
        Capabilities, Delivery, DeliveryRef, Outgoing, Receipt, Settled, Settlement, Source, SourceSpec,
        SubscriptionState, Transport,
    },
};
use tekup_http::Operations;
use tokio::sync::{Semaphore, watch};

const PATHS: [&str; 5] = ["/livez", "/startupz", "/readyz", "/health", "/metrics"];

fn bus() -> EventBus {
    EventBus::in_memory("crm").unwrap()
}

fn router(bus: &EventBus) -> Router {
    Operations::of(bus).router()
}

#[tokio::test]
async fn a_bus_that_works_answers_all_probes_with_200() {
    let bus = bus();
    let router = router(&bus);
    for path in PATHS {
        assert_eq!(status(&router, path).await, 200, "{path}");
    }
    assert_eq!(get(&router, "/livez").await.body, r#"{"status":"alive"}"#);
    assert_eq!(get(&router, "/readyz").await.body, r#"{"status":"ready"}"#);
    assert_eq!(get(&router, "/startupz").await.body, r#"{"status":"started"}"#);
    assert_eq!(get(&router, "/health").await.body, r#"{"level":"healthy","reasons":[]}"#);
    let verbose = get(&router, "/readyz?verbose").await;
    assert_eq!(verbose.body, r#"{"level":"healthy","reasons":[],"status":"ready"}"#);
    assert_eq!(verbose.headers["content-type"], "application/json");
    assert_eq!(verbose.headers["cache-control"], "no-store");
    assert_eq!(status(&router, "/elsewhere").await, 404);
}

#[tokio::test]
async fn head_is_answered_as_get_without_a_body_and_nothing_can_be_posted() {
    let bus = bus();
    let router = router(&bus);
    for path in PATHS {
        let head = ask(&router, Method::HEAD, path).await;
        assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""), "{path}");
        assert_eq!(ask(&router, Method::POST, path).await.status.as_u16(), 405, "{path}");
    }
}

#[tokio::test]
async fn a_service_nests_the_routes_beside_its_own() {
    let bus = bus();
    let own = Router::new().route("/", axum::routing::get(async || "mine"));
    let app = own.nest("/internal", router(&bus));
    assert_eq!(status(&app, "/internal/livez").await, 200);
    assert_eq!(get(&app, "/").await.body, "mine");
}

#[tokio::test]
async fn a_process_has_started_when_all_its_subscriptions_run_and_stays_started() {
    let bus = bus();
    let router = Operations::of(&bus).subscriptions(2).look_every(Duration::from_millis(100)).router();
    for name in ["one", "two"] {
        assert_eq!(status(&router, "/startupz").await, 503, "before {name}");
        bus.subscribe(Subscription::matching(name, "*").handler(async |_: RawEvent, _| ())).await.unwrap();
    }
    eventually("it has started", async || status(&router, "/startupz").await == 200).await;
    bus.unsubscribe("two").await.unwrap();
    assert_eq!(status(&router, "/startupz").await, 200);
    bus.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stops_is_unready_at_once_and_alive_until_its_handlers_have_finished() {
    let bus = bus();
    let router = router(&bus);
    let (may_end, begun) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let slow = Subscription::to::<LeadCreated>("scoring");
    let state = (Arc::clone(&may_end), Arc::clone(&begun));
    bus.subscribe(slow.handler_with(state, async |(may_end, begun), _: Event<LeadCreated>, _| {
        begun.add_permits(1);
        may_end.acquire().await.map(tokio::sync::SemaphorePermit::forget).ok();
    }))
    .await
    .unwrap();
    bus.publish(lead(75.0).event("acme")).await.unwrap();
    begun.acquire().await.unwrap().forget();
    assert_eq!(status(&router, "/readyz").await, 200);
    let stopping = tokio::spawn({
        let bus = bus.clone();
        async move { bus.shutdown().await }
    });
    eventually("it stops", async || bus.is_stopping()).await;
    let unready = get(&router, "/readyz?verbose").await;
    assert_eq!((unready.status.as_u16(), &unready.json()["reasons"][0]["reason"]), (503, &"closed".into()));
    assert_eq!((status(&router, "/livez").await, status(&router, "/startupz").await), (200, 200));
    may_end.add_permits(1);
    stopping.await.unwrap().unwrap();
    assert_eq!(status(&router, "/livez").await, 200);
}

/// The transport in memory, whose answers to verdicts may never come.
#[derive(Clone, Default)]
struct Hanging {
    memory: MemoryTransport,
    hangs: Arc<AtomicBool>,
}

struct HangingSource(MemorySource, Arc<AtomicBool>);

impl Transport for Hanging {
    type Source = HangingSource;
    type Admin = MemoryAdmin;

    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn publish(&self, batch: Vec<Outgoing>) -> Result<Vec<Result<Receipt>>> {
        self.memory.publish(batch).await
    }

    async fn open(&self, spec: SourceSpec) -> Result<HangingSource> {
        Ok(HangingSource(self.memory.open(spec).await?, Arc::clone(&self.hangs)))
    }

    fn admin(&self) -> MemoryAdmin {
        self.memory.admin()
    }
}

impl Source for HangingSource {
    async fn fetch(&self, most: usize) -> Result<Vec<Delivery>> {
        self.0.fetch(most).await
    }

    fn interrupt(&self) {
        self.0.interrupt();
    }

    async fn start(&self, delivery: DeliveryRef) -> Result<Option<Delivery>> {
        self.0.start(delivery).await
    }

    async fn settle(&self, batch: Vec<Settlement>) -> Result<Vec<Settled>> {
        if self.1.load(Relaxed) {
            std::future::pending::<()>().await;
        }
        self.0.settle(batch).await
    }

    async fn renew(&self, held: Vec<DeliveryRef>) -> Result<Vec<DeliveryRef>> {
        self.0.renew(held).await
    }

    fn state(&self) -> watch::Receiver<SubscriptionState> {
        self.0.state()
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_hangs_is_not_alive_though_the_store_answers() {
    let store = Hanging::default();
    let bus = EventBus::new(BusConfig::new("crm"), store.clone()).unwrap();
    bus.subscribe(Subscription::matching("everything", "*").handler(async |_: RawEvent, _| ())).await.unwrap();
    let router = router(&bus);
    store.hangs.store(true, Relaxed);
    bus.publish(lead(75.0).event("acme")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(status(&router, "/livez").await, 200, "a slow store is no reason yet");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let stuck = get(&router, "/livez?verbose").await;
    assert_eq!(stuck.status.as_u16(), 503);
    assert_eq!((&stuck.json()["status"], &stuck.json()["reasons"][0]["part"]), (&"stuck".into(), &"settler".into()));
    assert!(stuck.body.contains("crm/everything"), "{}", stuck.body);
}

#[tokio::test]
async fn looks_end_when_the_router_is_dropped() {
    let memory = MemoryTransport::new();
    let bus = EventBus::new(BusConfig::new("crm"), memory).unwrap();
    let (router, metrics) = (router(&bus), tokio::runtime::Handle::current().metrics());
    let before = metrics.num_alive_tasks();
    assert_eq!(status(&router, "/readyz").await, 200);
    assert_eq!(metrics.num_alive_tasks(), before + 1);
    drop(router);
    eventually("the task has ended", async || metrics.num_alive_tasks() == before).await;
}
