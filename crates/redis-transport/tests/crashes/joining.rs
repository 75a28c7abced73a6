//! Subscriptions to many lanes whose process dies or stands still between two portions of them.

use std::collections::BTreeSet;

use tekup_core::{
    EventId, Priority, Timestamp,
    transport::{Outgoing, Transport},
};
use tekup_redis_transport::{RedisConfig, RedisTransport};

use crate::{
    child::Worker,
    errand::{Errand, WATCH},
    ledger::Step,
    world::World,
};

/// Ten portions.
const LANES: usize = 1_000;

/// Stores an event in each of so many lanes of one partition.
async fn publish_to_all(world: &World, lanes: std::ops::Range<usize>) -> BTreeSet<EventId> {
    let transport = RedisTransport::connect(&RedisConfig::new(world.server.url())).await.unwrap();
    let events = lanes.map(|number| {
        let (id, now, event_type) = (EventId::generate(), Timestamp::now(), format!("many.n{number}"));
        let bytes = format!(
            r#"{{"id":"{id}","type":"{event_type}","version":"1.0.0","tenantId":"acme","timestamp":"{now}","data":{{}}}}"#
        );
        let (tenant, event_type) = ("acme".parse().unwrap(), event_type.parse().unwrap());
        Outgoing { id, tenant, event_type, priority: Priority::Medium, bytes: bytes.into(), due: None, trace: None, audit: None }
    });
    let mut ids = BTreeSet::new();
    for batch in events.collect::<Vec<_>>().chunks(250) {
        let receipts = transport.publish(batch.to_vec()).await.unwrap();
        ids.extend(receipts.into_iter().map(|receipt| receipt.unwrap().id));
    }
    ids
}

/// A process that joins and has come to some portions, while the server lets nobody write.
async fn amid_portions(world: &World, name: &str) -> Worker {
    for attempt in 0..20 {
        world.server.command(&["FLUSHALL"]).unwrap();
        publish_to_all(world, 0..LANES).await;
        let lanes = world.server.command(&["KEYS", "*:lanes"]).unwrap();
        let lanes: Vec<&str> = lanes.items().iter().filter_map(|key| key.text()).collect();
        let is_full = |key: &&&str| world.server.command(&["HLEN", key]).unwrap().int().unwrap() > LANES as i64;
        let lanes = lanes.iter().find(is_full).unwrap();
        let (starts, subs) = (lanes.replace(":lanes", ":starts"), lanes.replace(":lanes", ":subs"));
        let mut worker = Worker::start(world.orders(&format!("{name}-{attempt}")).errand(Errand::Watch));
        while world.server.command(&["EXISTS", &starts]).unwrap().int() == Some(0) {
            assert!(!worker.has_ended(), "it ended as it began: {}", world.logs());
        }
        world.server.command(&["CLIENT", "PAUSE", "60000", "WRITE"]).unwrap();
        if world.server.command(&["HEXISTS", &subs, WATCH]).unwrap().int() == Some(0) {
            return worker;
        }
        world.server.command(&["CLIENT", "UNPAUSE"]).unwrap();
    }
    unreachable!("each was too quick")
}

async fn until_all_are_watched(world: &World, ids: &BTreeSet<EventId>) {
    let watched = async || {
        let done = world.ledger.ids(Step::Done);
        ids.iter().all(|id| done.contains(id))
    };
    world.until("all are watched", watched).await;
    world.until("nothing waits", async || world.bus.books(WATCH).await.unwrap().pending == 0).await;
    let books = world.bus.books(WATCH).await.unwrap();
    assert!(books.balanced() && books.ready == 0, "{books:?}");
}

#[tokio::test]
async fn who_joins_after_a_joiner_was_killed_between_two_portions_misses_nothing_from_then_on() {
    let world = World::new().await;
    amid_portions(&world, "killed").await.kill();
    world.server.command(&["CLIENT", "UNPAUSE"]).unwrap();
    publish_to_all(&world, 0..LANES).await;
    let _second = world.hire(world.orders("second").errand(Errand::Watch)).await;
    let ids = publish_to_all(&world, 0..LANES + 10).await;
    until_all_are_watched(&world, &ids).await;
    let books = world.bus.books(WATCH).await.unwrap();
    assert_eq!((books.published, books.acked), (ids.len() as u64, ids.len() as u64), "it begins when it joins");
}

#[tokio::test]
async fn a_joiner_that_stands_still_while_lanes_are_made_and_another_joins_misses_nothing_when_it_goes_on() {
    let world = World::new().await;
    let frozen = amid_portions(&world, "frozen").await;
    frozen.signal("STOP");
    world.server.command(&["CLIENT", "UNPAUSE"]).unwrap();
    publish_to_all(&world, LANES..LANES + 150).await;
    let mut second = world.hire(world.orders("second").errand(Errand::Watch)).await;
    let mut ids = publish_to_all(&world, 0..LANES + 200).await;
    frozen.signal("CONT");
    world.until("it has joined", async || frozen.is_ready()).await;
    second.kill();
    ids.extend(publish_to_all(&world, 0..LANES + 210).await);
    until_all_are_watched(&world, &ids).await;
}
