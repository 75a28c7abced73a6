//! What is told of a policy as it lies in Redis, whatever becomes of it there.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use common::{connect, eventually, key, spec};
use tekup_core::{
    SubscriptionId,
    transport::{Admin, Policy, Transport},
};
use tekup_testkit::redis::RedisServer;

fn ledger() -> SubscriptionId {
    "billing/ledger".parse().unwrap()
}

#[tokio::test]
async fn in_a_store_that_was_emptied_the_policy_of_the_largest_revision_is_told_again() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let told = |revision: u64, concurrency: usize| {
        let (mut spec, mut policy) = (spec("*"), Policy::default());
        policy.concurrency = concurrency;
        (spec.revision, spec.policy) = (revision, Some(policy));
        spec
    };
    let _older = transport.open(told(1, 5)).await.unwrap();
    let _newest = transport.open(told(2, 16)).await.unwrap();
    let state = key(&server, ":state:billing/ledger");
    let known =
        async || transport.admin().registration(&ledger()).await.unwrap().policy.map(|policy| policy.concurrency);
    assert_eq!(known().await, Some(16));
    server.command(&["DEL", &state]).unwrap();
    assert_eq!(known().await, None);
    // They look again when they hear the bell anew.
    server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
    eventually("the policy is told", async || known().await == Some(16)).await;
}

#[tokio::test]
async fn what_is_stored_of_a_policy_is_left_out_if_it_can_not_be_read_or_is_of_an_older_revision() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let mut spec = spec("*");
    (spec.revision, spec.policy) = (2, Some(Policy::default()));
    let _source = transport.open(spec).await.unwrap();
    let state = key(&server, ":state:billing/ledger");
    let known = async || {
        let registered = transport.admin().registration(&ledger()).await.unwrap();
        assert_eq!((registered.patterns.len(), registered.revision), (1, 2));
        registered.policy
    };
    let stored = server.command(&["HGET", &state, "policy"]).unwrap().text().unwrap().to_owned();
    let newer = stored.replacen('{', r#"{"ofALaterVersion":{"start":5},"#, 1);
    let table: [(&[u8], &[u8], bool); 6] = [
        (newer.as_bytes(), b"2", true),
        (stored.as_bytes(), b"1", false),
        (stored.as_bytes(), b"two", false),
        (b"16 at once", b"2", false),
        (b"\xff\x00{", b"2", false),
        (b"", b"2", false),
    ];
    for (policy, told, is_known) in table {
        server.command(&[b"HSET", state.as_bytes(), b"policy", policy, b"told", told]).unwrap();
        assert_eq!(known().await, is_known.then(Policy::default), "{policy:?} of {told:?}");
    }
    // As a process left it that is older than this is told.
    server.command(&["HDEL", &state, "policy", "told"]).unwrap();
    assert_eq!(known().await, None);
}
