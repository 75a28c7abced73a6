//! What operators are told while events flow.
#![allow(clippy::unwrap_used, reason = "what library code may not do, a test may")]

use std::time::{Duration, Instant};

use tekup_core::{
    EventId, TenantId,
    transport::{
        Admin, Books, DeadReason, Delivery, Outgoing, Settled, Settlement, Source, SourceSpec, Stage, Start, Transport,
        Verdict,
    },
};
use tekup_redis_transport::{RedisConfig, RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

const IMPORT: &str = "crm/import";

struct World {
    _server: RedisServer,
    bus: RedisTransport,
}

impl World {
    async fn new() -> Self {
        let server = RedisServer::start().unwrap();
        let bus = RedisTransport::connect(&RedisConfig::new(server.url())).await.unwrap();
        Self { _server: server, bus }
    }

    async fn open(&self, name: &str) -> RedisSource {
        let mut spec = SourceSpec::new(name.parse().unwrap(), vec!["lead.*".parse().unwrap()]);
        spec.lease = Duration::from_secs(5);
        self.bus.open(spec).await.unwrap()
    }

    async fn publish(&self, tenant: &TenantId, count: usize) -> Vec<EventId> {
        let event = |_| Outgoing::unchecked(tenant.clone(), "lead.created".parse().unwrap(), "{}");
        let batch: Vec<Outgoing> = (0..count).map(event).collect();
        let ids = batch.iter().map(|event| event.id).collect();
        for receipt in self.bus.publish(batch).await.unwrap() {
            assert!(!receipt.unwrap().duplicate);
        }
        ids
    }

    async fn books(&self) -> Books {
        let books = self.bus.admin().books(&IMPORT.parse().unwrap()).await.unwrap();
        assert!(books.balanced(), "{books:?}");
        books
    }

    async fn stage(&self, tenant: &TenantId, id: EventId) -> (Stage, u32) {
        let status = self.bus.admin().status(tenant, id).await.unwrap();
        let at = status.subscriptions.iter().find(|at| at.subscription.to_string() == IMPORT).unwrap();
        (at.stage, at.failures)
    }
}

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

async fn fetch(source: &RedisSource, count: usize) -> Vec<Delivery> {
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut deliveries = Vec::new();
    while deliveries.len() < count {
        assert!(Instant::now() < deadline, "{} of {count} came", deliveries.len());
        let most = count - deliveries.len();
        deliveries.extend(tokio::time::timeout(Duration::from_secs(10), source.fetch(most)).await.unwrap().unwrap());
    }
    deliveries
}

async fn settle(source: &RedisSource, delivery: &Delivery, verdict: Verdict) {
    let Delivery { held, id, tenant, .. } = delivery.clone();
    let settled = source.settle(vec![Settlement { held, id, tenant, verdict }]).await.unwrap();
    assert_eq!(settled, [Settled::Done]);
}

fn retry(failures: u32, delay: Duration) -> Verdict {
    Verdict::Retry { delay, failures, error: "the ledger is closed".into() }
}

fn dead(attempts: u32) -> Verdict {
    Verdict::DeadLetter { reason: DeadReason::AttemptsExhausted, attempts, error: "the ledger is closed".into() }
}

#[tokio::test]
async fn an_event_is_followed_through_retry_dead_letters_and_replay_to_its_end() {
    let world = World::new().await;
    let source = world.open(IMPORT).await;
    let id = world.publish(&acme(), 1).await[0];
    assert_eq!(world.stage(&acme(), id).await, (Stage::Pending, 0));
    assert_eq!(world.books().await, Books { published: 1, ready: 1, ..Books::default() });

    let first = fetch(&source, 1).await.remove(0);
    assert_eq!(world.stage(&acme(), id).await, (Stage::Processing, 0));
    assert_eq!(world.books().await, Books { published: 1, pending: 1, ..Books::default() });

    settle(&source, &first, retry(1, Duration::from_millis(50))).await;
    assert_eq!(world.stage(&acme(), id).await, (Stage::Retrying, 1));
    assert_eq!(world.books().await, Books { published: 1, retrying: 1, ..Books::default() });

    let second = fetch(&source, 1).await.remove(0);
    assert_eq!((second.id, second.failures), (id, 1));
    assert_eq!(world.stage(&acme(), id).await, (Stage::Processing, 0));
    settle(&source, &second, Verdict::Release).await;
    assert_eq!(world.stage(&acme(), id).await, (Stage::Retrying, 1));
    assert_eq!(world.books().await, Books { published: 1, retrying: 1, ..Books::default() });
    let second = fetch(&source, 1).await.remove(0);
    assert_eq!(world.books().await, Books { published: 1, pending: 1, ..Books::default() });
    settle(&source, &second, dead(2)).await;
    assert_eq!(world.stage(&acme(), id).await, (Stage::Failed, 2));
    assert_eq!(world.books().await, Books { published: 1, dead: 1, ..Books::default() });

    let (admin, import) = (world.bus.admin(), IMPORT.parse().unwrap());
    let letter = admin.dead_letter(&import, &(acme(), id).into()).await.unwrap().unwrap();
    assert_eq!((letter.reason, letter.attempts, letter.bytes.as_ref()), (DeadReason::AttemptsExhausted, 2, &b"{}"[..]));
    assert_eq!((letter.error.as_str(), letter.event_type.unwrap().as_str()), ("the ledger is closed", "lead.created"));
    assert!(letter.first_failure.unwrap() <= letter.died);
    assert_eq!(admin.dead_letters(&import, None, None, 10).await.unwrap().letters.len(), 1);

    assert_eq!(admin.replay(&import, vec![(acme(), id).into()]).await.unwrap(), 1);
    assert_eq!(world.stage(&acme(), id).await, (Stage::Retrying, 0));
    assert_eq!(world.books().await, Books { published: 1, retrying: 1, ..Books::default() });
    let again = fetch(&source, 1).await.remove(0);
    assert_eq!((again.id, again.failures, again.first_failure, again.bytes.as_ref()), (id, 0, None, &b"{}"[..]));
    assert_eq!(again.start, Start::Fresh);
    assert_eq!(world.stage(&acme(), id).await, (Stage::Processing, 0));
    settle(&source, &again, Verdict::Ack).await;
    assert_eq!(world.stage(&acme(), id).await, (Stage::Completed, 0));
    assert_eq!(world.books().await, Books { published: 1, acked: 1, ..Books::default() });
}

#[tokio::test]
async fn a_replay_reaches_a_reader_that_waits_and_no_other_subscription() {
    let world = World::new().await;
    let (source, other) = (world.open(IMPORT).await, world.open("audit/all").await);
    let id = world.publish(&acme(), 1).await[0];
    let delivery = fetch(&source, 1).await.remove(0);
    settle(&source, &delivery, dead(1)).await;
    let elsewhere = fetch(&other, 1).await.remove(0);
    settle(&other, &elsewhere, Verdict::Ack).await;

    let waiting = tokio::spawn(async move { fetch(&source, 1).await.remove(0).id });
    let admin = world.bus.admin();
    assert_eq!(admin.replay(&IMPORT.parse().unwrap(), vec![(acme(), id).into()]).await.unwrap(), 1);
    assert_eq!(tokio::time::timeout(Duration::from_secs(2), waiting).await.unwrap().unwrap(), id);
    assert_eq!(admin.status(&acme(), id).await.unwrap().subscriptions[0].stage, Stage::Completed);
    other.interrupt();
    assert!(other.fetch(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_event_that_was_handed_back_is_pending_and_ready_again() {
    let world = World::new().await;
    let source = world.open(IMPORT).await;
    let id = world.publish(&acme(), 1).await[0];
    let delivery = fetch(&source, 1).await.remove(0);
    settle(&source, &delivery, Verdict::Release).await;
    assert_eq!(world.stage(&acme(), id).await, (Stage::Pending, 0));
    assert_eq!(world.books().await, Books { published: 1, ready: 1, ..Books::default() });
}

#[tokio::test]
async fn the_books_of_many_tenants_balance_whatever_becomes_of_their_events() {
    let world = World::new().await;
    let source = world.open(IMPORT).await;
    for tenant in 0..20 {
        world.publish(&format!("tenant-{tenant}").parse().unwrap(), 10).await;
    }
    let deliveries = fetch(&source, 150).await;
    for (place, delivery) in deliveries.iter().enumerate() {
        match place % 5 {
            0 => settle(&source, delivery, retry(1, Duration::from_secs(600))).await,
            1 => settle(&source, delivery, dead(1)).await,
            2 | 3 => settle(&source, delivery, Verdict::Ack).await,
            _ => {}
        }
    }
    let expected =
        Books { published: 200, acked: 60, ready: 50, pending: 30, retrying: 30, dead: 30, ..Books::default() };
    assert_eq!(world.books().await, expected);
    let admin = world.bus.admin();
    let letters = admin.dead_letters(&IMPORT.parse().unwrap(), None, None, 1_000).await.unwrap().letters;
    assert_eq!(letters.len(), 30);
    let all = letters.iter().map(Into::into).collect();
    assert_eq!(admin.replay(&IMPORT.parse().unwrap(), all).await.unwrap(), 30);
    assert_eq!(world.books().await, Books { dead: 0, retrying: 60, ..expected });
}

#[tokio::test]
async fn a_subscription_that_comes_later_has_only_what_came_after_it() {
    let world = World::new().await;
    let before = world.publish(&acme(), 7).await[0];
    let source = world.open(IMPORT).await;
    assert_eq!(world.books().await, Books::default());
    let after = world.publish(&acme(), 3).await[0];
    assert_eq!(world.books().await, Books { published: 3, ready: 3, ..Books::default() });
    assert!(world.bus.admin().status(&acme(), before).await.unwrap().subscriptions.is_empty());
    assert_eq!(world.stage(&acme(), after).await, (Stage::Pending, 0));
    for delivery in fetch(&source, 3).await {
        settle(&source, &delivery, Verdict::Ack).await;
    }
    assert_eq!(world.books().await, Books { published: 3, acked: 3, ..Books::default() });
}

#[tokio::test]
async fn a_status_is_never_completed_before_the_subscription_has_finished() {
    let world = World::new().await;
    let source = world.open(IMPORT).await;
    let admin = world.bus.admin();
    for _ in 0..20 {
        let ids = world.publish(&acme(), 10).await;
        let (asked, other) = (admin.clone(), ids.clone());
        let watcher = tokio::spawn(async move {
            for id in other {
                let stage = asked.status(&acme(), id).await.unwrap().stage;
                assert!(matches!(stage, Stage::Pending | Stage::Processing), "{stage}");
            }
        });
        let deliveries = fetch(&source, 10).await;
        watcher.await.unwrap();
        for delivery in &deliveries {
            settle(&source, delivery, Verdict::Ack).await;
        }
        for id in ids {
            assert_eq!(world.stage(&acme(), id).await.0, Stage::Completed);
        }
    }
}
