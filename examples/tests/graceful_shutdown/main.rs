//! The example as it is started by hand: workers as processes, one of which is asked to stop.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests are tests")]

mod journal;
#[path = "../../graceful_shutdown/report.rs"]
mod report;
mod worker;
mod world;

use std::time::{Duration, Instant};

use report::{GRACE, LEASE};
use tekup_core::EventId;
use world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_a_stopped_worker_finishes_what_it_has_begun_and_hands_the_rest_over_within_a_second() {
    let world = World::new().await;
    let (mut stopped, mut other) = (world.hire("stopped").await, world.hire("other").await);
    let stop = async {
        world.journal.until("much is done", |lines| journal::ended(lines) >= 100).await;
        world.until_both_hold_what_they_have_not_begun().await;
        let asked = Instant::now();
        stopped.signal("TERM");
        (asked, stopped.ended().await, asked.elapsed())
    };
    let (published, (asked, code, took)) = tokio::join!(world.publish(300), stop);
    assert_eq!(code, Some(0));
    assert!(took < GRACE, "{took:?}");

    world.until_nothing_waits().await;
    other.signal("TERM");
    assert_eq!(other.ended().await, Some(0));
    let lines = world.journal.lines();
    assert_eq!(journal::ids(&lines, "stopped", "begin "), journal::ids(&lines, "stopped", "end "));
    let mut handled = [journal::ids(&lines, "stopped", "end "), journal::ids(&lines, "other", "end ")].concat();
    handled.sort();
    let ids: Vec<EventId> = published.iter().map(|(id, _)| *id).collect();
    assert_eq!(handled, ids, "each is handled once, and none is lost");
    let begun = lines.iter().filter(|line| line.text.starts_with("begin "));
    assert!(begun.clone().all(|line| line.text.ends_with(" in attempt 1")));
    let by_stopped = |word| {
        lines.iter().filter(move |line| line.worker == "stopped" && line.text.starts_with(word) && line.at > asked)
    };
    assert!(by_stopped("end ").count() > 0, "what it had begun is finished after it was asked");
    // It held ten more, of which it may have begun a few before it heard the signal, and has said so later.
    assert!(by_stopped("begin ").count() < 10, "it begins nothing more");

    let waited: Vec<_> = published.iter().filter(|(_, at)| *at < asked).map(|(id, _)| id.to_string()).collect();
    let handed_over = begun.filter(|line| line.worker == "other" && line.at > asked);
    let handed_over = handed_over.filter(|line| waited.iter().any(|id| line.text.contains(id)));
    let last = handed_over.map(|line| line.at - asked).max().unwrap();
    assert!(last < Duration::from_secs(1), "it took {last:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_twice_a_worker_leaves_at_once_and_what_it_had_begun_comes_to_the_other_after_its_lease() {
    let world = World::new().await;
    let mut hanging = world.hire("hanging").await;
    let id = world.publish_one_by_hand(3_600_000).await;
    let begin = format!("begin {id} in attempt 1");
    world.journal.until_said("hanging", &begin).await;
    let mut other = world.hire("other").await;

    hanging.signal("TERM");
    world.journal.until_said("hanging", "stopping; a second signal leaves at once").await;
    assert!(!hanging.has_ended());
    let asked = Instant::now();
    hanging.signal("TERM");
    assert_eq!(hanging.ended().await, Some(143));
    assert!(asked.elapsed() < GRACE / 2, "{:?}", asked.elapsed());

    let taken_over = world.journal.until_said("other", &begin).await;
    // It was renewed when a third of it had passed, at the latest.
    let waited = taken_over - asked;
    assert!(waited > LEASE / 2 && waited < LEASE * 5, "{waited:?}");
    other.signal("INT");
    world.journal.until_said("other", "stopping; a second signal leaves at once").await;
    other.signal("INT");
    assert_eq!(other.ended().await, Some(130));
}
