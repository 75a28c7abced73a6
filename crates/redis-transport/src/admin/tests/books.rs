use tekup_core::{
    EventId,
    transport::{Admin, Books},
};

use super::world::{LANE, World, group, tenant};

const IMPORT: &str = "crm/import";

async fn books(world: &World) -> Books {
    world.admin.books(&group(IMPORT)).await.unwrap()
}

#[tokio::test]
async fn every_event_is_accounted_for_wherever_it_is() {
    let world = World::new(1).await;
    let acme = tenant("acme");
    world.subscribe(IMPORT, &["*"], &[]).await;
    world.lane(&[IMPORT]).await;
    let mut stored = Vec::new();
    for _ in 0..7 {
        let id = EventId::generate();
        stored.push((id, world.publish(&acme, id).await));
    }
    assert_eq!(books(&world).await, Books { published: 7, ready: 7, ..Books::default() });
    for _ in 0..5 {
        world.read(&acme, IMPORT, "a").await;
    }
    world.ack(&acme, IMPORT, &stored[0].1).await;
    world.release(&acme, IMPORT, &stored[1].1).await;
    world.ack(&acme, IMPORT, &stored[2].1).await;
    world.die(&acme, IMPORT, stored[2].0, 1_000, b"{}").await;
    let expected = Books { published: 7, acked: 1, ready: 3, pending: 2, dead: 1, ..Books::default() };
    assert_eq!(books(&world).await, expected);

    world.admin.replay(&group(IMPORT), vec![(acme.clone(), stored[2].0).into()]).await.unwrap();
    assert_eq!(books(&world).await, Books { dead: 0, retrying: 1, ..expected });
    let retry = world.keys(&acme).retry(&group(IMPORT));
    world
        .run::<redis::Value>(&[b"XREADGROUP", b"GROUP", IMPORT.as_bytes(), b"a", b"STREAMS", retry.as_bytes(), b">"])
        .await;
    assert_eq!(books(&world).await, Books { dead: 0, pending: 3, ..expected });
    let held: Vec<(String, String, u64, u64)> =
        world.run(&[b"XPENDING", retry.as_bytes(), IMPORT.as_bytes(), b"-", b"+", b"1"]).await;
    let back: [&[u8]; 7] =
        [b"XCLAIM", retry.as_bytes(), IMPORT.as_bytes(), b"~released", b"0", held[0].0.as_bytes(), b"JUSTID"];
    world.run::<redis::Value>(&back).await;
    assert_eq!(books(&world).await, Books { dead: 0, retrying: 1, ..expected });
    assert!(books(&world).await.balanced());
}

#[tokio::test]
async fn what_was_stored_before_a_subscription_began_is_not_in_its_books() {
    let world = World::new(1).await;
    let acme = tenant("acme");
    world.lane(&[]).await;
    for _ in 0..5 {
        world.publish(&acme, EventId::generate()).await;
    }
    world.subscribe(IMPORT, &["*"], &[]).await;
    assert_eq!(books(&world).await, Books::default());
    for _ in 0..4 {
        world.publish(&acme, EventId::generate()).await;
    }
    world.read(&acme, IMPORT, "a").await;
    assert_eq!(books(&world).await, Books { published: 4, ready: 3, pending: 1, ..Books::default() });
}

#[tokio::test]
async fn thousands_of_unread_events_are_not_counted_one_by_one() {
    let world = World::new(1).await;
    world.subscribe(IMPORT, &["*"], &[]).await;
    world.lane(&[IMPORT]).await;
    for _ in 0..1_100 {
        world.publish(&tenant("acme"), EventId::generate()).await;
    }
    world.read(&tenant("acme"), IMPORT, "a").await;
    assert_eq!(books(&world).await, Books { published: 1_100, ready: 1_099, pending: 1, ..Books::default() });
}

#[tokio::test]
async fn trimming_what_was_settled_changes_no_books() {
    let world = World::new(1).await;
    let acme = tenant("acme");
    world.subscribe(IMPORT, &["*"], &[]).await;
    world.lane(&[IMPORT]).await;
    let mut entries = Vec::new();
    for _ in 0..5 {
        entries.push(world.publish(&acme, EventId::generate()).await);
    }
    for entry in &entries[..3] {
        world.read(&acme, IMPORT, "a").await;
        world.ack(&acme, IMPORT, entry).await;
    }
    let before = books(&world).await;
    let lane = world.keys(&acme).lane_named(LANE);
    world.run::<u64>(&[b"XTRIM", lane.as_bytes(), b"MINID", entries[3].as_bytes()]).await;
    assert_eq!(before, Books { published: 5, acked: 3, ready: 2, ..Books::default() });
    assert_eq!(books(&world).await, before);
}

#[tokio::test]
async fn a_group_whose_count_was_lost_is_counted_by_its_position() {
    let world = World::new(1).await;
    let acme = tenant("acme");
    world.subscribe(IMPORT, &["*"], &[]).await;
    world.lane(&[]).await;
    let mut entries = Vec::new();
    for _ in 0..60 {
        entries.push(world.publish(&acme, EventId::generate()).await);
    }
    let lane = world.keys(&acme).lane_named(LANE);
    let create: [&[u8]; 5] = [b"XGROUP", b"CREATE", lane.as_bytes(), IMPORT.as_bytes(), entries[9].as_bytes()];
    world.run::<()>(&create).await;
    assert_eq!(books(&world).await, Books { published: 60, acked: 10, ready: 50, ..Books::default() });
}
