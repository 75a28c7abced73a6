//! Workers that are killed with signal 9.

use std::time::Duration;

use tekup_core::EventId;
use tekup_redis_transport::Safeguard;

use crate::{
    child::Worker,
    job::Task,
    ledger::Step,
    world::{JOBS, World, times},
};

const LEASE: Duration = Duration::from_millis(1_500);
/// So much a worker holds at least when it reads no more, for its prefetch is 1,000 and it reads half of it at a time.
const HELD: u64 = 500;

/// A worker that has finished fifty events, works on five, and reads no more; and all that is stored.
async fn full_worker(world: &World, stored: usize) -> (Worker, Vec<EventId>) {
    world.register().await;
    // It is quick with the first ones, so it reads far ahead of the five that wait.
    let tasks = times(50, Task::Pass).chain(times(5, Task::Wait)).chain(times(stored - 55, Task::Pass));
    let ids = world.publish(tasks).await;
    let worker = world.hire(world.orders("a").lease(LEASE).concurrency(5)).await;
    let is_full = async || {
        let books = world.books().await;
        books.acked == 50 && books.pending >= HELD
    };
    world.until("the worker holds what it may", is_full).await;
    (worker, ids)
}

#[tokio::test]
async fn a_worker_killed_with_its_prefetch_full_loses_none_of_10_000_events() {
    let world = World::new().await;
    let (mut killed, ids) = full_worker(&world, 10_000).await;
    killed.kill();
    let second = world.hire(world.orders("b").lease(LEASE).concurrency(5)).await;
    second.open_gate();
    world.until_done(&ids).await;
    let books = world.until_settled().await;
    assert_eq!((books.published, books.acked, books.dead), (10_000, 10_000, 0));
    let done = world.ledger.by_event(Step::Done);
    assert_eq!(done.len(), 10_000, "nothing was made up");
    assert!(
        done.values().all(|lines| lines.len() == 1),
        "what the worker had done was acked, so nothing was done twice"
    );
    assert!(done.values().flatten().all(|line| line.attempt == 1), "to be taken over is no failure");
}

#[tokio::test]
async fn without_the_sweep_a_killed_workers_events_stay_lost() {
    let world = World::new().await;
    let (mut killed, ids) = full_worker(&world, 1_500).await;
    killed.kill();
    let held = world.books().await.pending;
    let second = world.orders("b").lease(LEASE).concurrency(5).without(Some(Safeguard::Sweep));
    let second = world.hire(second).await;
    second.open_gate();
    let idle = (LEASE * 3).as_millis().to_string();
    let lane = world.lane();
    world
        .until("what was held is left alone for three leases", async || {
            let found = world.server.command(&["XPENDING", &lane, JOBS, "IDLE", &idle, "-", "+", "2000"]).unwrap();
            found.items().len() as u64 == held
        })
        .await;
    let books = world.books().await;
    assert_eq!((books.ready, books.pending), (0, held), "{books:?}");
    assert!(world.ledger.ids(Step::Done).len() < ids.len());
}

#[tokio::test]
async fn a_retry_that_one_process_stored_is_handled_by_a_new_one_after_it_was_killed() {
    let world = World::new().await;
    let mut first = world.hire(world.orders("a")).await;
    let id = world.publish([Task::FailFirst(1_000)]).await[0];
    world.until("the retry is stored", async || world.books().await.retrying == 1).await;
    first.kill();
    let _second = world.hire(world.orders("b")).await;
    world.until_done(&[id]).await;
    let books = world.until_settled().await;
    assert_eq!((books.published, books.acked), (1, 1));
    let lines: Vec<_> = world.ledger.lines().into_iter().map(|line| (line.step, line.attempt, line.worker)).collect();
    let line = |step, attempt, worker: &str| (step, attempt, worker.to_owned());
    let expected = [
        line(Step::Started, 1, "a"),
        line(Step::Failed, 1, "a"),
        line(Step::Started, 2, "b"),
        line(Step::Done, 2, "b"),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn workers_killed_again_and_again_amid_retries_lose_nothing_and_make_nothing_up() {
    let world = World::new().await;
    world.register().await;
    let tasks = (0..4_000).map(|number| if number % 4 == 0 { Task::FailFirst(20) } else { Task::Pass });
    let ids = world.publish(tasks).await;
    // Who is killed while it works on an event makes it look guilty, so more than a few crashes are allowed.
    let orders = |number: usize| world.orders(&format!("w{number}")).concurrency(5).crash_limit(100);
    let mut workers = vec![world.hire(orders(0)).await, world.hire(orders(1)).await];
    for number in 2..12 {
        let enough = world.ledger.ids(Step::Done).len() + 150;
        world.until("more is done", async || world.ledger.ids(Step::Done).len() >= enough.min(ids.len())).await;
        workers.remove(0).kill();
        workers.push(world.hire(orders(number)).await);
    }
    world.until_done(&ids).await;
    let books = world.until_settled().await;
    assert_eq!((books.published, books.acked, books.dead), (4_000, 4_000, 0));
    assert_eq!(world.ledger.ids(Step::Done), ids.into_iter().collect(), "nothing was made up");
}
