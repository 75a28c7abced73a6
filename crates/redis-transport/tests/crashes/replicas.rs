//! Who counts as alive, though nobody could say that it died.

use crate::world::{JOBS, World};

async fn alive(world: &World) -> u64 {
    world.bus.replicas(JOBS).await.unwrap().alive
}

#[tokio::test]
async fn a_killed_process_counts_as_alive_for_some_seconds_and_no_longer() {
    let world = World::new().await;
    let (mut killed, _other) = (world.hire(world.orders("a")).await, world.hire(world.orders("b")).await);
    let before = world.bus.replicas(JOBS).await.unwrap();
    assert_eq!(before.alive, 2);
    killed.kill();
    assert_eq!(alive(&world).await, 2, "nobody could say that it died");
    world.until("the killed one is taken for dead", async || alive(&world).await == 1).await;
    let after = world.bus.replicas(JOBS).await.unwrap();
    assert!(after.last_heard > before.last_heard, "the other one goes on to say that it lives: {after:?}");
}

#[tokio::test]
async fn a_frozen_process_counts_as_dead_after_some_seconds_and_as_alive_when_it_thaws() {
    let world = World::new().await;
    let frozen = world.hire(world.orders("a")).await;
    frozen.signal("STOP");
    let heard = world.bus.replicas(JOBS).await.unwrap().last_heard;
    assert!(heard.is_some());
    world.until("the frozen one is taken for dead", async || alive(&world).await == 0).await;
    assert_eq!(world.bus.replicas(JOBS).await.unwrap().last_heard, heard, "it is known since when");
    frozen.signal("CONT");
    world.until("it is heard of again", async || alive(&world).await == 1).await;
    assert!(world.bus.replicas(JOBS).await.unwrap().last_heard > heard);
}
