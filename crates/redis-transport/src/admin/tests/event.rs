use bytes::Bytes;
use tekup_core::{
    EventId,
    transport::{Admin, StoredIn},
};

use super::world::{LANE, World, group, tenant};
use crate::keys::member;

#[tokio::test]
async fn an_entry_id_that_was_given_to_another_event_is_not_shown_as_this_one() {
    let world = World::new(1).await;
    let (acme, lost, other) = (tenant("acme"), EventId::generate(), EventId::generate());
    world.lane(&["crm/import"]).await;
    let entry = world.publish(&acme, other).await;
    world.move_to(&acme, lost, &entry).await;
    assert_eq!(world.admin.event(&acme, lost).await.unwrap(), None);
    assert_eq!(world.admin.event(&acme, other).await.unwrap().unwrap().bytes, "{}");
}

#[tokio::test]
async fn what_was_put_aside_and_is_damaged_is_looked_for_at_others() {
    let world = World::new(1).await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    let keys = world.keys(&acme);
    for name in ["a/damaged", "b/purged", "c/dead"] {
        world.subscribe(name, &["*"], &[]).await;
    }
    world.except(&acme, "a/damaged", id, "retrying:1").await;
    let (waiting, member) = (keys.waiting(&group("a/damaged")), member(id, Some("acme")));
    world.run::<u64>(&[b"HSET", waiting.as_bytes(), &member, b"not packed"]).await;
    world.except(&acme, "b/purged", id, "dead:3").await;
    assert_eq!(world.admin.event(&acme, id).await.unwrap(), None);
    let bytes = Bytes::from_static(b"{ \"as\":  \"it was\" }");
    world.die(&acme, "c/dead", id, 2_000, &bytes).await;
    let found = world.admin.event(&acme, id).await.unwrap().unwrap();
    assert_eq!((found.place, found.bytes), (StoredIn::DeadLetters(group("c/dead")), bytes));
    assert_eq!(found.event_type.unwrap().as_str(), "lead.created");
}

#[tokio::test]
async fn an_event_can_be_read_while_the_server_is_full() {
    let world = World::new(1).await;
    let (acme, id, dead) = (tenant("acme"), EventId::generate(), EventId::generate());
    world.subscribe("crm/import", &["*"], &[]).await;
    world.lane(&["crm/import"]).await;
    world.publish(&acme, id).await;
    world.die(&acme, "crm/import", dead, 2_000, b"{}").await;
    world.run::<()>(&[b"CONFIG", b"SET", b"maxmemory", b"1"]).await;
    assert_eq!(world.admin.event(&acme, id).await.unwrap().unwrap().place, StoredIn::Lane);
    let found = world.admin.event(&acme, dead).await.unwrap().unwrap();
    assert_eq!(found.place, StoredIn::DeadLetters(group("crm/import")));
}

#[tokio::test]
async fn an_event_of_a_lane_that_was_deleted_is_not_found() {
    let world = World::new(1).await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.lane(&[]).await;
    world.publish(&acme, id).await;
    world.run::<u64>(&[b"DEL", world.keys(&acme).lane_named(LANE).as_bytes()]).await;
    assert_eq!(world.admin.event(&acme, id).await.unwrap(), None);
}
