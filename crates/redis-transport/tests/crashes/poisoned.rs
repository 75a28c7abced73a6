//! An event that takes down every process that handles it.

use std::os::unix::process::ExitStatusExt;

use tekup_core::{EventId, transport::DeadReason};
use tekup_redis_transport::Safeguard;

use crate::{
    job::Task,
    ledger::Step,
    world::{JOBS, World, times},
};

/// One start is counted when an event is read ahead, one when it is started after a takeover: who is counted once more in
/// between is parked.
const CRASH_LIMIT: u32 = 2;
const MOST_WORKERS: usize = 10;

/// Fifty events that one worker holds when the first of them kills it; then others come until all is settled. Answers
/// the fifty.
async fn fifty_with_one_that_kills(world: &World, without: Option<Safeguard>) -> Vec<EventId> {
    let orders = |name: &str| world.orders(name).crash_limit(CRASH_LIMIT).without(without);
    world.register().await;
    let warm_up = world.publish(times(20, Task::Pass).chain([Task::Wait])).await;
    let mut first = world.hire(orders("worker-0")).await;
    world.until_started_by("worker-0", warm_up[20]).await;
    let fifty = world.publish([Task::Kill].into_iter().chain(times(49, Task::Pass))).await;
    world.until("the fifty are held", async || world.books().await.pending >= 51).await;
    first.open_gate();
    assert_eq!(first.ended().await.signal(), Some(9));
    for number in 1..MOST_WORKERS {
        let mut worker = world.hire(orders(&format!("worker-{number}"))).await;
        worker.open_gate();
        let mut has_crashed = false;
        world
            .until("the worker has crashed or settled all", async || {
                has_crashed = worker.has_ended();
                let books = world.books().await;
                has_crashed || books.ready + books.pending + books.retrying == 0
            })
            .await;
        if !has_crashed {
            return fifty;
        }
        assert_eq!(worker.ended().await.signal(), Some(9));
    }
    panic!("{MOST_WORKERS} workers have crashed: {:?}", world.books().await);
}

#[tokio::test]
async fn of_fifty_prefetched_events_only_the_one_that_kills_the_process_is_parked() {
    let world = World::new().await;
    let fifty = fifty_with_one_that_kills(&world, None).await;
    let letters = world.bus.dead_letters(JOBS).unwrap().list(None, 100).await.unwrap().letters;
    let parked: Vec<_> = letters.iter().map(|letter| (letter.id, letter.reason, letter.attempts)).collect();
    assert_eq!(parked, [(fifty[0], DeadReason::Crashed, CRASH_LIMIT)]);
    let done = world.ledger.by_event(Step::Done);
    for id in &fifty[1..] {
        let attempts: Vec<_> = done[id].iter().map(|line| line.attempt).collect();
        assert_eq!(attempts, [1], "{id}");
    }
    let started = world.ledger.by_event(Step::Started);
    assert_eq!(started[&fifty[0]].len() as u32, CRASH_LIMIT, "it was started as often as it may crash");
    assert!(world.books().await.balanced());
}

#[tokio::test]
async fn without_starting_one_by_one_the_neighbours_of_a_killing_event_are_parked_with_it() {
    let world = World::new().await;
    let fifty = fifty_with_one_that_kills(&world, Some(Safeguard::StartOneByOne)).await;
    let letters = world.bus.dead_letters(JOBS).unwrap().list(None, 100).await.unwrap().letters;
    let parked = |id| letters.iter().any(|letter| letter.id == id && letter.reason == DeadReason::Crashed);
    assert!(fifty.iter().all(|id| parked(*id)), "{:?}", world.books().await);
}
