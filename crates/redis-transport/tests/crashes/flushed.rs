//! A server that forgets its scripts again and again, while workers are killed.

use std::time::Duration;

use tekup_core::EventId;

use crate::{
    job::Task,
    ledger::Step,
    world::{World, times},
};

#[tokio::test]
async fn forgetting_all_scripts_again_and_again_does_no_harm() {
    let world = World::new().await;
    let lease = Duration::from_millis(500);
    let mut killed = world.hire(world.orders("killed").concurrency(5).lease(lease)).await;
    let held = world.publish(times(20, Task::Wait)).await;
    world.until_started_by("killed", held[0]).await;
    let worker = world.hire(world.orders("a").concurrency(5).lease(lease)).await;
    worker.open_gate();
    killed.kill();
    let mut flushes = 0;
    let ids = tokio::select! {
        ids = publish_and_wait(&world, held) => ids,
        () = flush(&world, &mut flushes) => 0,
    };
    assert!(flushes > 50, "only {flushes} flushes");
    let forgotten = world.server.command(&["INFO", "errorstats"]).unwrap();
    assert!(forgotten.text().unwrap().contains("errorstat_NOSCRIPT"), "no script was ever missed");
    let books = world.until_settled().await;
    assert_eq!((books.published, books.acked), (ids as u64, ids as u64));
    let done = world.ledger.by_event(Step::Done);
    assert!(done.len() == ids && done.values().all(|lines| lines.len() == 1));
    let log = world.log_of("a");
    let complaints = log.lines().filter(|line| line.contains(" WARN ") || line.contains(" ERROR "));
    for line in complaints {
        assert!(line.contains("an attempt failed; another one follows"), "{line}");
    }
}

/// Until it is dropped.
async fn flush(world: &World, flushes: &mut usize) {
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    loop {
        tick.tick().await;
        world.server.command(&["SCRIPT", "FLUSH", "SYNC"]).unwrap();
        *flushes += 1;
    }
}

/// Batches, single events and retries, each of which would panic if the publisher heard of it; and what the killed worker
/// held, which is taken over meanwhile.
async fn publish_and_wait(world: &World, held: Vec<EventId>) -> usize {
    let mut ids = held;
    for _ in 0..20 {
        ids.extend(world.publish(times(50, Task::Pass)).await);
        ids.extend(world.publish([Task::FailFirst(10)]).await);
        ids.extend(world.publish([Task::Pass]).await);
    }
    world.until_done(&ids).await;
    ids.len()
}
