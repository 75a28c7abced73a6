//! What strangers wrote into the keys of retries and into the list of subscriptions stops nobody else's.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::Duration;

use common::{ack, connect, event, eventually, fetch_within, int, key, open, publish, retry_in, settle, take};
use tekup_core::{
    ErrorKind,
    transport::{Admin, DeadReason, Settled, Transport, Verdict},
};
use tekup_redis_transport::RedisTransport;
use tekup_testkit::redis::RedisServer;

const GROUP: &str = "billing/ledger";

fn bury() -> Verdict {
    Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 2, error: "no".into() }
}

/// Writes a retry by hand that has been due for long.
fn store(server: &RedisServer, partition: &str, member: &[u8], packed: &[u8]) {
    let (due, waiting) = (format!("{partition}:due:{GROUP}"), format!("{partition}:waiting:{GROUP}"));
    server.command(&[b"HSET", waiting.as_bytes(), member, packed]).unwrap();
    server.command(&[b"ZADD", due.as_bytes(), b"1", member]).unwrap();
}

#[tokio::test]
async fn a_stored_retry_that_can_not_be_read_becomes_a_dead_letter_with_its_bytes_and_holds_up_none() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let id = publish(&transport, "lead.created").await;
    let partition = key(&server, ":lanes").replace(":lanes", "");
    let first = take(&source, 1).await.remove(0);
    assert_eq!(settle(&source, &first, retry_in(Duration::from_secs(1))).await.unwrap(), Settled::Done);
    // No MessagePack, a number, an empty list, and a list of five numbers.
    let bad: [&[u8]; 4] = [b"\xc1", b"\x07", b"\x90", b"\x95\x01\x02\x03\x04\x05"];
    for (number, packed) in bad.iter().enumerate() {
        let member = [&[number as u8 + 1; 16], &b"acme"[..]].concat();
        store(&server, &partition, &member, packed);
    }
    let again = take(&source, 1).await.remove(0);
    assert_eq!((again.id, again.failures), (id, 1));
    ack(&source, &again).await;

    let admin = transport.admin();
    let page = admin.dead_letters(&GROUP.parse().unwrap(), None, None, 10).await.unwrap();
    let kept: Vec<_> = page.letters.iter().map(|letter| (letter.reason, &letter.bytes[..])).collect();
    assert_eq!(kept, bad.map(|packed| (DeadReason::Undecodable, packed)));
    assert_eq!(int(&server, &["EXISTS", &format!("{partition}:due:{GROUP}")]), 0, "nothing is due any more");
}

#[tokio::test]
async fn a_retry_whose_first_failure_is_no_time_can_fail_again_and_be_given_up() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let id = publish(&transport, "lead.created").await;
    let first = take(&source, 1).await.remove(0);
    settle(&source, &first, retry_in(Duration::from_millis(1))).await.unwrap();
    ack(&source, &take(&source, 1).await[0]).await;
    let stream = key(&server, &format!(":retry:{GROUP}"));
    let forge = || {
        let member = [&id.as_uuid().as_bytes()[..], b"acme"].concat();
        let words: [&[u8]; 9] = [b"XADD", stream.as_bytes(), b"*", b"m", &member, b"w", b"soon", b"e", b"{}"];
        server.command(&words).unwrap();
    };
    forge();
    let forged = take(&source, 1).await.remove(0);
    assert_eq!(settle(&source, &forged, retry_in(Duration::from_millis(1))).await.unwrap(), Settled::Done);
    ack(&source, &take(&source, 1).await[0]).await;
    forge();
    let forged = take(&source, 1).await.remove(0);
    assert_eq!(settle(&source, &forged, bury()).await.unwrap(), Settled::Done);
}

#[tokio::test]
async fn a_partition_whose_retries_are_of_a_wrong_type_keeps_no_other_from_being_trimmed() {
    let server = RedisServer::start().unwrap();
    let transport = RedisTransport::connect(&common::config(&server).partitions(2)).await.unwrap();
    drop(open(&transport, "*").await);
    publish(&transport, "lead.created").await;
    let lane = key(&server, ":lane:lead.created:medium");
    let registries = server.command(&["KEYS", "*:subs"]).unwrap();
    let mut partitions = registries.items().iter().filter_map(|key| key.text()?.strip_suffix(":subs"));
    let other = partitions.find(|partition| !lane.starts_with(partition)).unwrap();
    server.command(&["SET", &format!("{other}:due:{GROUP}"), "no set"]).unwrap();
    let source = open(&transport, "*").await;
    let first = take(&source, 1).await.remove(0);
    settle(&source, &first, retry_in(Duration::from_millis(50))).await.unwrap();
    ack(&source, &take(&source, 1).await[0]).await;
    eventually("the lane is trimmed", async || int(&server, &["XLEN", &lane]) == 0).await;
}

/// No JSON, no object, an object without patterns, and patterns that are none.
const NO_RECORDS: [&str; 5] = ["xx", "7", "{}", r#"{"patterns":"*"}"#, r#"{"patterns":[{}]}"#];

#[tokio::test]
async fn a_record_that_can_not_be_read_refuses_new_lanes_by_its_name_and_loses_no_event() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    let (subs, lanes, starts) = (key(&server, ":subs"), key(&server, ":lanes"), key(&server, ":starts"));
    let known = (server.command(&["HGETALL", &lanes]).unwrap(), int(&server, &["HLEN", &starts]));
    let batch = ["lead.created", "lead.scored", "lead.created"].map(event).to_vec();
    for (round, garbage) in NO_RECORDS.iter().enumerate() {
        server.command(&["HSET", &subs, GROUP, garbage]).unwrap();
        let answers = transport.publish(batch.clone()).await.unwrap();
        for answer in [&answers[0], &answers[2]] {
            assert_eq!(answer.as_ref().unwrap().duplicate, round > 0, "{garbage}");
        }
        let error = answers[1].as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
        for part in ["record can't be read", "restore it, or delete it", "`billing/ledger`", &subs] {
            assert!(error.to_string().contains(part), "{part} in {error}");
        }
        let now = (server.command(&["HGETALL", &lanes]).unwrap(), int(&server, &["HLEN", &starts]));
        assert_eq!(now, known, "nothing was begun for {garbage}");
    }
    // As the error says.
    server.command(&["HDEL", &subs, GROUP]).unwrap();
    server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
    let first = take(&source, 3).await;
    let is_registered = async || {
        assert!(fetch_within(&source, 1, Duration::from_millis(50)).await.unwrap().is_empty());
        int(&server, &["HEXISTS", &subs, GROUP]) == 1
    };
    eventually("it is registered again", is_registered).await;
    let answers = transport.publish(batch.clone()).await.unwrap();
    let duplicates: Vec<bool> = answers.into_iter().map(|answer| answer.unwrap().duplicate).collect();
    assert_eq!(duplicates, [true, false, true]);
    let last = take(&source, 1).await.remove(0);
    assert_eq!(last.id, batch[1].id);
    for taken in first.iter().chain([&last]) {
        ack(&source, taken).await;
    }
}

#[tokio::test]
async fn who_joins_where_the_record_can_not_be_read_is_told_what_to_do() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    drop(open(&transport, "*").await);
    server.command(&["HSET", &key(&server, ":subs"), GROUP, "xx"]).unwrap();
    let error = transport.open(common::spec("*")).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
    assert!(error.to_string().contains("record can't be read: restore it, or delete it"), "{error}");
}
