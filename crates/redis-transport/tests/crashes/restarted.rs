//! A server that is killed and started again, with everything that it had answered on disk.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tekup_core::{
    EventBus, EventId, TekupEvent,
    transport::{Delivery, Outgoing, Settled, Settlement, Source, SourceSpec, Start, Transport, Verdict},
};
use tekup_redis_transport::{RedisConfig, RedisSource, RedisTransport};
use tekup_testkit::redis::{Fsync, RedisServer};

use crate::{
    job::{Job, Task},
    ledger::Step,
    world::World,
};

/// Publishes until told to stop; what fails is published again with the same ids. Notes what was acknowledged.
async fn publish_until(bus: EventBus, over: Arc<AtomicBool>, acknowledged: Arc<Mutex<Vec<EventId>>>) {
    while !over.load(Relaxed) {
        let events: Vec<_> = (0..20).map(|_| Job { task: Task::Pass }.event("acme").build().unwrap()).collect();
        loop {
            match bus
                .publish_batch(&events)
                .await
                .and_then(|receipts| receipts.into_iter().collect::<Result<Vec<_>, _>>())
            {
                Ok(receipts) => break acknowledged.lock().unwrap().extend(receipts.iter().map(|receipt| receipt.id)),
                Err(error) => assert!(error.is_retryable(), "{error:?}"),
            }
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_handled_though_the_server_is_killed_and_restarted() {
    let mut world = World::on(RedisServer::builder().append_only(Fsync::Always)).await;
    let mut worker = world.hire(world.orders("a").concurrency(5)).await;
    let (over, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let publishing = tokio::spawn(publish_until(world.bus.clone(), over.clone(), acknowledged.clone()));
    for _ in 0..3 {
        let enough = acknowledged.lock().unwrap().len() + 200;
        world.until("more is acknowledged", async || acknowledged.lock().unwrap().len() >= enough).await;
        world.server.kill().unwrap();
        world.server.restart().unwrap();
    }
    let enough = acknowledged.lock().unwrap().len() + 200;
    world.until("it goes on", async || acknowledged.lock().unwrap().len() >= enough).await;
    over.store(true, Relaxed);
    publishing.await.unwrap();
    let ids = acknowledged.lock().unwrap().clone();
    world.until_done(&ids).await;
    let books = world.until_settled().await;
    assert_eq!((books.published, books.acked, books.dead), (ids.len() as u64, ids.len() as u64, 0));
    let known: BTreeSet<EventId> = ids.into_iter().collect();
    assert_eq!(world.ledger.ids(Step::Done), known, "nothing was lost, nothing made up");
    assert!(!worker.has_ended(), "the same worker went on by itself");
}

async fn fetch_one(source: &RedisSource) -> Delivery {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        // A server that is just restarting is asked again.
        let fetched = source.fetch(1).await.unwrap_or_default();
        if let Some(delivery) = fetched.into_iter().next() {
            return delivery;
        }
        assert!(Instant::now() < deadline, "nothing came");
    }
}

async fn ack(source: &RedisSource, delivery: &Delivery) -> Settled {
    let Delivery { held, id, tenant, .. } = delivery.clone();
    let batch = vec![Settlement { held, id, tenant, verdict: Verdict::Ack }];
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match source.settle(batch.clone()).await {
            Ok(settled) => return settled[0],
            Err(error) => assert!(error.is_retryable() && Instant::now() < deadline, "{error:?}"),
        }
    }
}

#[tokio::test]
async fn what_was_held_before_a_restart_is_not_acked_after_it() {
    let mut server = RedisServer::builder().append_only(Fsync::Always).start().unwrap();
    let transport = RedisTransport::connect(&RedisConfig::new(server.url())).await.unwrap();
    let mut spec = SourceSpec::new("service/jobs".parse().unwrap(), vec!["job.*".parse().unwrap()]);
    spec.lease = Duration::from_millis(500);
    let source = transport.open(spec).await.unwrap();
    let event = Outgoing::unchecked("acme".parse().unwrap(), "job.queued".parse().unwrap(), "{}");
    transport.publish(vec![event.clone()]).await.unwrap();
    let before = fetch_one(&source).await;
    server.kill().unwrap();
    server.restart().unwrap();
    assert_eq!(ack(&source, &before).await, Settled::LeaseLost);
    let again = fetch_one(&source).await;
    assert_eq!((again.id, again.start), (event.id, Start::TakenOver));
    assert_ne!(again.held.epoch, before.held.epoch);
    let started = source.start(again.held).await.unwrap().unwrap();
    assert_eq!(ack(&source, &started).await, Settled::Done);
}
