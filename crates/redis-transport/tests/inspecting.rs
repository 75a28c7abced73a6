//! What operators are told of the server and of the partitions.

mod common;

use common::{config, connect, event, open, spec};
use tekup_core::transport::{Source, Transport};
use tekup_redis_transport::RedisTransport;
use tekup_testkit::redis::{Fsync, RedisServer};

#[tokio::test]
async fn a_server_tells_of_its_memory_its_persistence_and_its_clock() {
    let server = RedisServer::builder()
        .append_only(Fsync::Always)
        .config("maxmemory", "64mb")
        .config("maxmemory-policy", "allkeys-lru")
        .start()
        .unwrap();
    let facts = connect(&server).await.server_facts().await.unwrap();
    let (memory, persistence) = (facts.memory.clone().unwrap(), facts.persistence.clone().unwrap());
    assert_eq!((facts.mode.as_str(), memory.max), ("standalone", Some(64 << 20)));
    assert_eq!(memory.policy, "allkeys-lru");
    assert!(memory.used > 0 && memory.share().unwrap() < 1.0, "{facts:?}");
    assert!(persistence.is_on() && persistence.fsync.as_deref() == Some("always"), "{facts:?}");
    assert!(facts.clients > 0 && facts.max_clients > facts.clients, "{facts:?}");
    assert!(facts.clock_ahead_ms.unwrap().abs() < 1_000 && facts.latency_ms < 1_000.0, "{facts:?}");
    assert!(facts.denied.is_empty(), "{facts:?}");
}

#[tokio::test]
async fn what_this_user_may_not_ask_is_told_and_all_else_is_known() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    assert!(!transport.server_facts().await.unwrap().persistence.unwrap().is_on());
    let mut denied = 0;
    for (command, is_told) in
        [("config", (true, true, true)), ("time", (true, true, false)), ("info", (false, false, false))]
    {
        server.command(&["ACL", "SETUSER", "default", &format!("-{command}")]).unwrap();
        let facts = transport.server_facts().await.unwrap();
        let told = (facts.memory.is_some(), facts.persistence.is_some(), facts.clock_ahead_ms.is_some());
        assert_eq!(told, is_told, "without {command}");
        assert!(facts.persistence.is_none_or(|told| told.fsync.is_none() && told.save.is_none()));
        denied = facts.denied.len();
        assert!(facts.denied.iter().any(|told| told.contains(command)), "{:?}", facts.denied);
        assert!(facts.latency_ms > 0.0);
    }
    // Without the first answer the settings are not asked for.
    assert_eq!(denied, 2);
}

#[tokio::test]
async fn partitions_tell_what_lies_in_them_and_which_has_lost_its_registrations() {
    let server = RedisServer::start().unwrap();
    let transport = RedisTransport::connect(&config(&server).partitions(2)).await.unwrap();
    let source = transport.open(spec("invoice.*")).await.unwrap();
    let events = (0..20).map(|tenant| {
        let mut event = event("invoice.paid");
        event.tenant = format!("tenant-{tenant}").parse().unwrap();
        event
    });
    transport.publish(events.collect()).await.unwrap();
    let facts = transport.partition_facts().await.unwrap();
    assert_eq!(facts.iter().map(|partition| partition.entries).sum::<u64>(), 20);
    assert!(facts.iter().all(|partition| partition.subscriptions == 1 && partition.lanes == 1), "{facts:?}");
    let lost = common::key(&server, &format!("{}subs", facts[1].prefix.trim_start_matches("tekup:")));
    server.command(&["DEL", lost.as_str()]).unwrap();
    let facts = transport.partition_facts().await.unwrap();
    assert_eq!((facts[0].subscriptions, facts[1].subscriptions), (1, 0));
    source.close().await.unwrap();
}

#[tokio::test]
async fn a_visitor_finds_what_members_have_made_and_tends_it() {
    let server = RedisServer::start().unwrap();
    let member = connect(&server).await;
    let _source = open(&member, "invoice.*").await;
    let visitor = RedisTransport::visit(&config(&server).partitions(7)).await.unwrap();
    assert_eq!(visitor.partition_facts().await.unwrap().len(), 1);
    assert!(visitor.vitals().is_empty(), "it does no work of its own");
}
