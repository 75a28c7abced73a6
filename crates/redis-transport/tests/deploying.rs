//! Deploys on Redis: which lists hold in which partition, whoever dies and whatever is lost.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::Duration;

use common::{ack, event, eventually, fetch_within, retry_in, settle, take};
use tekup_core::{
    EventId,
    transport::{Admin, Settled, Settlement, Source, SourceSpec, Transport, Verdict},
};
use tekup_redis_transport::{RedisConfig, RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

const PARTITIONS: u16 = 4;

async fn connect(server: &RedisServer) -> RedisTransport {
    RedisTransport::connect(&RedisConfig::new(server.url()).partitions(PARTITIONS)).await.unwrap()
}

fn deploy(revision: u64, patterns: &[&str]) -> SourceSpec {
    let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
    let mut spec = SourceSpec::new("billing/ledger".parse().unwrap(), patterns);
    spec.revision = revision;
    spec
}

fn registries(server: &RedisServer) -> Vec<String> {
    let keys = server.command(&["KEYS", "*:subs"]).unwrap();
    let mut keys: Vec<String> = keys.items().iter().map(|key| key.text().unwrap().to_owned()).collect();
    keys.sort();
    keys
}

/// What is registered in each partition that knows anything.
fn records(server: &RedisServer) -> Vec<String> {
    let read = |key: &String| server.command(&["HGET", key, "billing/ledger"]).unwrap();
    registries(server).iter().filter_map(|key| read(key).text().map(str::to_owned)).collect()
}

/// Whether this is registered, and the same in every partition.
fn all_hold(server: &RedisServer, part: &str) -> bool {
    let records = records(server);
    records.len() == usize::from(PARTITIONS)
        && records.iter().all(|one| *one == records[0])
        && records[0].contains(part)
}

/// Publishes one event of each of many tenants, so that every partition gets some.
async fn publish_everywhere(transport: &RedisTransport, event_type: &str) -> Vec<EventId> {
    publish_in(transport, event_type, |_| true).await
}

async fn publish_in(transport: &RedisTransport, event_type: &str, partition: fn(usize) -> bool) -> Vec<EventId> {
    let of = |tenant: usize| {
        let mut one = event(event_type);
        one.tenant = format!("tenant-{tenant}").parse().unwrap();
        one
    };
    let batch = (0..40).map(of).filter(|one| partition(transport.partition_of(&one.tenant)));
    let receipts = transport.publish(batch.collect()).await.unwrap();
    receipts.into_iter().map(|receipt| receipt.unwrap().id).collect()
}

async fn expect(source: &RedisSource, mut wanted: Vec<EventId>) {
    let taken = take(source, wanted.len()).await;
    let mut came: Vec<EventId> = taken.iter().map(|one| one.id).collect();
    came.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(came, wanted);
    for one in &taken {
        ack(source, one).await;
    }
}

/// Reads as a process does, acks all, and tells of each.
async fn run(source: RedisSource, came: tokio::sync::mpsc::UnboundedSender<EventId>) {
    loop {
        let batch = fetch_within(&source, 100, Duration::from_millis(200)).await.unwrap_or_default();
        for one in &batch {
            let (held, id, tenant) = (one.held, one.id, one.tenant.clone());
            let _settled = source.settle(vec![Settlement { held, id, tenant, verdict: Verdict::Ack }]).await;
            let _still_heard = came.send(one.id);
        }
    }
}

/// As a joiner leaves it that was killed when the first partition had decided.
fn take_over_in_one_partition_only(server: &RedisServer, lists: &str) {
    let first = first_partition(server);
    let change = 9_999_999_999_999_u64;
    let record = format!(r#"{{"patterns":[{lists}],"tenants":[],"revision":2,"change":{change}}}"#);
    server.command(&["HSET", &first, "billing/ledger", &record]).unwrap();
}

fn first_partition(server: &RedisServer) -> String {
    registries(server).into_iter().find(|key| key.contains("{s:0.")).unwrap()
}

#[tokio::test]
async fn what_a_killed_joiner_left_half_done_is_mended_by_the_next_one() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let _old = transport.open(deploy(1, &["lead.*"])).await.unwrap();
    // Where the joiner has not come to, there are lanes that are new to the subscription.
    publish_in(&transport, "invoice.paid", |partition| partition > 0).await;
    take_over_in_one_partition_only(&server, r#""invoice.*""#);
    assert!(!all_hold(&server, "invoice"));
    let behind = transport.open(deploy(1, &["lead.*"])).await.unwrap();
    assert!(all_hold(&server, r#""revision":2"#), "{:?}", records(&server));
    let new = transport.open(deploy(2, &["invoice.*"])).await.unwrap();
    let wanted = publish_everywhere(&transport, "invoice.paid").await;
    publish_everywhere(&transport, "lead.created").await;
    expect(&new, wanted).await;
    for source in [&behind, &new] {
        assert!(fetch_within(source, 10, Duration::from_millis(200)).await.unwrap().is_empty());
    }
    let books = transport.admin().books(&"billing/ledger".parse().unwrap()).await.unwrap();
    assert!(books.balanced() && books.acked == 40, "{books:?}");
}

#[tokio::test]
async fn what_a_killed_joiner_left_half_done_is_mended_by_whoever_looks() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let old = transport.open(deploy(1, &["lead.*"])).await.unwrap();
    take_over_in_one_partition_only(&server, r#""lead.created","invoice.*""#);
    let (came, _heard) = tokio::sync::mpsc::unbounded_channel();
    let running = tokio::spawn(run(old, came));
    let deadline = std::time::Instant::now() + Duration::from_secs(15);
    while !all_hold(&server, r#""revision":2"#) {
        assert!(std::time::Instant::now() < deadline, "{:?}", records(&server));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    running.abort();
    let new = transport.open(deploy(2, &["lead.created", "invoice.*"])).await.unwrap();
    let wanted = publish_everywhere(&transport, "invoice.paid").await;
    publish_everywhere(&transport, "lead.scored").await;
    expect(&new, wanted).await;
}

#[tokio::test]
async fn a_newer_record_outlives_a_first_partition_that_was_lost() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let new = transport.open(deploy(2, &["invoice.*"])).await.unwrap();
    new.close().await.unwrap();
    server.command(&["DEL", &first_partition(&server)]).unwrap();
    let _behind = transport.open(deploy(1, &["lead.*"])).await.unwrap();
    assert!(all_hold(&server, r#""revision":2"#), "{:?}", records(&server));
}

#[tokio::test]
async fn deploys_that_race_end_with_the_same_lists_in_all_partitions() {
    let server = RedisServer::start().unwrap();
    let (one, other) = (connect(&server).await, connect(&server).await);
    for round in 0..40 {
        let revision = round % 2 * (round + 1);
        let lists = [deploy(revision, &["lead.*"]), deploy(revision + round % 2, &["invoice.*"])];
        let [left, right] = lists;
        let (left, right) = tokio::join!(one.open(left), other.open(right));
        right.unwrap();
        // Where both declare one, the smaller one may come first or be behind; neither is refused.
        left.unwrap();
        let held = if round % 2 == 1 { "invoice" } else { "patterns" };
        assert!(all_hold(&server, held), "round {round}: {:?}", records(&server));
        server.command(&["FLUSHALL"]).unwrap();
    }
}

#[tokio::test]
async fn the_newer_one_wins_after_flushall_whoever_repairs_first() {
    let server = RedisServer::start().unwrap();
    let (one, other) = (connect(&server).await, connect(&server).await);
    let old = one.open(deploy(1, &["lead.*"])).await.unwrap();
    let new = other.open(deploy(2, &["invoice.*"])).await.unwrap();
    for order in [[&old, &new], [&new, &old]] {
        server.command(&["FLUSHALL"]).unwrap();
        for source in order {
            // It hears of lanes that are new, and finds that it is registered nowhere.
            publish_everywhere(&one, "other.thing").await;
            fetch_within(source, 1, Duration::from_millis(300)).await.unwrap();
        }
        eventually("the newer lists hold everywhere", async || all_hold(&server, r#"["invoice.*"]"#)).await;
        let wanted = publish_everywhere(&one, "invoice.paid").await;
        expect(&new, wanted).await;
    }
}

#[tokio::test]
async fn under_load_the_newer_lists_come_back_after_each_flushall_and_what_is_stored_then_is_handled() {
    let server = RedisServer::start().unwrap();
    let (one, other) = (connect(&server).await, connect(&server).await);
    let (came, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let old = one.open(deploy(1, &["lead.*", "quote.sent"])).await.unwrap();
    let new = other.open(deploy(2, &["lead.*", "invoice.*"])).await.unwrap();
    let running = [tokio::spawn(run(old, came.clone())), tokio::spawn(run(new, came))];
    let publisher = connect(&server).await;
    for _ in 0..5 {
        for _ in 0..5 {
            publish_everywhere(&publisher, "lead.created").await;
        }
        server.command(&["FLUSHALL"]).unwrap();
        let load = async {
            publish_everywhere(&publisher, "lead.created").await;
            all_hold(&server, r#"["invoice.*","lead.*"]"#)
        };
        if !load.await {
            let holds = async || {
                publish_everywhere(&publisher, "invoice.paid").await;
                all_hold(&server, r#"["invoice.*","lead.*"]"#)
            };
            eventually("the newer lists hold everywhere", holds).await;
        }
        let mut wanted = publish_everywhere(&publisher, "invoice.paid").await;
        wanted.extend(publish_everywhere(&publisher, "lead.created").await);
        let all = async {
            while !wanted.is_empty() {
                let id = heard.recv().await.unwrap();
                wanted.retain(|one| *one != id);
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all).await.unwrap();
    }
    running.iter().for_each(tokio::task::JoinHandle::abort);
}

/// Fails all that is new, finishes all that was retried, and tells of the latter.
async fn fail_once(source: &RedisSource, came: &tokio::sync::mpsc::UnboundedSender<EventId>) {
    for one in fetch_within(source, 10, Duration::from_millis(50)).await.unwrap() {
        if one.failures == 0 {
            assert_eq!(settle(source, &one, retry_in(Duration::ZERO)).await.unwrap(), Settled::Done);
        } else {
            ack(source, &one).await;
            came.send(one.id).unwrap();
        }
    }
}

#[tokio::test]
async fn a_retry_of_a_type_that_only_the_newer_deploy_takes_is_never_handed_to_an_older_one() {
    let server = RedisServer::start().unwrap();
    let (transport, elsewhere) = (connect(&server).await, connect(&server).await);
    let newer = transport.open(deploy(2, &["lead.*", "invoice.*"])).await.unwrap();
    let older = elsewhere.open(deploy(1, &["lead.*"])).await.unwrap();
    let invoices = publish_everywhere(&transport, "invoice.paid").await;
    let leads = publish_everywhere(&transport, "lead.created").await;
    let (tell, mut came) = tokio::sync::mpsc::unbounded_channel();
    let (tell_older, mut came_to_older) = tokio::sync::mpsc::unbounded_channel();
    let mut done = Vec::new();
    let deadline = tokio::time::Instant::now() + 4 * common::SOON;
    while done.len() < invoices.len() + leads.len() {
        assert!(tokio::time::Instant::now() < deadline, "{} came", done.len());
        tokio::join!(fail_once(&newer, &tell), fail_once(&older, &tell_older));
        while let Ok(id) = came.try_recv() {
            done.push(id);
        }
        while let Ok(id) = came_to_older.try_recv() {
            assert!(leads.contains(&id), "{id} is of a type that the older deploy does not take");
            done.push(id);
        }
    }
    let books = transport.admin().books(&"billing/ledger".parse().unwrap()).await.unwrap();
    assert!(books.balanced() && books.acked == 80 && books.dead == 0, "{books:?}");
}

#[tokio::test]
async fn what_an_older_deploy_can_not_retry_waits_for_a_newer_one_with_its_failures() {
    let server = RedisServer::start().unwrap();
    let (transport, elsewhere) = (connect(&server).await, connect(&server).await);
    let newer = transport.open(deploy(2, &["lead.*", "invoice.*"])).await.unwrap();
    let older = elsewhere.open(deploy(1, &["lead.*"])).await.unwrap();
    let paid = common::publish(&transport, "invoice.paid").await;
    let one = take(&newer, 1).await.remove(0);
    settle(&newer, &one, retry_in(Duration::ZERO)).await.unwrap();
    newer.close().await.unwrap();
    // The older one has looked at it when it has handed it on.
    let handed_on = async || {
        assert!(fetch_within(&older, 10, Duration::from_millis(50)).await.unwrap().is_empty());
        let retries = server.command(&["KEYS", "*:retry:billing/ledger"]).unwrap();
        retries.items().iter().any(|key| {
            let key = key.text().unwrap();
            common::int(&server, &["XLEN", key]) == 1
                && server.command(&["XPENDING", key, "billing/ledger", "-", "+", "1"]).unwrap().items().len() == 1
        })
    };
    eventually("the older one hands it on", handed_on).await;
    let newer = transport.open(deploy(2, &["lead.*", "invoice.*"])).await.unwrap();
    let again = take(&newer, 1).await.remove(0);
    assert_eq!((again.id, again.failures), (paid, 1));
    ack(&newer, &again).await;
}
