//! Removals whose process dies on the way, and replicas that slept through one.

use std::sync::Arc;

use tekup_core::{
    ErrorKind, Event, Outcome, Subscription,
    transport::{Joining, StartAt},
};
use tokio::sync::Semaphore;

use crate::{
    child::Worker,
    errand::Errand,
    job::{Job, Task},
    ledger::Step,
    world::{JOBS, World, times},
};

const LETTERS: usize = 50;

/// What of the server's keys and registries is named after the jobs.
fn left(world: &World) -> Vec<String> {
    let keys = world.server.command(&["KEYS", "*"]).unwrap();
    let keys: Vec<&str> = keys.items().iter().filter_map(|key| key.text()).collect();
    let mut left: Vec<String> = keys.iter().filter(|key| key.ends_with(JOBS)).map(|key| (*key).to_owned()).collect();
    for hash in keys.iter().filter(|key| key.ends_with(":starts") || key.ends_with(":subs")) {
        let fields = world.server.command(&["HKEYS", hash]).unwrap();
        let of_jobs = fields.items().iter().filter_map(|field| field.text()).filter(|field| field.starts_with(JOBS));
        left.extend(of_jobs.map(str::to_owned));
    }
    left
}

/// Jobs that are dead, and nobody who reads.
async fn dead_jobs(world: &World) {
    let hopeless = Subscription::to::<Job>("jobs").handler(async |_: Event<Job>, _| Outcome::dead_letter("not yet"));
    let running = world.bus.subscribe(hopeless).await.unwrap();
    world.publish(times(LETTERS, Task::Pass)).await;
    world.until("all are dead", async || world.books().await.dead == LETTERS as u64).await;
    running.unsubscribe().await.unwrap();
}

/// Kills a removal when it has begun; it may have been too quick.
async fn kill_on_the_way(world: &World, name: &str) -> bool {
    let mut removes = Worker::start(world.orders(name).errand(Errand::Remove));
    loop {
        let begun = world.server.command(&["KEYS", "*:removing:*"]).unwrap();
        if !begun.items().is_empty() {
            break;
        }
        if removes.has_ended() || removes.is_ready() {
            break;
        }
    }
    removes.kill();
    !world.server.command(&["KEYS", "*:removing:*"]).unwrap().items().is_empty()
}

#[tokio::test]
async fn a_removal_that_was_killed_on_the_way_is_finished_by_another() {
    let world = World::new().await;
    let mut attempts = 0;
    loop {
        dead_jobs(&world).await;
        attempts += 1;
        if kill_on_the_way(&world, &format!("removal-{attempts}")).await {
            break;
        }
        assert!(attempts < 20, "each removal was too quick to be killed");
    }
    let removal = world.bus.removal(JOBS).await.unwrap();
    let busy = removal.confirm(JOBS).await.unwrap_err();
    assert_eq!(busy.kind(), ErrorKind::Conflict, "whether it is dead nobody knows yet: {busy}");
    world.until("another one finishes it", async || removal.confirm(JOBS).await.is_ok()).await;
    assert_eq!(left(&world), Vec::<String>::new());
    assert_eq!(world.bus.removal(JOBS).await.unwrap_err().kind(), ErrorKind::NotFound);
    let _worker = world.hire(world.orders("worker")).await;
    let ids = world.publish(times(10, Task::Pass)).await;
    world.until_done(&ids).await;
    let books = world.until_settled().await;
    assert_eq!((books.published, books.acked, books.dead), (10, 10, 0), "it has begun anew");
}

/// Kills a removal when the first partition, which is the last one, has its registration no more; it may have been too
/// quick.
async fn kill_before_its_end(world: &World, name: &str) -> bool {
    let clients = || world.server.command(&["CLIENT", "LIST"]).unwrap().text().unwrap().lines().count();
    let (before, first) = (clients(), world.server.command(&["KEYS", "*{s:0.*:subs"]).unwrap());
    let first = first.items()[0].text().unwrap();
    let mut removes = Worker::start(world.orders(name).errand(Errand::Remove));
    while world.server.command(&["HEXISTS", first, JOBS]).unwrap().int() == Some(1) {
        assert!(!removes.has_ended(), "{}", world.logs());
    }
    world.server.command(&["CLIENT", "PAUSE", "60000", "WRITE"]).unwrap();
    removes.kill();
    world.server.command(&["CLIENT", "UNPAUSE"]).unwrap();
    world.until("its connections are gone", async || clients() <= before).await;
    !world.server.command(&["KEYS", "*:removing:*"]).unwrap().items().is_empty()
}

/// Whether the jobs are listed, and as what is being removed.
async fn listed(world: &World) -> Option<bool> {
    let page = world.bus.all_subscriptions(None, 100).await.unwrap();
    page.subscriptions.iter().find(|one| one.id.to_string() == JOBS).map(|one| one.removing)
}

#[tokio::test]
async fn a_removal_that_was_killed_when_nothing_was_registered_any_more_is_listed_and_foreseen_until_it_is_finished() {
    let world = World::new().await;
    let mut attempts = 0;
    loop {
        dead_jobs(&world).await;
        assert_eq!(listed(&world).await, Some(false));
        attempts += 1;
        if kill_before_its_end(&world, &format!("removal-{attempts}")).await {
            break;
        }
        assert_eq!(listed(&world).await, None, "one that has ended is not listed");
        assert!(attempts < 20, "each removal was too quick to be killed");
    }
    assert_eq!(listed(&world).await, Some(true));
    let jobs = Subscription::to::<Job>("jobs").handler(async |_: Event<Job>, _| ());
    let preview = world.bus.preview(&jobs).await.unwrap();
    assert!(preview.removing && preview.joining == Joining::New, "{preview}");
    let removal = world.bus.removal(JOBS).await.unwrap();
    world.until("another one finishes it", async || removal.confirm(JOBS).await.is_ok()).await;
    assert_eq!((listed(&world).await, left(&world)), (None, Vec::new()));
    assert!(!world.bus.preview(&jobs).await.unwrap().removing);
}

#[tokio::test]
async fn a_worker_that_was_frozen_while_its_subscription_was_removed_ends_and_does_not_bring_it_back() {
    let world = World::new().await;
    let mut frozen = world.hire(world.orders("frozen")).await;
    let id = world.publish([Task::Wait]).await[0];
    world.until_started_by("frozen", id).await;
    frozen.signal("STOP");
    let removal = world.bus.removal(JOBS).await.unwrap();
    let refused = removal.confirm(JOBS).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.to_string().contains("if it died, wait"), "{refused}");
    world.until("it counts as dead", async || removal.confirm(JOBS).await.is_ok()).await;
    assert_eq!(left(&world), Vec::<String>::new());

    frozen.signal("CONT");
    frozen.open_gate();
    let told = async || world.log_of("frozen").contains("was removed for good, with all that it had");
    world.until("it is told", told).await;
    assert!(world.log_of("frozen").contains("the subscription has stopped reading"));
    world.until("its last job is done", async || world.ledger.ids(Step::Done).contains(&id)).await;
    frozen.signal("TERM");
    assert_eq!(frozen.ended().await.code(), Some(0), "{}", world.logs());
    assert_eq!(left(&world), Vec::<String>::new());
    assert_eq!(world.bus.books(JOBS).await.unwrap_err().kind(), ErrorKind::NotFound);
    world.publish([Task::Pass]).await;
    assert_eq!(left(&world), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_frozen_worker_ends_late_stays_with_the_subscription_that_was_begun_anew_meanwhile() {
    let world = World::new().await;
    let keeper = Subscription::to::<Job>("keeper").handler(async |_: Event<Job>, _| ());
    world.bus.subscribe(keeper).await.unwrap().unsubscribe().await.unwrap();
    let mut frozen = world.hire(world.orders("frozen")).await;
    let id = world.publish([Task::Wait]).await[0];
    world.until_started_by("frozen", id).await;
    frozen.signal("STOP");
    let removal = world.bus.removal(JOBS).await.unwrap();
    world.until("it counts as dead", async || removal.confirm(JOBS).await.is_ok()).await;

    let gate = Arc::new(Semaphore::new(0));
    let anew = Subscription::to::<Job>("jobs").start_at(StartAt::Beginning);
    let anew = anew.handler_with(gate.clone(), async |gate, _: Event<Job>, _| _ = gate.acquire().await.unwrap());
    world.bus.subscribe(anew).await.unwrap();
    world.until("the event is handed out again", async || world.books().await.pending == 1).await;
    frozen.signal("CONT");
    frozen.open_gate();
    world.until("its last job is done", async || world.ledger.ids(Step::Done).contains(&id)).await;
    frozen.signal("TERM");
    assert_eq!(frozen.ended().await.code(), Some(0), "{}", world.logs());
    assert_eq!(world.books().await.pending, 1, "that worker has nothing to say of it any more");
    gate.add_permits(1);
    let books = world.until_settled().await;
    assert_eq!((books.published, books.acked), (1, 1));
}
