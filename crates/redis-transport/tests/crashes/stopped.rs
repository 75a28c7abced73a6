//! A worker that is stopped in order while it holds what it has not started.

use std::time::Duration;

use tekup_core::{EventId, Timestamp, transport::DeadReason};
use tekup_redis_transport::Safeguard;

use crate::{
    child::Worker,
    job::Task,
    ledger::Step,
    world::{JOBS, World, times},
};

const UNSTARTED: usize = 300;

/// `a` works on one event and holds others unstarted when it is asked to stop, while `b` has nothing to do. Answers
/// when `a` was asked, and the event that it works on, then the others.
async fn stop(world: &World, lease: Duration, without: Option<Safeguard>) -> ([Worker; 2], Timestamp, Vec<EventId>) {
    // So that one start too many would be a crash too many.
    let orders = |name: &str| world.orders(name).lease(lease).crash_limit(1).without(without);
    world.register().await;
    let ids = world.publish(times(20, Task::Pass).chain([Task::Wait]).chain(times(UNSTARTED, Task::Pass))).await;
    let a = world.hire(orders("a")).await;
    world.until("all is held", async || world.books().await.pending == 1 + UNSTARTED as u64).await;
    let b = world.hire(orders("b")).await;
    a.signal("TERM");
    ([a, b], Timestamp::now(), ids[20..].to_vec())
}

#[tokio::test]
async fn a_worker_that_is_stopped_hands_over_what_it_has_not_started_within_a_second() {
    let world = World::new().await;
    // Nothing is taken over because of its lease in so short a time.
    let ([mut a, _b], asked, ids) = stop(&world, Duration::from_secs(60), None).await;
    world.until_done(&ids[1..]).await;
    let handed_over: Vec<_> = world.ledger.lines().into_iter().filter(|line| ids[1..].contains(&line.id)).collect();
    assert!(handed_over.iter().all(|line| (line.worker.as_str(), line.attempt) == ("b", 1)));
    let last = handed_over.iter().filter(|line| line.step == Step::Started).map(|line| line.at).max().unwrap();
    assert!(last.since(asked) < Duration::from_secs(1), "it took {:?}", last.since(asked));
    a.open_gate();
    assert_eq!(a.ended().await.code(), Some(0), "{}", world.logs());
    let books = world.until_settled().await;
    assert_eq!((books.acked, books.dead), (books.published, 0));
    assert!(world.ledger.by_event(Step::Started).values().all(|lines| lines.len() == 1), "each was started once");
}

#[tokio::test]
async fn without_the_hand_back_a_stopped_workers_events_wait_for_their_leases_and_are_suspected_of_a_crash() {
    let world = World::new().await;
    let lease = Duration::from_secs(2);
    let ([mut a, _b], asked, ids) = stop(&world, lease, Some(Safeguard::HandBack)).await;
    world.until("an event is taken over", async || world.books().await.dead > 0).await;
    a.open_gate();
    assert_eq!(a.ended().await.code(), Some(0), "{}", world.logs());
    assert_eq!(world.until_settled().await.dead, UNSTARTED as u64, "each was taken for one that kills its process");
    let letters = world.bus.dead_letters(JOBS).unwrap().list(None, 1_000).await.unwrap().letters;
    let first = letters.iter().map(|letter| letter.died).min().unwrap();
    assert!(letters.iter().all(|letter| letter.reason == DeadReason::Crashed && ids.contains(&letter.id)));
    assert!(first.since(asked) > Duration::from_secs(1), "{first} after {asked}");
}
