//! What waits for its time on Redis: among garbage, with memory full, with the index cut anew.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::{Duration, Instant};

use common::{ack, connect, event, eventually, int, key, open, take};
use tekup_core::{
    ErrorKind, EventId,
    transport::{Admin, Cancellation, Due, Outgoing, Stage, TraceLink, Transport},
};
use tekup_redis_transport::RedisTransport;
use tekup_testkit::redis::RedisServer;

fn later(event_type: &str, delay: Duration) -> Outgoing {
    Outgoing { due: Some(Due::After(delay)), ..event(event_type) }
}

async fn schedule(transport: &RedisTransport, event: &Outgoing) -> EventId {
    let answers = transport.publish(vec![event.clone()]).await.unwrap();
    assert!(!answers[0].as_ref().unwrap().duplicate);
    event.id
}

async fn stage(transport: &RedisTransport, event: &Outgoing) -> Stage {
    transport.admin().status(&event.tenant, event.id).await.unwrap().stage
}

/// The part of all keys of the one partition.
fn partition(server: &RedisServer) -> String {
    key(server, ":lanes").replace(":lanes", "")
}

/// Writes an event by hand that has been due for long.
fn store(server: &RedisServer, partition: &str, member: &[u8], stored: Option<&[u8]>) {
    if let Some(stored) = stored {
        server.command(&[b"HSET", format!("{partition}:later:events").as_bytes(), member, stored]).unwrap();
    }
    server.command(&[b"ZADD", format!("{partition}:later").as_bytes(), b"1", member]).unwrap();
}

#[tokio::test]
async fn what_can_not_be_read_is_put_aside_with_its_bytes_and_holds_up_none() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let sent = later("lead.created", Duration::from_millis(300));
    schedule(&transport, &sent).await;
    let partition = partition(&server);
    let stored: [Option<&[u8]>; 7] = [
        None,
        Some(b""),
        Some(b"lead.created:medium"),
        Some(b"Lead Created:medium\n{}"),
        Some(b"lead.created:urgent\n{}"),
        Some(b"\xff\n{}"),
        Some(b"~version\n{}"),
    ];
    for (number, stored) in stored.iter().enumerate() {
        let member = [&[number as u8 + 1; 16], &b"acme"[..]].concat();
        store(&server, &partition, &member, *stored);
    }
    store(&server, &partition, b"short", Some(b"lead.created:medium\n{}"));
    store(&server, &partition, &[&[0; 16], &b"acme"[..]].concat(), Some(b"lead.created:medium\n{}"));
    let came = take(&source, 1).await.remove(0);
    assert_eq!(came.id, sent.id);
    ack(&source, &came).await;
    let aside = format!("{partition}:later:unreadable");
    eventually("all of it is put aside", async || int(&server, &["HLEN", &aside]) == 9).await;
    let kept = server.command(&[b"HGET", aside.as_bytes(), &[&[4; 16], &b"acme"[..]].concat()]).unwrap();
    assert_eq!(kept.text(), Some("Lead Created:medium\n{}"));
    for gone in ["later", "later:events", "later:tenants"] {
        assert_eq!(int(&server, &["EXISTS", &format!("{partition}:{gone}")]), 0, "{gone}");
    }
    assert_eq!(
        int(&server, &["HLEN", &format!("{partition}:lanes")]),
        4,
        "one lane, the version, and how the index is cut"
    );
}

#[tokio::test]
async fn what_can_not_be_read_when_its_time_has_come_has_failed_and_is_counted() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let (admin, sent) = (transport.admin(), later("lead.created", Duration::from_millis(500)));
    schedule(&transport, &sent).await;
    let events = key(&server, ":later:events");
    let member = [&sent.id.as_uuid().as_bytes()[..], b"acme"].concat();
    server.command(&[b"HSET", events.as_bytes(), &member, b"damaged"]).unwrap();
    eventually("it has failed", async || stage(&transport, &sent).await == Stage::Failed).await;
    assert!(admin.status(&sent.tenant, sent.id).await.unwrap().subscriptions.is_empty(), "nobody has it");
    assert_eq!(admin.cancel(&sent.tenant, sent.id).await.unwrap(), Cancellation::TooLate);
    let counters = admin.counters(None).await.unwrap();
    assert!(counters.dead_lettered == 1 && counters.updated.is_some(), "{counters:?}");
    assert_eq!(admin.count_scheduled(None).await.unwrap(), 0);
}

#[tokio::test]
async fn a_lane_that_can_not_be_written_and_counts_that_are_none_hold_up_no_other_event() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let partition = partition(&server);
    let lane = format!("{partition}:lane:lead.broken:medium");
    server.command(&["SET", &lane, "no stream"]).unwrap();
    server.command(&["HSET", &format!("{partition}:later:tenants"), "acme", "many"]).unwrap();
    let broken = later("lead.broken", Duration::from_millis(50));
    schedule(&transport, &broken).await;
    let sent = later("lead.created", Duration::from_millis(100));
    schedule(&transport, &sent).await;
    let came = take(&source, 1).await.remove(0);
    assert_eq!(came.id, sent.id);
    ack(&source, &came).await;
    assert_eq!(stage(&transport, &broken).await, Stage::Scheduled, "it is tried again");
    server.command(&["DEL", &lane]).unwrap();
    let member = [&broken.id.as_uuid().as_bytes()[..], b"acme"].concat();
    server.command(&[b"ZADD", format!("{partition}:later").as_bytes(), b"1", &member]).unwrap();
    server.command(&["SPUBLISH", &format!("{partition}:bell"), "due"]).unwrap();
    assert_eq!(take(&source, 1).await[0].id, broken.id);
}

#[tokio::test]
async fn an_event_whose_place_can_not_be_noted_is_not_published_and_comes_once_when_it_can() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    // Where its bucket is a stranger's, and where that is full and what comes then goes to a stranger's key.
    for is_full in [false, true] {
        let sent = later("lead.created", Duration::from_millis(300));
        schedule(&transport, &sent).await;
        let ids = key(&server, ":ids:*");
        let foreign = if is_full { format!("{ids}:rest") } else { ids.clone() };
        server.command(&["SET", &ids, &"x".repeat(8_192)]).unwrap();
        server.command(&["DEL", &foreign]).unwrap();
        server.command(&["LPUSH", &foreign, "a stranger's"]).unwrap();
        let none = common::fetch_within(&source, 10, Duration::from_millis(900)).await.unwrap();
        assert!(none.is_empty(), "{} came", none.len());
        server.command(&["DEL", &foreign]).unwrap();
        let partition = partition(&server);
        let member = [&sent.id.as_uuid().as_bytes()[..], b"acme"].concat();
        server.command(&[b"ZADD", format!("{partition}:later").as_bytes(), b"1", &member]).unwrap();
        server.command(&["SPUBLISH", &format!("{partition}:bell"), "due"]).unwrap();
        ack(&source, &take(&source, 1).await[0]).await;
        let more = common::fetch_within(&source, 10, Duration::from_millis(300)).await.unwrap();
        assert!(more.is_empty(), "{} came again", more.len());
        assert_eq!(stage(&transport, &sent).await, Stage::Completed, "its place is noted");
        server.command(&["DEL", &ids, &foreign]).unwrap();
    }
}

#[tokio::test]
async fn a_full_server_refuses_what_is_to_come_later_and_publishes_and_cancels_what_waits() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let (sent, cancelled) =
        (later("lead.created", Duration::from_millis(400)), later("lead.created", Duration::from_secs(60)));
    schedule(&transport, &sent).await;
    schedule(&transport, &cancelled).await;
    server.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    let refused = transport.publish(vec![later("lead.created", Duration::from_secs(1))]).await.unwrap();
    assert_eq!(refused[0].as_ref().unwrap_err().kind(), ErrorKind::Backpressure);
    assert_eq!(transport.admin().cancel(&cancelled.tenant, cancelled.id).await.unwrap(), Cancellation::Cancelled);
    let came = take(&source, 1).await.remove(0);
    assert_eq!(came.id, sent.id);
    ack(&source, &came).await;
    assert_eq!(transport.admin().count_scheduled(None).await.unwrap(), 0);
}

#[tokio::test]
async fn an_index_that_was_cut_anew_meanwhile_changes_nothing() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let (sent, cancelled) =
        (later("lead.created", Duration::from_millis(800)), later("lead.created", Duration::from_secs(60)));
    schedule(&transport, &sent).await;
    schedule(&transport, &cancelled).await;
    // As after a long wait: the slice that the ids were stored with is forgotten.
    let layout = key(&server, ":lanes");
    server.command(&["HSET", &layout, "~layout", "2", "~slices", "0:64"]).unwrap();
    assert_eq!(stage(&transport, &sent).await, Stage::Scheduled);
    assert!(transport.publish(vec![sent.clone()]).await.unwrap()[0].as_ref().unwrap().duplicate);
    let admin = transport.admin();
    assert_eq!(admin.cancel(&cancelled.tenant, cancelled.id).await.unwrap(), Cancellation::Cancelled);
    assert_eq!(admin.cancel(&cancelled.tenant, cancelled.id).await.unwrap(), Cancellation::AlreadyCancelled);
    let came = take(&source, 1).await.remove(0);
    assert_eq!((came.id, stage(&transport, &sent).await), (sent.id, Stage::Processing));
    assert_eq!(admin.cancel(&sent.tenant, sent.id).await.unwrap(), Cancellation::TooLate);
    let again = Outgoing { due: None, ..sent };
    assert!(transport.publish(vec![again]).await.unwrap()[0].as_ref().unwrap().duplicate);
}

#[tokio::test]
async fn the_id_of_an_event_that_waits_is_taken_though_the_index_has_forgotten_it() {
    let server = RedisServer::start().unwrap();
    let mut config = common::config(&server);
    config.dedupe_window = Duration::from_secs(1);
    let transport = RedisTransport::connect(&config).await.unwrap();
    let source = open(&transport, "*").await;
    let sent = later("lead.created", Duration::from_secs(3));
    schedule(&transport, &sent).await;
    eventually("the index has forgotten it", async || server.command(&["KEYS", "*:ids:*"]).unwrap().items().is_empty())
        .await;
    let others = [event("lead.created"), event("lead.created")];
    let again = [sent.due, None].map(|due| Outgoing { due, ..sent.clone() });
    for again in again {
        let batch = vec![others[0].clone(), again, others[1].clone()];
        let answers = transport.publish(batch).await.unwrap();
        assert!(answers[1].as_ref().unwrap().duplicate, "{answers:?}");
    }
    assert_eq!(transport.admin().count_scheduled(None).await.unwrap(), 1);
    let mut came: Vec<_> = take(&source, 3).await.iter().map(|delivery| delivery.id).collect();
    came.sort_unstable();
    let mut expected = vec![sent.id, others[0].id, others[1].id];
    expected.sort_unstable();
    assert_eq!(came, expected);
    let more = common::fetch_within(&source, 1, Duration::from_millis(300)).await.unwrap();
    assert!(more.is_empty(), "{more:?}");
}

#[tokio::test]
async fn what_waits_longer_than_ids_are_remembered_is_traced_when_it_comes() {
    let server = RedisServer::start().unwrap();
    let mut config = common::config(&server);
    config.dedupe_window = Duration::from_secs(1);
    let transport = RedisTransport::connect(&config).await.unwrap();
    let source = open(&transport, "*").await;
    let trace = Some(TraceLink { correlation: "order-7".into(), cause: None });
    let sent = Outgoing { trace, ..later("lead.created", Duration::from_secs(3)) };
    schedule(&transport, &sent).await;
    assert_eq!(take(&source, 1).await[0].id, sent.id);
    let traced = transport.admin().trace(&sent.tenant, "order-7").await.unwrap();
    assert_eq!(traced.iter().map(|traced| traced.id).collect::<Vec<_>>(), [sent.id]);
    eventually("it is forgotten like its id", async || {
        transport.admin().trace(&sent.tenant, "order-7").await.unwrap().is_empty()
    })
    .await;
}

#[tokio::test]
async fn the_place_of_an_event_is_changed_and_its_neighbours_keep_theirs() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let layout = key(&server, ":lanes");
    // All in one bucket.
    server.command(&["HSET", &layout, "~layout", "2", "~slices", "0:9000000000000"]).unwrap();
    let source = open(&transport, "*").await;
    let mut batch = Vec::new();
    for number in 0..300 {
        let due = [None, Some(Due::After(Duration::from_millis(300))), Some(Due::After(Duration::from_secs(60)))];
        batch.push(Outgoing { due: due[number % 3], ..event("lead.created") });
    }
    let answers = transport.publish(batch.clone()).await.unwrap();
    assert!(answers.iter().all(|answer| !answer.as_ref().unwrap().duplicate));
    let admin = transport.admin();
    for event in batch.iter().skip(2).step_by(6) {
        assert_eq!(admin.cancel(&event.tenant, event.id).await.unwrap(), Cancellation::Cancelled);
    }
    for delivery in take(&source, 200).await {
        ack(&source, &delivery).await;
    }
    for (number, event) in batch.iter().enumerate() {
        let expected = match number % 6 {
            2 => Stage::Cancelled,
            5 => Stage::Scheduled,
            _ => Stage::Completed,
        };
        assert_eq!(stage(&transport, event).await, expected, "{number}");
    }
    assert!(transport.publish(batch).await.unwrap().iter().all(|answer| answer.as_ref().unwrap().duplicate));
    assert_eq!(admin.count_scheduled(None).await.unwrap(), 50);
}

#[tokio::test]
async fn large_events_that_are_due_at_once_all_come_in_their_order() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let large = |number: u64| {
        let due = Some(Due::After(Duration::from_millis(300 + number)));
        Outgoing { due, bytes: vec![number as u8; 200_000].into(), ..event("lead.created") }
    };
    let batch: Vec<_> = (0..20).map(large).collect();
    assert!(transport.publish(batch.clone()).await.unwrap().iter().all(Result::is_ok));
    let came = take(&source, 20).await;
    assert!(came.iter().zip(&batch).all(|(came, sent)| came.id == sent.id && came.bytes == sent.bytes));
}

#[tokio::test]
async fn a_lane_that_nobody_reads_and_only_later_events_fill_is_trimmed() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let sent = later("lead.created", Duration::from_millis(50));
    schedule(&transport, &sent).await;
    eventually("it is published", async || stage(&transport, &sent).await == Stage::Completed).await;
    let lane = key(&server, ":lane:lead.created:medium");
    eventually("the lane is trimmed", async || int(&server, &["XLEN", &lane]) == 0).await;
}

#[tokio::test]
async fn the_task_ends_with_the_transport() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let connections = || server.command(&["CLIENT", "LIST"]).unwrap().text().unwrap().lines().count();
    eventually("the bell is heard", async || connections() >= 3).await;
    drop(transport);
    eventually("no connection is left but this one", async || connections() == 1).await;
}

#[tokio::test]
async fn an_idle_process_asks_for_all_partitions_in_one_round_trip_every_few_seconds() {
    let server = RedisServer::start().unwrap();
    let transport = RedisTransport::connect(&common::config(&server).partitions(8)).await.unwrap();
    let calls = || {
        let stats = server.command(&["INFO", "commandstats"]).unwrap();
        let text = stats.text().unwrap().to_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("cmdstat_zrange:calls=")).map(str::to_owned);
        line.and_then(|line| line.split(',').next()?.parse::<u64>().ok()).unwrap_or(0)
    };
    eventually("it has looked at the start, and when it heard the bell", async || calls() >= 16).await;
    server.command(&["CONFIG", "RESETSTAT"]).unwrap();
    let begun = Instant::now();
    eventually("it looks again", async || calls() >= 8 || begun.elapsed() > Duration::from_millis(4_500)).await;
    assert!(calls() <= 8, "{} calls in {:?}", calls(), begun.elapsed());
    drop(transport);
}
