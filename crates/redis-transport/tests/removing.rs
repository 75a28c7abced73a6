//! What a removal leaves on the server, and who comes too late for it.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use common::{ack, event, eventually, fetch_within, int, key, retry_in, settle, spec, take};
use tekup_core::{
    ErrorKind, SubscriptionId,
    transport::{
        Admin, DeadReason, Joining, Latency, LatencyDelta, LetterKey, Outgoing, Settled, Source, SourceSpec, Start,
        StartAt, Transport, Verdict,
    },
};
use tekup_redis_transport::{RedisConfig, RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

const LEDGER: &str = "billing/ledger";

fn ledger() -> SubscriptionId {
    LEDGER.parse().unwrap()
}

async fn eight_partitions(server: &RedisServer) -> RedisTransport {
    RedisTransport::connect(&RedisConfig::new(server.url())).await.unwrap()
}

fn of_tenant(number: usize, event_type: &str) -> Outgoing {
    Outgoing { tenant: format!("tenant-{number}").parse().unwrap(), ..event(event_type) }
}

async fn publish_to_all(transport: &RedisTransport, event_type: &str) {
    let batch = (0..40).map(|number| of_tenant(number, event_type)).collect();
    for receipt in transport.publish(batch).await.unwrap() {
        receipt.unwrap();
    }
}

/// All keys that the server has.
fn keys(server: &RedisServer) -> BTreeSet<String> {
    let (mut cursor, mut keys) = ("0".to_owned(), BTreeSet::new());
    loop {
        let page = server.command(&["SCAN", &cursor, "COUNT", "1000"]).unwrap();
        keys.extend(page.items()[1].items().iter().map(|key| key.text().unwrap().to_owned()));
        cursor = page.items()[0].text().unwrap().to_owned();
        if cursor == "0" {
            return keys;
        }
    }
}

/// All that is named after a subscription: keys, fields of the registries, groups.
fn named_after(server: &RedisServer, subscription: &str) -> Vec<String> {
    let all = keys(server);
    let is_its = |text: &str| text.split(['\n', ':']).any(|part| part == subscription);
    let mut found: Vec<String> = all.iter().filter(|key| is_its(key)).cloned().collect();
    for hash in all.iter().filter(|key| key.ends_with(":starts") || key.ends_with(":subs")) {
        let fields = server.command(&["HKEYS", hash]).unwrap();
        let fields = fields.items().iter().filter_map(|field| field.text()).filter(|field| is_its(field));
        found.extend(fields.map(|field| format!("{hash} {field:?}")));
    }
    for lane in all.iter().filter(|key| key.contains(":lane:")) {
        let groups = server.command(&["XINFO", "GROUPS", lane]).unwrap();
        let names = groups.items().iter().filter_map(|group| group.items().get(1)?.text());
        found.extend(names.filter(|name| *name == subscription).map(|name| format!("{lane} {name}")));
    }
    found
}

/// Does all that leaves something behind.
async fn leave_traces(transport: &RedisTransport, source: &RedisSource) {
    let admin = transport.admin();
    publish_to_all(transport, "lead.created").await;
    publish_to_all(transport, "lead.scored").await;
    for (number, held) in take(source, 60).await.iter().enumerate() {
        let reason = DeadReason::Rejected;
        match number % 5 {
            0 => ack(source, held).await,
            1 => _ = settle(source, held, retry_in(Duration::from_secs(3_600))).await.unwrap(),
            2 => _ = settle(source, held, retry_in(Duration::ZERO)).await.unwrap(),
            3 => {
                _ = settle(source, held, Verdict::DeadLetter { reason, attempts: 1, error: "no".into() }).await.unwrap()
            }
            _ => {}
        }
    }
    let letters = admin.dead_letters(&ledger(), None, None, 4).await.unwrap().letters;
    let two = |at: usize| letters[at..at + 2].iter().map(LetterKey::from).collect::<Vec<_>>();
    assert_eq!(admin.purge(&ledger(), two(0)).await.unwrap(), 2);
    assert_eq!(admin.replay(&ledger(), two(2)).await.unwrap(), 2);
    let mut latency = Latency::default();
    latency.handling.count_in(3, 1);
    let tenants = (0..250).map(|number| Some(format!("apart-{number}").parse().unwrap())).chain([None]);
    let deltas = tenants.map(|tenant| LatencyDelta {
        subscription: ledger(),
        tenant,
        event_type: None,
        latency: latency.clone(),
    });
    admin.add_latencies(deltas.collect()).await.into_iter().for_each(Result::unwrap);
    admin.set_paused(&ledger(), true).await.unwrap();
    let short = Duration::from_secs(60);
    for tenant in [None, Some("acme".parse().unwrap())] {
        admin.hold_letters(&ledger(), tenant.as_ref(), "a job", short).await.unwrap();
        admin.free_letters(&ledger(), tenant.as_ref(), "a job").await.unwrap();
    }
}

#[tokio::test]
async fn after_a_removal_no_key_no_field_and_no_group_of_that_name_is_left() {
    let server = RedisServer::start().unwrap();
    let transport = eight_partitions(&server).await;
    let other = transport.open(SourceSpec::new("billing/ledger-2".parse().unwrap(), vec!["*".parse().unwrap()]));
    let other = other.await.unwrap();
    let mut ours = spec("*");
    ours.idempotency = Some(Duration::from_secs(3_600));
    let source = transport.open(ours).await.unwrap();
    leave_traces(&transport, &source).await;
    source.close().await.unwrap();
    let lane = keys(&server).into_iter().find(|key| key.contains(":lane:lead.created:")).unwrap();
    let deleted = usize::try_from(int(&server, &["XLEN", &lane])).unwrap();
    server.command(&["DEL", &lane]).unwrap();
    publish_to_all(&transport, "lead.created").await;
    let before = named_after(&server, LEDGER);
    assert!(before.iter().any(|it| it.contains("~remade")), "no loss was noted: {before:?}");
    let kinds = ["due", "waiting", "retry", "exceptions", "dead", "letters", "gone", "finished", "books", "state"];
    for kind in kinds.iter().chain(&["latencies", "latency-tenants", "replicas", "starts", "subs", "lane"]) {
        assert!(
            before.iter().any(|it| it.contains(&format!(":{kind}"))),
            "nothing was left in {kind}: the test is none"
        );
    }
    let neighbour = named_after(&server, "billing/ledger-2");

    transport.admin().remove(&ledger()).await.unwrap();
    assert_eq!(named_after(&server, LEDGER), Vec::<String>::new());
    let after = named_after(&server, "billing/ledger-2");
    assert!(neighbour.iter().all(|it| after.contains(it)), "{neighbour:?} {after:?}");
    for partition in keys(&server).iter().filter(|key| key.ends_with(":removed")) {
        assert_eq!(int(&server, &["ZCARD", partition]), 1, "what is known of a removal: its name, and when it was");
    }
    publish_to_all(&transport, "lead.created").await;
    publish_to_all(&transport, "lead.converted").await;
    assert_eq!(named_after(&server, LEDGER), Vec::<String>::new(), "a publisher brought it back");
    let came = take(&other, 200 - deleted).await;
    for held in &came {
        ack(&other, held).await;
    }
    let is_trimmed = async || {
        let lanes = keys(&server).into_iter().filter(|key| key.contains(":lane:"));
        lanes.map(|lane| int(&server, &["XLEN", &lane])).sum::<i64>() == 0
    };
    eventually("trimming goes on", is_trimmed).await;
    assert!(transport.admin().books(&"billing/ledger-2".parse().unwrap()).await.unwrap().balanced());
}

#[tokio::test]
async fn what_only_the_removed_had_not_settled_is_trimmed_though_nothing_else_happens() {
    let server = RedisServer::start().unwrap();
    let transport = common::connect(&server).await;
    let other = transport.open(SourceSpec::new("billing/audit".parse().unwrap(), vec!["*".parse().unwrap()])).await;
    let other = other.unwrap();
    transport.open(spec("*")).await.unwrap().close().await.unwrap();
    common::publish(&transport, "lead.created").await;
    ack(&other, &take(&other, 1).await[0]).await;
    let lane = key(&server, ":lane:lead.created:medium");
    let mark = async || int(&server, &["HEXISTS", &key(&server, ":starts"), "billing/audit\n1\nmark"]) == 1;
    eventually("it is trimmed as far as it may be", mark).await;
    assert_eq!(int(&server, &["XLEN", &lane]), 1);
    transport.admin().remove(&ledger()).await.unwrap();
    eventually("it is trimmed", async || int(&server, &["XLEN", &lane]) == 0).await;
}

#[tokio::test]
async fn what_nobody_is_left_to_take_is_trimmed_by_the_removal() {
    let server = RedisServer::start().unwrap();
    let transport = eight_partitions(&server).await;
    transport.open(spec("*")).await.unwrap().close().await.unwrap();
    publish_to_all(&transport, "lead.created").await;
    for starts in keys(&server).iter().filter(|key| key.ends_with(":starts")) {
        // As if all this had been a while ago: else what is new waits for those who may have lost their registration.
        server.command(&["HSET", starts, "~since", "1"]).unwrap();
    }
    transport.admin().remove(&ledger()).await.unwrap();
    for lane in keys(&server).iter().filter(|key| key.contains(":lane:")) {
        assert_eq!(int(&server, &["XLEN", lane]), 0, "{lane}");
    }
}

#[tokio::test]
async fn a_removal_trims_all_of_a_long_lane_that_nobody_is_left_to_take() {
    let server = RedisServer::start().unwrap();
    let transport = common::connect(&server).await;
    transport.open(spec("*")).await.unwrap().close().await.unwrap();
    common::publish(&transport, "lead.created").await;
    let (lane, starts) = (key(&server, ":lane:lead.created:medium"), key(&server, ":starts"));
    server.command(&["HSET", &starts, "~since", "1"]).unwrap();
    for _ in 0..30 {
        let many = "for _ = 1, 10000 do redis.call('XADD', KEYS[1], '*', 'e', '{}') end";
        server.command(&["EVAL", many, "1", &lane]).unwrap();
    }
    assert_eq!(transport.admin().remove(&ledger()).await.unwrap().ready, 300_001);
    assert_eq!(int(&server, &["XLEN", &lane]), 0);
}

#[tokio::test]
async fn a_removal_waits_for_who_trims_other_lanes() {
    let server = RedisServer::start().unwrap();
    let transport = common::connect(&server).await;
    transport.open(spec("*")).await.unwrap().close().await.unwrap();
    common::publish(&transport, "lead.created").await;
    let (lane, starts) = (key(&server, ":lane:lead.created:medium"), key(&server, ":starts"));
    server.command(&["HSET", &starts, "~since", "1"]).unwrap();
    server.command(&["SET", &starts.replace(":starts", ":trim"), "another", "PX", "900"]).unwrap();
    transport.admin().remove(&ledger()).await.unwrap();
    assert_eq!(int(&server, &["XLEN", &lane]), 0);
}

/// Removes it from elsewhere, as when its replica was frozen for longer than it counts as alive.
async fn remove_meanwhile(server: &RedisServer) -> RedisTransport {
    let elsewhere = eight_partitions(server).await;
    let replicas = key(server, ":replicas:billing/ledger");
    let removes = async || {
        server.command(&["DEL", &replicas]).unwrap();
        elsewhere.admin().remove(&ledger()).await.is_ok()
    };
    eventually("it is removed", removes).await;
    elsewhere
}

async fn until_it_ends(source: &RedisSource) -> tekup_core::Error {
    for _ in 0..50 {
        if let Err(error) = fetch_within(source, 10, Duration::from_millis(200)).await {
            return error;
        }
    }
    unreachable!("it goes on")
}

#[tokio::test]
async fn a_replica_that_comes_back_after_the_removal_ends_and_does_not_bring_it_back() {
    let server = RedisServer::start().unwrap();
    let transport = eight_partitions(&server).await;
    let late = transport.open(spec("*")).await.unwrap();
    publish_to_all(&transport, "lead.created").await;
    let held = take(&late, 10).await;
    remove_meanwhile(&server).await;
    let error = until_it_ends(&late).await;
    assert_eq!(error.kind(), ErrorKind::SubscriptionLost, "{error}");
    assert!(
        error.to_string().contains("was removed for good") && error.to_string().contains("subscribe again"),
        "{error}"
    );
    for verdict in [Verdict::Ack, retry_in(Duration::ZERO), Verdict::Release] {
        let _lost = settle(&late, &held[0], verdict).await;
    }
    assert_eq!(named_after(&server, LEDGER), Vec::<String>::new());
    assert_eq!(until_it_ends(&late).await.kind(), ErrorKind::SubscriptionLost, "it is told as often as it is asked");
    late.close().await.unwrap();
    assert_eq!(named_after(&server, LEDGER), Vec::<String>::new());
    publish_to_all(&transport, "lead.created").await;
    let anew = transport.open(spec("*")).await.unwrap();
    assert_eq!(transport.admin().books(&ledger()).await.unwrap().published, 0);
    publish_to_all(&transport, "lead.created").await;
    assert_eq!(take(&anew, 40).await.len(), 40);
}

#[tokio::test]
async fn a_replica_of_before_the_removal_ends_though_the_subscription_was_begun_anew_meanwhile() {
    let server = RedisServer::start().unwrap();
    let transport = eight_partitions(&server).await;
    let late = transport.open(spec("*")).await.unwrap();
    let elsewhere = remove_meanwhile(&server).await;
    let anew = elsewhere.open(spec("*")).await.unwrap();
    assert_eq!(until_it_ends(&late).await.kind(), ErrorKind::SubscriptionLost);
    publish_to_all(&transport, "lead.created").await;
    assert_eq!(take(&anew, 40).await.len(), 40);
    assert_eq!(transport.admin().replicas(&ledger()).await.unwrap().alive, 1);
}

/// As when a removal was killed when it had cleared some partitions.
async fn half_removed(server: &RedisServer, until_ms: i64) -> RedisTransport {
    let transport = eight_partitions(server).await;
    transport.open(spec("*")).await.unwrap().close().await.unwrap();
    publish_to_all(&transport, "lead.created").await;
    let began = i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let home = key(server, ":replicas:billing/ledger").replace("replicas:", "removing:");
    server.command(&["HSET", &home, "began", &began.to_string(), "until", &(began + until_ms).to_string()]).unwrap();
    let subs: Vec<String> = keys(server).into_iter().filter(|key| key.ends_with(":subs")).collect();
    for subs in subs.iter().filter(|subs| !home.starts_with(subs.trim_end_matches("subs"))).take(4) {
        assert_eq!(int(server, &["HDEL", subs, LEDGER]), 1);
        server.command(&["ZADD", &subs.replace(":subs", ":removed"), &began.to_string(), LEDGER]).unwrap();
    }
    transport
}

#[tokio::test]
async fn whoever_subscribes_after_a_removal_was_killed_finishes_it_and_begins_anew() {
    let server = RedisServer::start().unwrap();
    let transport = half_removed(&server, -1).await;
    let anew = transport.open(spec("*")).await.unwrap();
    let books = transport.admin().books(&ledger()).await.unwrap();
    assert_eq!((books.published, books.ready), (0, 0), "what was left of the old one went");
    publish_to_all(&transport, "lead.created").await;
    assert_eq!(take(&anew, 40).await.len(), 40);
}

#[tokio::test]
async fn a_dry_run_of_a_subscription_that_is_half_removed_says_that_it_begins_anew() {
    let server = RedisServer::start().unwrap();
    let transport = half_removed(&server, -1).await;
    let preview = transport.admin().preview(&spec("*")).await.unwrap();
    assert_eq!((preview.joining, preview.removing, preview.begins_with), (Joining::New, true, 0), "{preview}");
    assert!(
        preview.registered.is_none() && preview.to_string().contains("is being removed; then it is new"),
        "{preview}"
    );
    let _anew = transport.open(spec("*")).await.unwrap();
    let preview = transport.admin().preview(&spec("*")).await.unwrap();
    assert_eq!((preview.joining, preview.removing), (Joining::Same, false), "{preview}");
    assert_eq!(transport.admin().books(&ledger()).await.unwrap().published, 0);
}

#[tokio::test]
async fn whoever_subscribes_while_a_removal_runs_waits_for_its_end() {
    let server = RedisServer::start().unwrap();
    let transport = half_removed(&server, 2_000).await;
    let busy = transport.admin().remove(&ledger()).await.unwrap_err();
    assert_eq!(busy.kind(), ErrorKind::Conflict, "{busy}");
    assert!(busy.to_string().contains("another process removes"), "{busy}");
    let opening = tokio::spawn({
        let transport = transport.clone();
        async move { transport.open(spec("*")).await }
    });
    let anew = opening.await.unwrap().unwrap();
    assert_eq!(transport.admin().books(&ledger()).await.unwrap().published, 0);
    publish_to_all(&transport, "lead.created").await;
    assert_eq!(take(&anew, 40).await.len(), 40);
}

#[tokio::test]
async fn a_subscription_whose_first_replica_died_while_it_joined_is_found_and_removed() {
    let server = RedisServer::start().unwrap();
    let transport = eight_partitions(&server).await;
    transport.open(spec("*")).await.unwrap().close().await.unwrap();
    let home = key(&server, ":replicas:billing/ledger").replace("replicas:billing/ledger", "subs");
    assert_eq!(int(&server, &["HDEL", &home, LEDGER]), 1);
    assert_eq!(transport.admin().replicas(&ledger()).await.unwrap().alive, 0);
    transport.admin().remove(&ledger()).await.unwrap();
    assert_eq!(named_after(&server, LEDGER), Vec::<String>::new());
    assert_eq!(transport.admin().remove(&ledger()).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_clock_that_went_back_keeps_nobody_from_beginning_anew() {
    let server = RedisServer::start().unwrap();
    let transport = eight_partitions(&server).await;
    transport.open(spec("*")).await.unwrap().close().await.unwrap();
    transport.admin().remove(&ledger()).await.unwrap();
    for removed in keys(&server).iter().filter(|key| key.ends_with(":removed")) {
        // As if it had been removed tomorrow.
        server.command(&["ZINCRBY", removed, "86400000", LEDGER]).unwrap();
    }
    let anew = transport.open(spec("*")).await.unwrap();
    publish_to_all(&transport, "lead.created").await;
    assert_eq!(take(&anew, 40).await.len(), 40);
    anew.close().await.unwrap();
    transport.admin().remove(&ledger()).await.unwrap();
    assert_eq!(named_after(&server, LEDGER), Vec::<String>::new());
}

#[tokio::test]
async fn a_clock_that_was_set_forward_lets_nobody_remove_what_replicas_read() {
    let server = RedisServer::start().unwrap();
    let transport = eight_partitions(&server).await;
    let source = transport.open(spec("*")).await.unwrap();
    let elsewhere = eight_partitions(&server).await;
    let replicas = key(&server, ":replicas:billing/ledger");
    for _ in 0..3 {
        // As an hour later: nobody was heard of for long.
        for member in server.command(&["ZRANGE", &replicas, "0", "-1"]).unwrap().items() {
            server.command(&["ZADD", &replicas, "XX", "1", member.text().unwrap()]).unwrap();
        }
        let refused = elsewhere.admin().remove(&ledger()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");
        assert!(refused.to_string().contains("while 1 replica of it is alive"), "{refused}");
    }
    publish_to_all(&transport, "lead.created").await;
    assert_eq!(take(&source, 40).await.len(), 40);
}

#[tokio::test]
async fn a_replica_that_died_without_a_word_is_waited_for_and_then_removed() {
    let server = RedisServer::start().unwrap();
    let transport = eight_partitions(&server).await;
    drop(transport.open(spec("*")).await.unwrap());
    let replicas = key(&server, ":replicas:billing/ledger");
    for member in server.command(&["ZRANGE", &replicas, "0", "-1"]).unwrap().items() {
        server.command(&["ZADD", &replicas, "XX", "1", member.text().unwrap()]).unwrap();
    }
    let begun = Instant::now();
    transport.admin().remove(&ledger()).await.unwrap();
    assert!((7..9).contains(&begun.elapsed().as_secs()), "after {:?}", begun.elapsed());
    assert_eq!(named_after(&server, LEDGER), Vec::<String>::new());
}

#[tokio::test]
async fn a_removal_works_while_memory_is_full() {
    let server = RedisServer::start().unwrap();
    let transport = eight_partitions(&server).await;
    let source = transport.open(spec("*")).await.unwrap();
    leave_traces(&transport, &source).await;
    source.close().await.unwrap();
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    transport.admin().remove(&ledger()).await.unwrap();
    assert_eq!(named_after(&server, LEDGER), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_replica_of_before_finishes_after_the_removal_is_not_taken_for_finished_by_who_begins_anew() {
    let server = RedisServer::start().unwrap();
    let transport = eight_partitions(&server).await;
    let mut ours = spec("*");
    ours.idempotency = Some(Duration::from_secs(3_600));
    ours.start_at = StartAt::Beginning;
    let other = SourceSpec::new("billing/ledger-2".parse().unwrap(), vec!["*".parse().unwrap()]);
    let _keeps_what_lies_there = transport.open(other).await.unwrap();
    let late = transport.open(ours.clone()).await.unwrap();
    publish_to_all(&transport, "lead.created").await;
    let held = take(&late, 40).await;
    settle(&late, &held[0], retry_in(Duration::ZERO)).await.unwrap();
    let retried = take(&late, 1).await;
    let elsewhere = remove_meanwhile(&server).await;
    let finish = async |held| _ = settle(&late, held, Verdict::Ack).await;
    finish(&held[1]).await;
    finish(&retried[0]).await;
    assert_eq!(named_after(&server, LEDGER), Vec::<String>::new());
    let anew = elsewhere.open(ours).await.unwrap();
    finish(&held[2]).await;
    let came = take(&anew, 40).await;
    assert!(came.iter().all(|one| one.start == Start::Fresh), "{came:?}");
    finish(&held[3]).await;
    for one in &came {
        ack(&anew, one).await;
    }
}

#[tokio::test]
async fn what_a_replica_of_before_ends_after_the_removal_stays_with_who_begins_anew() {
    let server = RedisServer::start().unwrap();
    let transport = eight_partitions(&server).await;
    let mut ours = spec("*");
    ours.start_at = StartAt::Beginning;
    let other = SourceSpec::new("billing/ledger-2".parse().unwrap(), vec!["*".parse().unwrap()]);
    let _keeps_what_lies_there = transport.open(other).await.unwrap();
    let late = transport.open(ours.clone()).await.unwrap();
    publish_to_all(&transport, "lead.created").await;
    let held = take(&late, 40).await;
    let anew = remove_meanwhile(&server).await.open(ours).await.unwrap();
    let came = take(&anew, 40).await;
    until_it_ends(&late).await;
    for one in &held {
        assert_eq!(settle(&late, one, Verdict::Ack).await.unwrap(), Settled::LeaseLost);
    }
    for one in &came {
        ack(&anew, one).await;
    }
}

#[tokio::test]
async fn whoever_waits_for_a_removal_asks_now_and_then() {
    let server = RedisServer::start().unwrap();
    let transport = half_removed(&server, -1).await;
    // As after a clock that went back: one that is dead counts as alive again, so nobody can finish the removal.
    let replicas = key(&server, ":removing:billing/ledger").replace("removing:", "replicas:");
    let until = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() + 1_500;
    server.command(&["ZADD", &replicas, &until.to_string(), "a ghost"]).unwrap();
    server.command(&["CONFIG", "RESETSTAT"]).unwrap();
    let _anew = transport.open(spec("*")).await.unwrap();
    let stats = server.command(&["INFO", "commandstats"]).unwrap();
    let calls = stats.text().unwrap().split("cmdstat_evalsha:calls=").nth(1).unwrap().split(',').next().unwrap();
    assert!(calls.parse::<u32>().unwrap() < 500, "{calls} calls in 1.5 s");
}
