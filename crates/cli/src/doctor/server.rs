//! What is wrong with the server.

use tekup_redis_transport::{Memory, Persistence, ServerFacts};

use super::finding::Finding;
use crate::server::Address;

/// Milliseconds above which a small call is slow.
const SLOW_MS: f64 = 50.0;
/// Milliseconds by which clocks may differ.
const CLOCK_MS: i64 = 1_000;
/// Which share of the clients that may connect is many.
const MANY_CLIENTS: (u64, u64) = (9, 10);

pub(super) fn findings(facts: &ServerFacts, address: &Address) -> Vec<Finding> {
    let (memory, persisted) = (facts.memory.as_ref(), facts.persistence.as_ref());
    let checks = [
        memory.and_then(|memory| policy(memory, address)),
        persisted.and_then(|persisted| persistence(persisted, address)),
        persisted.and_then(|persisted| fsync(persisted, address)),
        persisted.and_then(failing),
        latency(facts),
        clock(facts),
        clients(facts, address),
    ];
    checks.into_iter().flatten().chain(denied(facts)).collect()
}

/// Where nothing is told of the memory, little is told at all.
fn denied(facts: &ServerFacts) -> impl Iterator<Item = Finding> + '_ {
    let level: fn(&'static str, String) -> Finding =
        if facts.memory.is_some() { Finding::warning } else { Finding::error };
    facts.denied.iter().map(move |told| {
        level("denied", told.clone()).advise("allow this user what `deploy/redis/users.acl` allows `tekup-operator`")
    })
}

fn policy(memory: &Memory, address: &Address) -> Option<Finding> {
    let policy = &memory.policy;
    (policy != "noeviction").then(|| {
        let what = format!("Redis deletes keys when it is full (`maxmemory-policy {policy}`): events would be lost");
        Finding::error("eviction-policy", what)
            .run(address.redis_cli("CONFIG SET maxmemory-policy noeviction"))
            .advise("set `maxmemory-policy noeviction` in redis.conf too, for the next start")
    })
}

fn persistence(persistence: &Persistence, address: &Address) -> Option<Finding> {
    let finding = if !persistence.is_on() {
        let what = "nothing outlives a restart of Redis: it writes neither an append-only file nor saves";
        Finding::error("persistence-off", what)
    } else if !persistence.append_only && persistence.save.is_some() {
        let what = "Redis only saves now and then: if it dies, the events since the last save are lost";
        Finding::warning("persistence-saves", what)
    } else {
        return None;
    };
    let finding = finding.run(address.redis_cli("CONFIG SET appendonly yes"));
    Some(finding.advise("set `appendonly yes` in redis.conf too, for the next start"))
}

fn fsync(persistence: &Persistence, address: &Address) -> Option<Finding> {
    (persistence.append_only && persistence.fsync.as_deref() == Some("no")).then(|| {
        let what = "Redis leaves it to the system when its append-only file reaches the disk (`appendfsync no`): if the \
                    machine dies, the events of the last half minute or so are lost";
        Finding::warning("persistence-late", what)
            .run(address.redis_cli("CONFIG SET appendfsync everysec"))
            .advise("set `appendfsync everysec`, or `always`, in redis.conf too, for the next start")
    })
}

fn failing(persistence: &Persistence) -> Option<Finding> {
    persistence.is_failing.then(|| {
        Finding::error("persistence-failing", "Redis could not write its data to the disk the last time it tried")
            .advise("look into the log of Redis, for a full disk or a missing permission")
    })
}

fn latency(facts: &ServerFacts) -> Option<Finding> {
    (facts.latency_ms > SLOW_MS).then(|| {
        Finding::warning("latency", format!("Redis answers a small call after {:.0} ms", facts.latency_ms))
            .advise("look for slow commands (`SLOWLOG GET`), for swapping, and at the network on the way")
    })
}

fn clock(facts: &ServerFacts) -> Option<Finding> {
    let ahead = facts.clock_ahead_ms?;
    (ahead.abs() > CLOCK_MS).then(|| {
        let which = if ahead > 0 { "ahead of" } else { "behind" };
        let what = format!(
            "the clock of Redis is {} ms {which} this machine's: delays and end-to-end times are off",
            ahead.abs()
        );
        Finding::warning("clock", what).advise("let both machines set their clocks by the same time servers")
    })
}

fn clients(facts: &ServerFacts, address: &Address) -> Option<Finding> {
    let (share, of) = MANY_CLIENTS;
    let most = facts.max_clients;
    (most > 0 && facts.clients * of >= most * share).then(|| {
        let what = format!("{} of {most} clients are connected: the next ones are refused soon", facts.clients);
        Finding::error("clients", what)
            .run(address.redis_cli(&format!("CONFIG SET maxclients {}", most.saturating_mul(2))))
            .advise("look who connects so often: a process of the bus needs five connections")
    })
}
