//! What an operator said holds, though the process that passed it on was killed.

use std::time::{Duration, Instant};

use tekup_core::RateLimit;

use crate::{
    errand::Errand,
    job::Task,
    ledger::Step,
    world::{JOBS, World, times},
};

#[tokio::test]
async fn a_pause_holds_though_the_process_that_asked_for_it_was_killed() {
    let world = World::new().await;
    let mut first = world.hire(world.orders("a").pauses()).await;
    first.kill();
    assert!(world.bus.subscription_state(JOBS).await.unwrap().is_paused(), "a second process observes it");
    let ids = world.publish(times(20, Task::Pass)).await;
    let _second = world.hire(world.orders("b")).await;
    let begun = Instant::now();
    world.until("half a second has passed", async || begun.elapsed() > Duration::from_millis(500)).await;
    let books = world.books().await;
    assert_eq!((books.ready, books.pending, books.acked), (20, 0, 0), "{books:?}");
    assert!(world.ledger.ids(Step::Started).is_empty(), "nothing is started");
    assert!(world.bus.resume(JOBS).await.unwrap());
    world.until_done(&ids).await;
    assert_eq!(world.until_settled().await.acked, 20);
}

#[tokio::test]
async fn a_resume_holds_though_the_process_that_asked_for_it_was_killed() {
    let world = World::new().await;
    world.register().await;
    assert!(world.bus.pause(JOBS).await.unwrap());
    let waiting = world.hire(world.orders("a")).await;
    let ids = world.publish(times(20, Task::Pass)).await;
    assert_eq!(world.send("b", Errand::Resume).await, "true");
    assert!(!world.bus.subscription_state(JOBS).await.unwrap().is_paused(), "a second process observes it");
    world.until_done(&ids).await;
    drop(waiting);
    let _late = world.hire(world.orders("c")).await;
    world.until_done(&world.publish(times(1, Task::Pass)).await).await;
    assert_eq!(world.until_settled().await.acked, 21);
}

#[tokio::test]
async fn a_rate_limit_holds_though_the_process_that_set_it_was_killed() {
    let world = World::new().await;
    let mut first = world.hire(world.orders("a").limits(20)).await;
    first.kill();
    let limit = world.bus.subscription_state(JOBS).await.unwrap().rate_limit;
    assert_eq!(limit, Some(RateLimit::per_second(20)), "a second process observes it");
    let _workers = [world.hire(world.orders("b")).await, world.hire(world.orders("c")).await];
    let begun = Instant::now();
    let ids = world.publish(times(40, Task::Pass)).await;
    world.until_done(&ids).await;
    let took = begun.elapsed();
    // The burst of two, and 38 more at 20 a second.
    assert!(took > Duration::from_millis(1_500), "40 events at 20 a second were done within {took:?}");
    assert_eq!(world.until_settled().await.acked, 40);
}

#[tokio::test]
async fn a_pause_takes_over_no_work_of_a_dead_process_until_it_is_resumed() {
    let world = World::new().await;
    world.register().await;
    let ids = world.publish(times(30, Task::Wait)).await;
    let mut killed = world.hire(world.orders("a")).await;
    world.until_started_by("a", ids[0]).await;
    killed.kill();
    assert!(world.bus.pause(JOBS).await.unwrap());
    let second = world.hire(world.orders("b")).await;
    second.open_gate();
    let (begun, leases) = (Instant::now(), world.orders("b").lease * 3);
    world.until("three leases have passed", async || begun.elapsed() > leases).await;
    assert!(world.ledger.ids_of(Step::Started, "b").is_empty(), "nothing is started");
    assert!(world.bus.resume(JOBS).await.unwrap());
    world.until_done(&ids).await;
    assert_eq!(world.until_settled().await.acked, 30);
}
