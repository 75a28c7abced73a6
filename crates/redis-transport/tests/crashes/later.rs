//! What waits for its time, while processes and the server are killed.

use std::{collections::BTreeSet, time::Duration};

use tekup_core::{
    EventId, TekupEvent,
    transport::{Cancellation, Stage},
};
use tekup_testkit::redis::{Fsync, RedisServer};

use crate::{
    errand::Errand,
    job::{Job, Task},
    ledger::Step,
    world::World,
};

impl World {
    async fn publish_later(&self, delay: Duration) -> EventId {
        self.bus.publish(Job { task: Task::Pass }.event("acme").delay(delay)).await.unwrap().id
    }

    async fn stage(&self, id: EventId) -> Stage {
        self.bus.status("acme", id).await.unwrap().stage
    }
}

#[tokio::test]
async fn what_a_killed_process_published_for_later_comes() {
    let world = World::new().await;
    let id = world.send("a", Errand::PublishLater(Duration::from_millis(2_500))).await.parse().unwrap();
    assert_eq!(world.stage(id).await, Stage::Scheduled);
    let _second = world.hire(world.orders("b")).await;
    world.until_done(&[id]).await;
    let books = world.until_settled().await;
    assert_eq!((books.published, books.acked), (1, 1));
    assert_eq!(world.stage(id).await, Stage::Completed);
}

#[tokio::test]
async fn what_a_killed_process_cancelled_stays_cancelled() {
    let world = World::new().await;
    world.register().await;
    let cancelled = world.publish_later(Duration::from_secs(3)).await;
    let word = world.send("a", Errand::Cancel(cancelled)).await;
    assert_eq!(word, Cancellation::Cancelled.as_str());
    let _second = world.hire(world.orders("b")).await;
    // It comes after the time of the one that was cancelled, which would be done by then.
    let later = world.publish_later(Duration::from_secs(3)).await;
    world.until_done(&[later]).await;
    assert_eq!(world.ledger.ids(Step::Started), [later].into());
    assert_eq!(world.stage(cancelled).await, Stage::Cancelled);
    assert_eq!(world.bus.cancel("acme", cancelled).await.unwrap(), Cancellation::AlreadyCancelled);
    assert_eq!(world.until_settled().await.published, 1);
}

#[tokio::test]
async fn processes_killed_again_and_again_while_events_come_due_publish_each_once() {
    let world = World::new().await;
    world.register().await;
    let mut ids = Vec::new();
    for number in 0..3 {
        let drafts = (0..1_000).map(|at| {
            let delay = Duration::from_millis(1_000 + 1_000 * number + at);
            Job { task: Task::Pass }.event("acme").delay(delay)
        });
        let receipts = world.bus.publish_batch(drafts).await.unwrap();
        ids.extend(receipts.into_iter().map(|receipt| receipt.unwrap().id));
    }
    // Who is killed while it works on an event makes it look guilty, so more than a few crashes are allowed.
    let orders = |number: usize| world.orders(&format!("w{number}")).concurrency(5).crash_limit(100);
    let mut workers = vec![world.hire(orders(0)).await, world.hire(orders(1)).await];
    for number in 2..10 {
        let enough = world.ledger.ids(Step::Done).len() + 150;
        world.until("more is done", async || world.ledger.ids(Step::Done).len() >= enough.min(ids.len())).await;
        workers.remove(0).kill();
        workers.push(world.hire(orders(number)).await);
    }
    world.until_done(&ids).await;
    let books = world.until_settled().await;
    assert_eq!((books.published, books.acked, books.dead), (3_000, 3_000, 0));
    assert_eq!(world.ledger.ids(Step::Done), ids.into_iter().collect::<BTreeSet<_>>(), "nothing was made up");
    assert_eq!(world.bus.scheduled().await.unwrap(), 0);
}

#[tokio::test]
async fn what_waits_for_its_time_outlives_the_server() {
    let mut world = World::on(RedisServer::builder().append_only(Fsync::Always)).await;
    let _worker = world.hire(world.orders("a")).await;
    let kept = world.publish_later(Duration::from_secs(3)).await;
    let cancelled = world.publish_later(Duration::from_secs(2)).await;
    assert_eq!(world.bus.cancel("acme", cancelled).await.unwrap(), Cancellation::Cancelled);
    world.server.kill().unwrap();
    world.server.restart().unwrap();
    world.until_done(&[kept]).await;
    let books = world.until_settled().await;
    assert_eq!((books.published, books.acked), (1, 1));
    assert_eq!(world.stage(cancelled).await, Stage::Cancelled);
}
