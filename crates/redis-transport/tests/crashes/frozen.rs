//! A worker that stood still for longer than its lease, and comes back with a late verdict.

use tekup_core::EventId;
use tekup_redis_transport::Safeguard;

use crate::{
    child::Worker,
    job::Task,
    ledger::Step,
    world::{JOBS, World, times},
};

/// `a` starts an event, freezes, and fails it when it thaws, while `b` works on it; then `a` has left in order, so that
/// its verdict is answered. `b` still holds the event, as far as it knows.
async fn late_failure(world: &World, without: Option<Safeguard>) -> (Worker, EventId) {
    let mut a = world.hire(world.orders("a").fails_waiting().without(without)).await;
    let id = world.publish([Task::Wait]).await[0];
    world.until_started_by("a", id).await;
    a.signal("STOP");
    let b = world.hire(world.orders("b")).await;
    world.until_started_by("b", id).await;
    a.signal("TERM");
    a.signal("CONT");
    // It reads no more, so that it does not handle itself what it retries.
    world.until("the thawed worker stops", async || world.log_of("a").contains("stopping;")).await;
    a.open_gate();
    assert_eq!(a.ended().await.code(), Some(0), "{}", world.logs());
    assert_eq!(world.ledger.ids_of(Step::Failed, "a").len(), 1);
    (b, id)
}

#[tokio::test]
async fn a_frozen_workers_late_retry_is_refused() {
    let world = World::new().await;
    let (b, id) = late_failure(&world, None).await;
    let books = world.books().await;
    assert_eq!((books.pending, books.retrying), (1, 0), "{books:?}");
    b.open_gate();
    world.until_done(&[id]).await;
    let books = world.until_settled().await;
    assert_eq!((books.published, books.acked), (1, 1));
    let started = &world.ledger.by_event(Step::Started)[&id];
    let started: Vec<_> = started.iter().map(|line| (line.worker.as_str(), line.attempt)).collect();
    assert_eq!(started, [("a", 1), ("b", 1)]);
    assert!(world.log_of("a").contains("this verdict was ignored"));
}

#[tokio::test]
async fn without_the_fence_a_frozen_workers_late_retry_undoes_the_new_owners_work() {
    let world = World::new().await;
    let (b, id) = late_failure(&world, Some(Safeguard::Fence)).await;
    b.open_gate();
    world.until_settled().await;
    let done = &world.ledger.by_event(Step::Done)[&id];
    let mut done: Vec<_> = done.iter().map(|line| (line.worker.as_str(), line.attempt)).collect();
    done.sort_unstable();
    assert_eq!(done, [("b", 1), ("b", 2)], "what the new owner did is done once more");
}

#[tokio::test]
async fn a_worker_that_stood_still_with_nobody_to_take_over_goes_on_where_it_was() {
    let world = World::new().await;
    world.register().await;
    let tasks = times(20, Task::Pass).chain([Task::Wait]).chain(times(100, Task::Pass));
    let ids = world.publish(tasks).await;
    let a = world.hire(world.orders("a")).await;
    world.until("all is held", async || world.books().await.pending == 101).await;
    a.signal("STOP");
    let lane = world.lane();
    world
        .until("all leases have ended", async || {
            let found = world.server.command(&["XPENDING", &lane, JOBS, "IDLE", "1000", "-", "+", "200"]).unwrap();
            found.items().len() == 101
        })
        .await;
    a.signal("CONT");
    let renewed = async || {
        let found = world.server.command(&["XPENDING", &lane, JOBS, "IDLE", "500", "-", "+", "200"]).unwrap();
        found.items().is_empty()
    };
    world.until("they are renewed", renewed).await;
    a.open_gate();
    world.until_done(&ids).await;
    world.until_settled().await;
    let started = world.ledger.by_event(Step::Started);
    let twice = started.values().filter(|lines| lines.len() > 1).count();
    assert_eq!(twice, 0);
}
