//! Joining partitions of many lanes, which is done in portions: whoever dies, joins or publishes between two of them.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::{collections::BTreeSet, time::Duration};

use common::{ack, connect, event, eventually, int, key, take};
use tekup_core::{
    EventId,
    transport::{Admin, Books, Source, SourceSpec, StartAt, Transport},
};
use tekup_redis_transport::{RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

/// More than a call may join, by far.
const LANES: usize = 1_000;

fn deploy(name: &str, revision: u64, patterns: &[&str]) -> SourceSpec {
    let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
    let mut spec = SourceSpec::new(name.parse().unwrap(), patterns);
    spec.revision = revision;
    spec
}

fn ledger(patterns: &[&str]) -> SourceSpec {
    deploy("billing/ledger", 0, patterns)
}

/// One event to each of so many lanes.
async fn publish_to_all(transport: &RedisTransport, lanes: std::ops::Range<usize>) -> Vec<EventId> {
    let mut ids = Vec::with_capacity(lanes.len());
    let events: Vec<_> = lanes.map(|number| event(&format!("many.n{number}"))).collect();
    for batch in events.chunks(250) {
        let receipts = transport.publish(batch.to_vec()).await.unwrap();
        ids.extend(receipts.into_iter().map(|receipt| receipt.unwrap().id));
    }
    ids
}

async fn handle(source: &RedisSource, count: usize) -> BTreeSet<EventId> {
    let mut came = BTreeSet::new();
    while came.len() < count {
        for held in take(source, (count - came.len()).min(100)).await {
            ack(source, &held).await;
            assert!(came.insert(held.id), "{} came twice", held.id);
        }
    }
    came
}

async fn books(transport: &RedisTransport, name: &str) -> Books {
    let books = transport.admin().books(&name.parse().unwrap()).await.unwrap();
    assert!(books.balanced(), "{books:?}");
    books
}

/// The most keys of any call of a script since the log was begun.
fn most_keys(server: &RedisServer) -> usize {
    let calls = server.command(&["SLOWLOG", "GET", "-1"]).unwrap();
    let keys = calls.items().iter().filter_map(|call| {
        let words = call.items()[3].items();
        let is_script = words[0].text().is_some_and(|name| name.starts_with("EVAL"));
        is_script.then(|| words[2].text().unwrap().parse::<usize>().unwrap())
    });
    keys.max().unwrap()
}

fn log_all_calls(server: &RedisServer) {
    server.command(&["CONFIG", "SET", "slowlog-log-slower-than", "0"]).unwrap();
    server.command(&["CONFIG", "SET", "slowlog-max-len", "100000"]).unwrap();
    server.command(&["SLOWLOG", "RESET"]).unwrap();
}

fn marks(server: &RedisServer) -> Vec<String> {
    let starts = key(server, ":lanes").replace(":lanes", ":starts");
    let fields = server.command(&["HKEYS", &starts]).unwrap();
    let fields = fields.items().iter().map(|field| field.text().unwrap().to_owned());
    fields.filter(|field| field.ends_with("\njoining")).collect()
}

#[tokio::test]
async fn no_call_joins_or_leaves_more_than_two_hundred_lanes_and_none_is_missed() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    publish_to_all(&transport, 0..LANES).await;
    log_all_calls(&server);
    let source = transport.open(ledger(&["*"])).await.unwrap();
    assert!(most_keys(&server) <= 210, "{} keys", most_keys(&server));
    assert_eq!(marks(&server), Vec::<String>::new(), "what is registered is marked no more");
    let wanted = publish_to_all(&transport, 0..LANES).await;
    assert_eq!(handle(&source, LANES).await, wanted.into_iter().collect());
    assert_eq!(books(&transport, "billing/ledger").await.acked, LANES as u64);
    source.close().await.unwrap();

    server.command(&["SLOWLOG", "RESET"]).unwrap();
    let narrow = transport.open(deploy("billing/ledger", 1, &["many.n7"])).await.unwrap();
    assert!(most_keys(&server) <= 210, "{} keys", most_keys(&server));
    publish_to_all(&transport, 0..LANES).await;
    handle(&narrow, 1).await;
    let books = books(&transport, "billing/ledger").await;
    assert_eq!((books.published, books.ready), (LANES as u64 + 1, 0), "all others were left");
}

#[tokio::test]
async fn a_start_at_the_beginning_and_one_at_a_time_are_given_what_lies_in_all_of_many_lanes() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let past = publish_to_all(&transport, 0..LANES).await;
    let time = tekup_core::Timestamp::from_unix_millis(1_000).unwrap();
    for (name, start_at) in [("late/all", StartAt::Beginning), ("late/since", StartAt::At(time))] {
        let mut spec = deploy(name, 0, &["*"]);
        spec.start_at = start_at;
        let source = transport.open(spec).await.unwrap();
        assert_eq!(handle(&source, LANES).await, past.iter().copied().collect(), "{name}");
        let books = books(&transport, name).await;
        assert_eq!((books.published, books.acked), (LANES as u64, LANES as u64), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_join_many_lanes_at_once_while_lanes_are_made_miss_nothing_from_then_on() {
    let server = RedisServer::start().unwrap();
    let (one, other, publisher) = (connect(&server).await, connect(&server).await, connect(&server).await);
    publish_to_all(&publisher, 0..LANES).await;
    let publishing = tokio::spawn(async move {
        for number in LANES..LANES + 100 {
            publish_to_all(&publisher, number..number + 1).await;
        }
    });
    let open = |transport: &RedisTransport| {
        let transport = transport.clone();
        async move { transport.open(ledger(&["*"])).await.unwrap() }
    };
    let (left, right) = tokio::join!(open(&one), open(&other));
    // What is stored from here on.
    let wanted: BTreeSet<_> = publish_to_all(&one, 0..LANES).await.into_iter().collect();
    publishing.await.unwrap();
    let (mut came, deadline) = (BTreeSet::new(), std::time::Instant::now() + common::SOON * 4);
    while !wanted.is_subset(&came) || books(&one, "billing/ledger").await.ready > 0 {
        assert!(std::time::Instant::now() < deadline, "{} came", came.len());
        for source in [&left, &right] {
            for held in common::fetch_within(source, 100, Duration::from_millis(10)).await.unwrap() {
                ack(source, &held).await;
                assert!(came.insert(held.id), "{} came twice", held.id);
            }
        }
    }
    assert_eq!(marks(&server), Vec::<String>::new());
    assert_eq!(books(&one, "billing/ledger").await.acked, came.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploys_of_other_lists_that_join_many_lanes_at_once_end_with_one_of_them_and_miss_nothing_of_it() {
    let server = RedisServer::start().unwrap();
    let (one, other) = (connect(&server).await, connect(&server).await);
    publish_to_all(&one, 0..LANES).await;
    let audit = one.open(deploy("audit/all", 0, &["*"])).await.unwrap();
    for round in 1..4 {
        let spec = |number: u64, patterns: &[&str]| deploy("billing/ledger", 2 * round + number, patterns);
        let (older, newer) = tokio::join!(
            one.open(spec(0, &["many.n1*", "many.n2*", "many.n3*", "many.n4*"])),
            other.open(spec(1, &["many.n3*", "many.n4*", "many.n5*", "many.n6*"])),
        );
        let (older, newer) = (older.unwrap(), newer.unwrap());
        older.close().await.unwrap();
        let published = publish_to_all(&one, 0..LANES).await;
        let wanted =
            published.iter().enumerate().filter(|(at, _)| "3456".contains(at.to_string().as_bytes()[0] as char));
        let wanted: BTreeSet<_> = wanted.map(|(_, id)| *id).collect();
        assert_eq!(handle(&newer, wanted.len()).await, wanted);
        newer.close().await.unwrap();
        assert_eq!(handle(&audit, LANES).await.len(), LANES);
        assert_eq!(books(&one, "billing/ledger").await.ready, 0, "round {round}");
    }
}

/// As a joiner leaves it that was killed between two portions, when it counts as dead: the group of each lane is marked.
fn die_between_portions(server: &RedisServer, lanes: std::ops::Range<usize>) {
    let lists = key(server, ":lanes");
    let starts = lists.replace(":lanes", ":starts");
    for number in lanes {
        let name = format!("many.n{number}:medium");
        let of_lane = server.command(&["HGET", &lists, &name]).unwrap().text().unwrap().to_owned();
        let field = format!("billing/ledger\n{of_lane}");
        server.command(&["XGROUP", "CREATE", &key(server, &format!(":lane:{name}")), "billing/ledger", "$"]).unwrap();
        server.command(&["HSET", &starts, &field, "1-0", &format!("{field}\nadded"), "1"]).unwrap();
        server.command(&["HSET", &starts, &format!("{field}\njoining"), "1 "]).unwrap();
    }
}

fn groups(server: &RedisServer, number: usize) -> Vec<String> {
    let lane = key(server, &format!(":lane:many.n{number}:medium"));
    let groups = server.command(&["XINFO", "GROUPS", &lane]).unwrap();
    groups.items().iter().map(|group| group.items()[1].text().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn groups_of_a_joiner_that_died_hold_no_entry_and_go() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    publish_to_all(&transport, 0..5).await;
    let audit = transport.open(deploy("audit/all", 0, &["*"])).await.unwrap();
    die_between_portions(&server, 0..5);
    publish_to_all(&transport, 0..5).await;
    handle(&audit, 5).await;
    let is_gone = async || {
        (0..5).all(|number| {
            let lane = key(&server, &format!(":lane:many.n{number}:medium"));
            int(&server, &["XLEN", &lane]) == 0 && groups(&server, number) == ["audit/all"]
        })
    };
    eventually("nothing is left of it", is_gone).await;
    let fields = server.command(&["HKEYS", &key(&server, ":starts")]).unwrap();
    assert!(!fields.items().iter().any(|field| field.text().unwrap().starts_with("billing/ledger")), "{fields:?}");
}

#[tokio::test]
async fn who_joins_after_a_joiner_that_died_begins_now_and_not_where_that_had_begun() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    publish_to_all(&transport, 0..10).await;
    die_between_portions(&server, 0..5);
    publish_to_all(&transport, 0..10).await;
    let source = transport.open(ledger(&["*"])).await.unwrap();
    let wanted = publish_to_all(&transport, 0..10).await;
    assert_eq!(handle(&source, 10).await, wanted.into_iter().collect());
    let books = books(&transport, "billing/ledger").await;
    assert_eq!((books.published, books.acked), (10, 10));
    assert_eq!(marks(&server), Vec::<String>::new());
}

#[tokio::test]
async fn a_deploy_that_died_while_it_joined_more_lanes_leaves_the_lists_and_the_books_as_they_were() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    publish_to_all(&transport, 0..10).await;
    let old = transport.open(ledger(&["many.n7"])).await.unwrap();
    die_between_portions(&server, 0..5);
    let wanted = publish_to_all(&transport, 0..10).await;
    let held = take(&old, 1).await.remove(0);
    assert_eq!(held.id, wanted[7]);
    ack(&old, &held).await;
    let told = books(&transport, "billing/ledger").await;
    assert_eq!((told.published, told.acked), (1, 1), "what it had begun is not in the books");
    old.close().await.unwrap();
    let again = transport.open(ledger(&["many.n7"])).await.unwrap();
    assert_eq!(marks(&server), Vec::<String>::new(), "the next one undoes it");
    assert_eq!(groups(&server, 0), Vec::<String>::new());
    publish_to_all(&transport, 0..10).await;
    handle(&again, 1).await;
    assert_eq!(books(&transport, "billing/ledger").await.published, 2);
}
