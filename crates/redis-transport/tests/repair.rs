//! What the store loses while processes run is made anew, and read on from there.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::{Duration, Instant};

use common::{ack, connect, event, eventually, fetch_within, int, key, open, publish, take};
use tekup_core::{
    ErrorKind, EventId,
    transport::{Admin, Settlement, Source, Stage, StartAt, Transport, Verdict},
};
use tekup_redis_transport::{RedisConfig, RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

const LANE: &str = ":lane:lead.created:medium";

/// Publishes so many, in one batch.
async fn publish_many(transport: &RedisTransport, count: usize) -> Vec<EventId> {
    let batch: Vec<_> = (0..count).map(|_| event("lead.created")).collect();
    let receipts = transport.publish(batch).await.unwrap();
    receipts.into_iter().map(|receipt| receipt.unwrap().id).collect()
}

async fn ack_all(source: &RedisSource, count: usize) {
    let mut done = 0;
    while done < count {
        let batch = take(source, 1.max((count - done).min(200))).await;
        done += batch.len();
        let verdicts = batch.into_iter();
        let verdicts =
            verdicts.map(|it| Settlement { held: it.held, id: it.id, tenant: it.tenant, verdict: Verdict::Ack });
        source.settle(verdicts.collect()).await.unwrap();
    }
}

fn destroy(server: &RedisServer, end: &str) {
    assert_eq!(int(server, &["XGROUP", "DESTROY", &key(server, end), "billing/ledger"]), 1);
}

#[tokio::test]
async fn a_group_that_was_destroyed_is_made_anew_where_the_subscription_began_and_reading_goes_on() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    publish(&transport, "lead.created").await;
    let source = open(&transport, "*").await;
    let wanted = publish(&transport, "lead.created").await;
    destroy(&server, LANE);
    assert_eq!(take(&source, 1).await[0].id, wanted);
    let losses = source.losses();
    let loss = losses.last.unwrap();
    assert_eq!((losses.count, loss.lanes, loss.registration), (1, 1, false));
    assert!(loss.detail.starts_with("lead.created:medium from "), "{}", loss.detail);
    destroy(&server, LANE);
    let source = open(&transport, "*").await;
    assert_eq!(take(&source, 1).await[0].id, wanted, "by a process that comes later, too");
}

#[tokio::test]
async fn what_was_settled_comes_again_only_as_far_as_the_mark_allows() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish_many(&transport, 1_000).await;
    ack_all(&source, 1_000).await;
    let lane = key(&server, LANE);
    // A second subscription that settles nothing keeps all in the lane.
    let trimmed = async || int(&server, &["XLEN", &lane]) == 0;
    eventually("all is trimmed", trimmed).await;
    let slow = common::spec("*");
    let mut slow = slow;
    slow.id = "audit/slow".parse().unwrap();
    let _slow = transport.open(slow).await.unwrap();
    publish_many(&transport, 1_000).await;
    ack_all(&source, 1_000).await;
    let starts = key(&server, ":starts");
    let last = async || {
        let stream = server.command(&["XINFO", "STREAM", &lane]).unwrap();
        let last = stream.items().iter().skip_while(|it| it.text() != Some("last-generated-id")).nth(1).cloned();
        let field = server.command(&["HKEYS", &starts]).unwrap();
        let field = field
            .items()
            .iter()
            .filter_map(|it| it.text())
            .find(|it| it.starts_with("billing") && it.ends_with("\nmark"));
        let Some(field) = field.map(str::to_owned) else { return false };
        let mark = server.command(&["HGET", &starts, &field]).unwrap();
        mark.text().unwrap().starts_with(last.unwrap().text().unwrap())
    };
    eventually("the mark is at the end", last).await;
    let fresh = publish_many(&transport, 10).await;
    ack_all(&source, 7).await;
    destroy(&server, LANE);
    let again = take(&source, 10).await;
    assert_eq!(again.iter().map(|it| it.id).collect::<Vec<_>>(), fresh, "1,993 were settled before, 7 come again");
    assert!(fetch_within(&source, 10, Duration::from_millis(200)).await.unwrap().is_empty());
    let detail = source.losses().last.unwrap().detail;
    assert!(detail.ends_with("(10 follow)"), "{detail}");
    for held in &again {
        ack(&source, held).await;
    }
    let books = transport.admin().books(&"billing/ledger".parse().unwrap()).await.unwrap();
    assert!(books.balanced() && books.acked == 2_010, "{books:?}");
}

#[tokio::test]
async fn a_mark_of_a_lane_that_was_deleted_does_not_hide_what_is_in_its_successor() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish_many(&transport, 10).await;
    ack_all(&source, 10).await;
    let (lane, starts) = (key(&server, LANE), key(&server, ":starts"));
    // As from a clock that went back.
    server.command(&["HSET", &starts, "billing/ledger\n1\nmark", "9999999999999-0 10"]).unwrap();
    server.command(&["DEL", &lane]).unwrap();
    server.command(&["XADD", &lane, "5-0", "e", "{}"]).unwrap();
    let taken = take(&source, 1).await;
    assert_eq!(taken[0].held.entry, (5, 0));
}

#[tokio::test]
async fn after_flushall_everything_comes_back_while_processes_run() {
    let server = RedisServer::start().unwrap();
    let (transport, publisher) = (connect(&server).await, connect(&server).await);
    let source = open(&transport, "lead.*").await;
    for event_type in ["invoice.paid", "lead.created", "lead.scored"] {
        publish(&publisher, event_type).await;
    }
    for held in take(&source, 2).await {
        ack(&source, &held).await;
    }
    for _ in 0..3 {
        server.command(&["FLUSHALL"]).unwrap();
        let begun = Instant::now();
        // Under the number of a lane that the subscription does not take.
        let wanted = publish(&publisher, "lead.scored").await;
        let held = take(&source, 1).await.remove(0);
        assert_eq!(held.id, wanted);
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        ack(&source, &held).await;
        publish(&publisher, "invoice.paid").await;
    }
    let losses = source.losses();
    assert!(losses.count == 3 && losses.last.unwrap().registration);
    let stored = server.command(&["HGET", "tekup:{home}:namespace", "partitions"]).unwrap();
    assert_eq!(stored.text(), Some("1"));
    let error = RedisTransport::connect(&RedisConfig::new(server.url()).partitions(2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible);
    let books = transport.admin().books(&"billing/ledger".parse().unwrap()).await.unwrap();
    assert!(books.balanced() && (books.published, books.acked) == (1, 1), "{books:?}");
}

#[tokio::test]
async fn a_process_that_comes_first_after_a_flush_fixes_the_number_of_partitions_and_others_are_told() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    ack(&source, &take(&source, 1).await[0]).await;
    server.command(&["FLUSHALL"]).unwrap();
    let other = RedisTransport::connect(&RedisConfig::new(server.url()).partitions(3)).await.unwrap();
    let error = transport.publish(vec![event("lead.created")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incompatible);
    assert!(error.to_string().contains("has 3 partitions and 1 are configured"), "{error}");
    let error = fetch_within(&source, 1, Duration::from_secs(10)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubscriptionLost);
    assert!(error.to_string().contains("billing/ledger") && error.to_string().contains("has 3 partitions"), "{error}");
    publish(&other, "lead.created").await;
}

#[tokio::test]
async fn a_registration_that_was_deleted_comes_back_with_the_next_new_lane() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    ack(&source, &take(&source, 1).await[0]).await;
    let registry = key(&server, ":subs");
    server.command(&["DEL", &registry]).unwrap();
    let wanted = publish(&transport, "lead.scored").await;
    let held = take(&source, 1).await;
    assert_eq!(held[0].id, wanted);
    ack(&source, &held[0]).await;
    assert_eq!(int(&server, &["HEXISTS", &registry, "billing/ledger"]), 1);
    let status = transport.admin().status(&"acme".parse().unwrap(), wanted).await.unwrap();
    assert_eq!(status.stage, Stage::Completed);
}

#[tokio::test]
async fn an_idle_subscription_notices_that_it_is_not_registered_any_more() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let registry = key(&server, ":subs");
    server.command(&["FLUSHALL"]).unwrap();
    assert!(fetch_within(&source, 1, Duration::from_secs(8)).await.unwrap().is_empty());
    assert_eq!(int(&server, &["HEXISTS", &registry, "billing/ledger"]), 1);
    assert_eq!(source.losses().count, 1);
}

#[tokio::test]
async fn a_list_of_lanes_that_was_deleted_comes_back_and_nothing_is_missed() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    for event_type in ["lead.created", "lead.scored"] {
        publish(&transport, event_type).await;
        ack(&source, &take(&source, 1).await[0]).await;
    }
    server.command(&["DEL", &key(&server, ":lanes")]).unwrap();
    for event_type in ["lead.scored", "lead.created", "lead.scored"] {
        let wanted = publish(&transport, event_type).await;
        let held = take(&source, 1).await;
        assert_eq!(held[0].id, wanted);
        ack(&source, &held[0]).await;
    }
}

#[tokio::test]
async fn a_subscription_that_takes_nothing_of_what_comes_first_is_registered_again_too() {
    let server = RedisServer::start().unwrap();
    let (transport, elsewhere) = (connect(&server).await, connect(&server).await);
    let mut everything = common::spec("*");
    everything.id = "audit/all".parse().unwrap();
    let (all, source) = (transport.open(everything).await.unwrap(), open(&elsewhere, "lead.*").await);
    let registry = key(&server, ":subs");
    server.command(&["FLUSHALL"]).unwrap();
    publish(&transport, "invoice.paid").await;
    let registered = || int(&server, &["HEXISTS", &registry, "billing/ledger"]) == 1;
    let reading = async { fetch_within(&source, 1, Duration::from_secs(1)).await.unwrap().len() };
    let (found, audited) = tokio::join!(reading, take(&all, 1));
    assert!(registered() && found == 0);
    ack(&all, &audited[0]).await;
    let wanted = publish(&transport, "lead.created").await;
    ack(&all, &take(&all, 1).await[0]).await;
    assert_eq!(take(&source, 1).await[0].id, wanted);
}

#[tokio::test]
async fn a_lane_with_fewer_entries_than_were_read_from_it_is_another_one() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish_many(&transport, 10).await;
    ack_all(&source, 10).await;
    let (lane, starts) = (key(&server, LANE), key(&server, ":starts"));
    let mark = "billing/ledger\n1\nmark";
    eventually("the mark is written", async || int(&server, &["HEXISTS", &starts, mark]) == 1).await;
    server.command(&["DEL", &lane]).unwrap();
    // As by a stranger, who makes no groups.
    server.command(&["XADD", &lane, "5-0", "e", "{}"]).unwrap();
    server.command(&["XADD", &lane, "99999999999999-0", "e", "{}"]).unwrap();
    let taken = take(&source, 2).await;
    assert_eq!(taken[0].held.entry, (5, 0));
    for held in &taken {
        ack(&source, held).await;
    }
    let books = transport.admin().books(&"billing/ledger".parse().unwrap()).await.unwrap();
    assert!(books.balanced() && (books.published, books.acked) == (2, 2), "{books:?}");
}

#[tokio::test]
async fn two_replicas_that_lose_one_group_count_one_loss() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let (one, other) = (open(&transport, "*").await, open(&transport, "*").await);
    for _ in 0..5 {
        publish(&transport, "lead.created").await;
        server.command(&["FLUSHALL"]).unwrap();
        publish(&transport, "lead.created").await;
        let begun = Instant::now();
        let found =
            async |source: &RedisSource| fetch_within(source, 1, Duration::from_millis(300)).await.unwrap().len();
        let (by_one, by_other) = tokio::join!(found(&one), found(&other));
        assert_eq!(by_one + by_other, 1, "{:?}", begun.elapsed());
    }
    assert_eq!(one.losses().count + other.losses().count, 5);
}

#[tokio::test]
async fn a_lost_group_is_made_anew_though_memory_is_full() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let wanted = publish(&transport, "lead.created").await;
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    destroy(&server, LANE);
    let held = take(&source, 1).await;
    assert_eq!(held[0].id, wanted);
    ack(&source, &held[0]).await;
}

#[tokio::test]
async fn what_cannot_be_made_anew_is_an_error_that_says_why() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    destroy(&server, LANE);
    server.command(&["SET", &key(&server, ":starts"), "a stranger's"]).unwrap();
    let error = fetch_within(&source, 1, common::SOON).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SubscriptionLost);
    let message = error.to_string();
    assert!(message.starts_with("subscription `billing/ledger` has lost what it reads from"), "{message}");
    assert!(
        message.contains("another type of value") && message.ends_with("mend that, then subscribe again"),
        "{message}"
    );
}

#[tokio::test]
async fn retries_go_on_though_their_stream_loses_its_group() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let wanted = publish(&transport, "lead.created").await;
    let held = take(&source, 1).await.remove(0);
    common::settle(&source, &held, common::retry_in(Duration::ZERO)).await.unwrap();
    let again = take(&source, 1).await.remove(0);
    assert_eq!((again.id, again.failures), (wanted, 1));
    destroy(&server, ":retry:billing/ledger");
    common::settle(&source, &again, common::retry_in(Duration::ZERO)).await.unwrap();
    let again = take(&source, 1).await.remove(0);
    assert_eq!(again.id, wanted);
    ack(&source, &again).await;
    let loss = source.losses().last.unwrap();
    assert!(!loss.registration && loss.detail == "retries from 0-0", "{loss:?}");
    let books = transport.admin().books(&"billing/ledger".parse().unwrap()).await.unwrap();
    assert!(books.balanced() && (books.published, books.acked) == (1, 1), "{books:?}");
}

#[tokio::test]
async fn a_paused_subscription_is_made_anew_too_and_given_nothing() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let (id, admin) = ("billing/ledger".parse().unwrap(), transport.admin());
    assert!(admin.set_paused(&id, true).await.unwrap());
    eventually("the pause is heard", async || source.state().borrow().is_paused()).await;
    let (before, registry) = (publish(&transport, "lead.created").await, key(&server, ":subs"));
    server.command(&["DEL", &registry]).unwrap();
    destroy(&server, LANE);
    let waiting = [before, publish(&transport, "lead.created").await, publish(&transport, "lead.scored").await];
    let registered = async || int(&server, &["HEXISTS", &registry, "billing/ledger"]) == 1;
    let begun = Instant::now();
    while !registered().await {
        assert!(begun.elapsed() < common::SOON, "a paused subscription is not made anew");
        assert!(fetch_within(&source, 10, Duration::from_millis(50)).await.unwrap().is_empty());
    }
    assert!(fetch_within(&source, 10, Duration::from_millis(200)).await.unwrap().is_empty(), "it is paused still");
    let losses = source.losses();
    assert!(losses.count == 1 && losses.last.unwrap().registration);
    assert!(admin.set_paused(&id, false).await.unwrap());
    let came: Vec<_> = take(&source, 3).await.iter().map(|held| held.id).collect();
    assert!(waiting.iter().all(|id| came.contains(id)), "{came:?}");
}

#[tokio::test]
async fn a_subscription_that_began_at_the_beginning_reads_on_from_its_mark_when_its_group_is_lost() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let mut slow = common::spec("*");
    slow.id = "audit/slow".parse().unwrap();
    // It settles nothing, and so keeps all in the lane.
    let _slow = transport.open(slow).await.unwrap();
    let past = publish_many(&transport, 20).await;
    let mut spec = common::spec("*");
    spec.start_at = StartAt::Beginning;
    let source = transport.open(spec.clone()).await.unwrap();
    let before = take(&source, 20).await;
    assert_eq!(before.iter().map(|held| held.id).collect::<Vec<_>>(), past);
    destroy(&server, LANE);
    let again = take(&source, 20).await;
    assert_eq!(again.iter().map(|held| held.id).collect::<Vec<_>>(), past, "nothing was settled, so all comes again");
    for held in &again {
        ack(&source, held).await;
    }
    let (starts, mark) = (key(&server, ":starts"), "billing/ledger\n1\nmark");
    let noted = async || {
        let mark = server.command(&["HGET", &starts, mark]).unwrap();
        mark.text().is_some_and(|mark| mark.ends_with(" 20"))
    };
    eventually("the mark is behind what was settled", noted).await;
    let fresh = publish_many(&transport, 3).await;
    destroy(&server, LANE);
    let source = transport.open(spec).await.unwrap();
    let came = take(&source, 3).await;
    assert_eq!(came.iter().map(|held| held.id).collect::<Vec<_>>(), fresh, "by a process that comes later, too");
    for held in &came {
        ack(&source, held).await;
    }
    let books = transport.admin().books(&"billing/ledger".parse().unwrap()).await.unwrap();
    assert!(books.balanced() && (books.published, books.acked) == (23, 23), "{books:?}");
}

/// Whether the subscription has its group in the only lane.
fn has_group(server: &RedisServer) -> bool {
    let groups = server.command(&["XINFO", "GROUPS", &key(server, LANE)]).unwrap();
    groups.items().iter().any(|group| group.items().iter().any(|it| it.text() == Some("billing/ledger")))
}

/// Publishes until somebody trims, and so makes the group anew.
async fn publish_until_remade(server: &RedisServer, publisher: &RedisTransport) -> Vec<EventId> {
    let (mut ids, begun) = (Vec::new(), Instant::now());
    while !has_group(server) {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody trims");
        ids.push(publish(publisher, "lead.created").await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    ids
}

async fn ids_within(source: &RedisSource, most: usize, patience: Duration) -> Vec<EventId> {
    fetch_within(source, most, patience).await.unwrap().iter().map(|held| held.id).collect()
}

#[tokio::test]
async fn a_group_that_whoever_trims_makes_anew_is_one_loss_of_its_subscription_and_of_no_other() {
    let server = RedisServer::start().unwrap();
    let (transport, publisher) = (connect(&server).await, connect(&server).await);
    let (one, other) = (open(&transport, "*").await, open(&transport, "*").await);
    let mut spec = common::spec("*");
    spec.id = "audit/all".parse().unwrap();
    let neighbour = transport.open(spec).await.unwrap();
    let settled = publish(&publisher, "lead.created").await;
    ack(&one, &take(&one, 1).await[0]).await;
    take(&neighbour, 1).await;
    destroy(&server, LANE);
    let published = publish_until_remade(&server, &publisher).await;
    assert_eq!(one.losses().count + other.losses().count, 0, "neither has looked yet");

    let patience = Duration::from_secs(8);
    let all = published.len() + 1;
    let (by_one, by_other) = tokio::join!(ids_within(&one, all, patience), ids_within(&other, all, patience));
    let came = [by_one, by_other].concat();
    assert!(published.iter().chain([&settled]).all(|id| came.contains(id)), "{came:?}");
    let seen = [one.losses(), other.losses()];
    assert_eq!(seen[0].count + seen[1].count, 1, "{seen:?}");
    let loss = seen.into_iter().find_map(|losses| losses.last).unwrap();
    assert!(!loss.registration && loss.lanes == 1, "{loss:?}");
    assert!(loss.detail.starts_with("lead.created:medium from "), "{loss:?}");
    take(&neighbour, published.len()).await;
    assert_eq!(neighbour.losses().count, 0);
}

#[tokio::test]
async fn a_group_that_a_publisher_made_anew_while_no_replica_ran_is_told_by_the_next_one_alone() {
    let server = RedisServer::start().unwrap();
    let (transport, publisher) = (connect(&server).await, connect(&server).await);
    let source = open(&transport, "*").await;
    publish(&publisher, "lead.created").await;
    ack(&source, &take(&source, 1).await[0]).await;
    source.close().await.unwrap();
    destroy(&server, LANE);
    let published = publish_until_remade(&server, &publisher).await;
    let next = open(&transport, "*").await;
    take(&next, published.len()).await;
    assert_eq!(next.losses().count, 1);
    let third = open(&transport, "*").await;
    assert!(fetch_within(&third, 1, Duration::from_millis(200)).await.unwrap().iter().all(|held| held.failures == 0));
    assert_eq!((next.losses().count, third.losses().count), (1, 0));
}

#[tokio::test]
async fn a_replica_that_finds_a_group_missing_when_it_begins_tells_of_the_loss() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let wanted = publish(&transport, "lead.created").await;
    source.close().await.unwrap();
    destroy(&server, LANE);
    let next = open(&transport, "*").await;
    assert_eq!(take(&next, 1).await[0].id, wanted);
    let losses = next.losses();
    assert_eq!((losses.count, losses.last.unwrap().lanes), (1, 1));
}

#[tokio::test]
async fn a_stream_that_a_publisher_makes_anew_is_one_loss_of_all_replicas_and_one_of_each_subscription() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let (one, other) = (open(&transport, "*").await, open(&transport, "*").await);
    let mut spec = common::spec("lead.*");
    spec.id = "audit/all".parse().unwrap();
    let neighbour = transport.open(spec).await.unwrap();
    publish(&transport, "lead.created").await;
    let (found, audited) = (take(&one, 1).await, take(&neighbour, 1).await);
    ack(&one, &found[0]).await;
    ack(&neighbour, &audited[0]).await;
    server.command(&["DEL", &key(&server, LANE)]).unwrap();
    let wanted = publish(&transport, "lead.created").await;
    let patience = Duration::from_millis(500);
    let (by_one, by_other) = tokio::join!(ids_within(&one, 1, patience), ids_within(&other, 1, patience));
    assert_eq!([by_one, by_other].concat(), [wanted]);
    take(&neighbour, 1).await;
    assert_eq!((one.losses().count + other.losses().count, neighbour.losses().count), (1, 1));
    let seen = [one.losses(), other.losses()];
    let detail = seen.into_iter().find_map(|losses| losses.last).unwrap().detail;
    assert_eq!(detail, "lead.created:medium from 0-0");
}
