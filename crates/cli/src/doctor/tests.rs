use tekup_core::Timestamp;
use tekup_core::transport::{Depth, Replicas, SubscriptionState};
use tekup_redis_transport::{Memory, PartitionFacts, Persistence, ServerFacts};

use super::{
    Thresholds,
    facts::{Deaths, Facts, SubscriptionFacts},
    finding::{Cure, Finding},
    findings,
};
use crate::server::Address;

fn address() -> Address {
    Address::usual()
}

fn sound() -> Facts {
    let mut server = ServerFacts::default();
    let mut memory = Memory::default();
    (memory.used, memory.data) = (100 << 20, 50 << 20);
    (memory.max, memory.policy) = (Some(1 << 30), "noeviction".into());
    let mut persistence = Persistence::default();
    persistence.append_only = true;
    (server.memory, server.persistence) = (Some(memory), Some(persistence));
    (server.clients, server.max_clients) = (10, 10_000);
    let partitions = (0..4).map(partition).collect();
    Facts {
        server,
        waiting: 30_000,
        growth: 0.0,
        partitions,
        subscriptions: vec![subscription()],
        next: None,
        at: now(),
    }
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn partition(at: u64) -> PartitionFacts {
    let mut partition = PartitionFacts::default();
    partition.prefix = format!("tekup:{{s:{at}}}:");
    (partition.subscriptions, partition.lanes, partition.entries) = (1, 5, 30_000);
    partition
}

fn subscription() -> SubscriptionFacts {
    SubscriptionFacts {
        id: "crm/import".into(),
        replicas: Replicas::new(1, Some(now())),
        removing: false,
        state: SubscriptionState::default(),
        depth: Depth { ready: 10, ..Depth::default() },
        lost: Vec::new(),
        handling_p50_ms: Some(3.0),
        deaths: None,
    }
}

fn thresholds() -> Thresholds {
    use std::time::Duration;
    Thresholds { max_age: Duration::from_secs(300), max_waiting: 10_000, max_silent: Duration::from_secs(600) }
}

fn found(change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
    let mut facts = sound();
    change(&mut facts);
    findings(&facts, &thresholds(), &address())
}

type Change = fn(&mut Facts);

#[test]
fn each_trouble_is_found_by_its_name_and_no_other() {
    let table: [(&str, Change); 19] = [
        ("denied", |facts| facts.server.denied.push("redis lacks a permission".into())),
        ("denied", |facts| {
            (facts.server.memory, facts.server.persistence) = (None, None);
            facts.server.denied.push("redis lacks a permission".into());
        }),
        ("persistence-late", |facts| facts.server.persistence.as_mut().unwrap().fsync = Some("no".into())),
        ("persistence-saves", |facts| {
            let persistence = facts.server.persistence.as_mut().unwrap();
            (persistence.append_only, persistence.save) = (false, Some("3600 1".into()));
        }),
        ("persistence-failing", |facts| facts.server.persistence.as_mut().unwrap().is_failing = true),
        ("latency", |facts| facts.server.latency_ms = 80.0),
        ("clock", |facts| facts.server.clock_ahead_ms = Some(-2_000)),
        ("clients", |facts| facts.server.clients = 9_500),
        ("memory-full", |facts| facts.server.memory.as_mut().unwrap().used = 1_000 << 20),
        ("memory-forecast", |facts| facts.growth = 500.0),
        ("partition-crowded", |facts| facts.partitions[2].entries = 1_000_000),
        ("registrations-lost", |facts| facts.partitions[2].subscriptions = 0),
        ("half-removed", |facts| facts.subscriptions[0].removing = true),
        ("dead-subscription", |facts| facts.subscriptions[0].replicas = Replicas::new(0, None)),
        ("paused", |facts| facts.subscriptions[0].state.paused = Some(now())),
        ("slow", |facts| facts.subscriptions[0].depth.ready = 10_001),
        ("slow", |facts| facts.subscriptions[0].depth.oldest = Some(std::time::Duration::from_secs(301))),
        ("place-lost", |facts| facts.subscriptions[0].lost = vec!["lead.created:high".into()]),
        ("dead-letters", |facts| facts.subscriptions[0].depth.dead = 1),
    ];
    for (code, change) in table {
        let codes: Vec<&str> = found(change).iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [code]);
    }
    assert_eq!(found(|_| ()), []);
}

#[test]
fn what_is_nearly_wrong_is_no_finding() {
    let table: [Change; 8] = [
        |facts| (facts.growth, facts.waiting) = (500.0, 999),
        |facts| facts.server.latency_ms = 49.0,
        |facts| facts.server.clock_ahead_ms = Some(999),
        |facts| facts.server.clients = 8_900,
        |facts| facts.server.memory.as_mut().unwrap().used = 900 << 20,
        |facts| facts.growth = 1.0,
        |facts| facts.subscriptions[0].depth.ready = 10_000,
        |facts| facts.subscriptions[0].replicas = Replicas::new(0, "2026-03-01T11:55:00Z".parse().ok()),
    ];
    for (at, change) in table.into_iter().enumerate() {
        assert_eq!(found(change), [], "{at}");
    }
}

#[test]
fn every_finding_says_how_to_mend_it_and_the_worst_comes_first() {
    let all = found(|facts| {
        let mut memory = Memory::default();
        memory.policy = "allkeys-lru".into();
        facts.server = ServerFacts::default();
        facts.server.memory = Some(memory);
        facts.server.denied.push("redis lacks a permission".into());
        (facts.server.latency_ms, facts.server.clock_ahead_ms) = (80.0, Some(5_000));
        facts.subscriptions[0].depth.dead = 7;
        facts.subscriptions[0].lost = vec!["lead.created:high".into()];
    });
    assert!(all.iter().all(|finding| !finding.cures.is_empty()), "{all:?}");
    assert!(all.is_sorted_by_key(|finding| finding.level), "{all:?}");
    let runs = all
        .iter()
        .flat_map(|finding| &finding.cures)
        .filter(|cure| matches!(cure, Cure::Run(_) | Cure::IfMeant(_)))
        .count();
    assert!(runs >= 3, "{all:?}");
}

#[test]
fn an_error_of_a_handler_can_not_steer_the_terminal() {
    let all = found(|facts| {
        facts.subscriptions[0].depth.dead = 1;
        facts.subscriptions[0].deaths = Some(Deaths { error: "\u{1b}[2J".repeat(1_000), count: 1, looked_at: 1 });
    });
    let mut out = Vec::new();
    all[0].tell(&mut out).unwrap();
    let told = String::from_utf8(out).unwrap();
    assert!(!told.contains('\u{1b}') && told.len() < 3_000, "{told}");
}
