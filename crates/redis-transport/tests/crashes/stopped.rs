//! A worker that is stopped in order while it holds what it has not started.

use std::time::Duration;

use tekup_core::EventId;
use tekup_redis_transport::Safeguard;

use crate::{
    child::Worker,
    job::Task,
    ledger::{Step, millis},
    world::{World, times},
};

const UNSTARTED: usize = 300;

/// `a` works on one event and holds others unstarted when it is asked to stop, while `b` has nothing to do. Answers
/// when `a` was asked, and the event that it works on, then the others.
async fn stop(world: &World, lease: Duration, without: Option<Safeguard>) -> ([Worker; 2], u128, Vec<EventId>) {
    // So that one start too many would be a crash too many.
    let orders = |name: &str| world.orders(name).lease(lease).crash_limit(1).without(without);
    world.register().await;
    let ids = world.publish(times(20, Task::Pass).chain([Task::Wait]).chain(times(UNSTARTED, Task::Pass))).await;
    let a = world.hire(orders("a")).await;
    world.until("all is held", async || world.books().await.pending == 1 + UNSTARTED as u64).await;
    let b = world.hire(orders("b")).await;
    a.signal("TERM");
    ([a, b], millis(), ids[20..].to_vec())
}

#[tokio::test]
async fn a_worker_that_is_stopped_hands_over_what_it_has_not_started_within_a_second() {
    let world = World::new().await;
    // Nothing is taken over because of its lease in so short a time.
    let ([mut a, _b], asked, ids) = stop(&world, Duration::from_secs(60), None).await;
    world.until_done(&ids[1..]).await;
    let handed_over: Vec<_> = world.ledger.lines().into_iter().filter(|line| ids[1..].contains(&line.id)).collect();
    assert!(handed_over.iter().all(|line| (line.worker.as_str(), line.attempt) == ("b", 1)));
    let last = handed_over.iter().filter(|line| line.step == Step::Started).map(|line| line.millis).max().unwrap();
    assert!(last - asked < 1_000, "it took {} ms", last - asked);
    a.open_gate();
    assert_eq!(a.ended().await.code(), Some(0), "{}", world.logs());
    let books = world.until_settled().await;
    assert_eq!((books.acked, books.dead), (books.published, 0));
    assert!(world.ledger.by_event(Step::Started).values().all(|lines| lines.len() == 1), "each was started once");
}

#[tokio::test]
async fn without_the_hand_back_a_stopped_workers_events_wait_for_the_end_of_their_leases() {
    let world = World::new().await;
    let lease = Duration::from_secs(3);
    let ([mut a, _b], asked, ids) = stop(&world, lease, Some(Safeguard::HandBack)).await;
    a.open_gate();
    assert_eq!(a.ended().await.code(), Some(0), "{}", world.logs());
    world.until("an event is handed over", async || !world.ledger.ids_of(Step::Started, "b").is_empty()).await;
    let first = world.ledger.lines().into_iter().find(|line| line.worker == "b").unwrap();
    assert!(ids.contains(&first.id) && first.millis - asked > 1_000, "{first:?} after {asked}");
}
