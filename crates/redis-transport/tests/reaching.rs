//! How soon an idle subscription hears of what it could not know: it is told, and waits for no look that comes every few
//! seconds. Subscriber, peer and operator have connections of their own.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a helper of a test may fail it, and says what it measured"
)]

mod common;

use std::time::{Duration, Instant};

use common::{SOON, settle, take};
use tekup_core::{
    BusConfig, EventBus, EventId, RawEvent, Subscription, SubscriptionHandle, SubscriptionId,
    transport::{Admin, DeadReason, Delivery, Due, LetterKey, Outgoing, Settled, SourceSpec, Transport, Verdict},
};
use tekup_redis_transport::{RedisConfig, RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const LEDGER: &str = "billing/ledger";
const TRIES: usize = 200;
/// Far beyond the 100 ms that are promised and are a matter of measuring: where many programs want each core, 99 in 100
/// come within 450 ms. Far below a look still: who only looks, every 5 s or later, hears of one half after 2.5 s or more.
const MOST: Duration = Duration::from_secs(2);
const HOUR: Duration = Duration::from_secs(3_600);
const SOON_DUE: Duration = Duration::from_millis(5);

async fn connect(server: &RedisServer) -> RedisTransport {
    RedisTransport::connect(&RedisConfig::new(server.url())).await.unwrap()
}

fn ledger() -> SubscriptionId {
    LEDGER.parse().unwrap()
}

fn lead(event_type: &str) -> Outgoing {
    let event = common::event(event_type);
    let (id, tenant) = (event.id, &event.tenant);
    let envelope = format!(
        r#"{{"id":"{id}","type":"{event_type}","version":"1.0.0","tenantId":"{tenant}","timestamp":"2025-09-14T10:15:30.123Z","data":{{}}}}"#
    );
    Outgoing { bytes: envelope.into(), ..event }
}

async fn publish(transport: &RedisTransport, events: Vec<Outgoing>) {
    assert!(transport.publish(events).await.unwrap().iter().all(Result::is_ok));
}

/// A bus whose one subscription has nothing to do.
struct Idle {
    _bus: EventBus,
    running: SubscriptionHandle,
    came: UnboundedReceiver<(EventId, Instant)>,
}

impl Idle {
    async fn begin(server: &RedisServer) -> Self {
        let mut config = BusConfig::new("billing");
        // What the peer holds stays its own.
        config.lease = HOUR;
        let bus = EventBus::new(config, connect(server).await).unwrap();
        let (tell, came) = unbounded_channel();
        let ledger = Subscription::matching("ledger", "*").handler_with(tell, async |tell, event: RawEvent, _| {
            tell.send((event.envelope().id, Instant::now()))?;
            Ok(())
        });
        let running = bus.subscribe(ledger).await.unwrap();
        Self { _bus: bus, running, came }
    }

    /// When a handler was given this event, and no other.
    async fn given(&mut self, id: EventId) -> Instant {
        let (came, at) = tokio::time::timeout(SOON, self.came.recv()).await.unwrap().unwrap();
        assert_eq!(came, id);
        at
    }

    async fn until(&self, paused: bool) -> Instant {
        let begun = Instant::now();
        while self.running.state().is_paused() != paused {
            assert!(begun.elapsed() < SOON, "the state is not heard of");
            tokio::task::yield_now().await;
        }
        Instant::now()
    }
}

/// Another replica, that holds events and reads no more.
struct Peer {
    transport: RedisTransport,
    source: RedisSource,
    held: Vec<Delivery>,
}

impl Peer {
    async fn holding(server: &RedisServer, count: usize) -> Self {
        let transport = connect(server).await;
        let mut spec = SourceSpec::new(ledger(), vec!["*".parse().unwrap()]);
        spec.lease = HOUR;
        let source = transport.open(spec).await.unwrap();
        publish(&transport, (0..count).map(|_| lead("lead.created")).collect()).await;
        let held = take(&source, count).await;
        Self { transport, source, held }
    }

    async fn settle(&self, delivery: &Delivery, verdict: Verdict) {
        assert_eq!(settle(&self.source, delivery, verdict).await.unwrap(), Settled::Done);
    }
}

/// What all but one in a hundred stay below.
fn expect_prompt(what: &str, mut waits: Vec<Duration>) {
    waits.sort_unstable();
    let (median, p99, most) = (waits[TRIES / 2], waits[TRIES * 99 / 100 - 1], waits[TRIES - 1]);
    println!("{what}: p99 of {TRIES}: {p99:?} (median {median:?}, most {most:?})");
    assert!(p99 < MOST, "{what}: {waits:?}");
}

#[tokio::test]
async fn a_new_lane_reaches_an_idle_subscription_at_once() {
    let server = RedisServer::start().unwrap();
    let (mut idle, publisher) = (Idle::begin(&server).await, connect(&server).await);
    let mut waits = Vec::new();
    for number in 0..TRIES {
        let event = lead(&format!("lead.n{number}"));
        let (id, begun) = (event.id, Instant::now());
        publish(&publisher, vec![event]).await;
        waits.push(idle.given(id).await - begun);
    }
    expect_prompt("a new lane", waits);
}

#[tokio::test]
async fn an_event_that_is_due_before_all_that_wait_reaches_an_idle_subscription_at_once() {
    let server = RedisServer::start().unwrap();
    let (mut idle, publisher) = (Idle::begin(&server).await, connect(&server).await);
    let later = |delay| Outgoing { due: Some(Due::After(delay)), ..lead("lead.created") };
    publish(&publisher, vec![later(HOUR)]).await;
    let mut waits = Vec::new();
    for _ in 0..TRIES {
        let event = later(SOON_DUE);
        let (id, due) = (event.id, Instant::now() + SOON_DUE);
        publish(&publisher, vec![event]).await;
        waits.push(idle.given(id).await - due);
    }
    expect_prompt("an earlier due time of a delayed event", waits);
}

#[tokio::test]
async fn a_retry_that_is_due_before_all_that_wait_reaches_an_idle_subscription_at_once() {
    let server = RedisServer::start().unwrap();
    let peer = Peer::holding(&server, TRIES + 1).await;
    let mut idle = Idle::begin(&server).await;
    let (last, others) = peer.held.split_last().unwrap();
    peer.settle(last, common::retry_in(HOUR)).await;
    let mut waits = Vec::new();
    for held in others {
        let due = Instant::now() + SOON_DUE;
        peer.settle(held, common::retry_in(SOON_DUE)).await;
        waits.push(idle.given(held.id).await - due);
    }
    expect_prompt("an earlier due time of a retry", waits);
}

#[tokio::test]
async fn what_a_peer_hands_back_reaches_an_idle_subscription_at_once() {
    let server = RedisServer::start().unwrap();
    let peer = Peer::holding(&server, TRIES).await;
    let mut idle = Idle::begin(&server).await;
    let mut waits = Vec::new();
    for held in &peer.held {
        let begun = Instant::now();
        peer.settle(held, Verdict::Release).await;
        waits.push(idle.given(held.id).await - begun);
    }
    expect_prompt("a release", waits);
}

#[tokio::test]
async fn a_replayed_letter_reaches_an_idle_subscription_at_once() {
    let server = RedisServer::start().unwrap();
    let peer = Peer::holding(&server, TRIES).await;
    for held in &peer.held {
        let verdict = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: "no".into() };
        peer.settle(held, verdict).await;
    }
    let mut idle = Idle::begin(&server).await;
    let admin = peer.transport.admin();
    let mut waits = Vec::new();
    for held in &peer.held {
        let letter = LetterKey { tenant: held.tenant.clone(), id: held.id, died: None };
        let begun = Instant::now();
        assert_eq!(admin.replay(&ledger(), vec![letter]).await.unwrap(), 1);
        waits.push(idle.given(held.id).await - begun);
    }
    expect_prompt("a replay", waits);
}

#[tokio::test]
async fn a_pause_and_a_resume_reach_an_idle_subscription_at_once() {
    let server = RedisServer::start().unwrap();
    let (mut idle, operator) = (Idle::begin(&server).await, connect(&server).await);
    let set_paused = async |paused| assert!(operator.admin().set_paused(&ledger(), paused).await.unwrap());
    let (mut pauses, mut resumes) = (Vec::new(), Vec::new());
    for _ in 0..TRIES {
        let begun = Instant::now();
        set_paused(true).await;
        pauses.push(idle.until(true).await - begun);
        let event = lead("lead.created");
        let id = event.id;
        publish(&operator, vec![event]).await;
        let begun = Instant::now();
        set_paused(false).await;
        let given = idle.given(id).await;
        assert!(given >= begun, "a paused subscription has started something");
        resumes.push(given - begun);
    }
    expect_prompt("a pause", pauses);
    expect_prompt("a resume", resumes);
}
