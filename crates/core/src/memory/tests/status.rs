use super::*;
use crate::{
    memory::index::WINDOW,
    transport::{EventStatus, Stage},
};

async fn status(transport: &MemoryTransport, id: EventId) -> EventStatus {
    transport.admin().status(&"acme".parse().unwrap(), id).await.unwrap()
}

/// The stage and the failures for the only subscription.
async fn stage(transport: &MemoryTransport, id: EventId) -> (Stage, u32) {
    let status = status(transport, id).await;
    assert_eq!(status.stage, status.subscriptions[0].stage);
    (status.stage, status.subscriptions[0].failures)
}

#[tokio::test(start_paused = true)]
async fn the_status_is_exact_at_each_stage() {
    let (transport, source) = ledger().await;
    let id = publish_one(&transport).await;
    assert_eq!(stage(&transport, id).await, (Stage::Pending, 0));
    let held = one(&source).await;
    assert_eq!(stage(&transport, id).await, (Stage::Processing, 0));
    settle(&source, &held, Verdict::Release).await;
    assert_eq!(stage(&transport, id).await, (Stage::Pending, 0));
    settle(&source, &one(&source).await, retry(SECOND, 1)).await;
    assert_eq!(stage(&transport, id).await, (Stage::Retrying, 1));
    tokio::time::advance(SECOND).await;
    assert_eq!(stage(&transport, id).await, (Stage::Retrying, 1));
    let held = one(&source).await;
    assert_eq!(stage(&transport, id).await, (Stage::Processing, 0));
    settle(&source, &held, Verdict::Release).await;
    assert_eq!(stage(&transport, id).await, (Stage::Retrying, 1));
    settle(&source, &one(&source).await, bury(2)).await;
    assert_eq!(stage(&transport, id).await, (Stage::Failed, 2));
    transport.admin().replay(&LEDGER.parse().unwrap(), vec![("acme".parse().unwrap(), id).into()]).await.unwrap();
    assert_eq!(stage(&transport, id).await, (Stage::Retrying, 0));
    settle(&source, &one(&source).await, Verdict::Ack).await;
    assert_eq!(stage(&transport, id).await, (Stage::Completed, 0));
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_replica_held_is_processing_until_it_is_settled() {
    let (transport, source) = ledger().await;
    let id = publish_one(&transport).await;
    one(&source).await;
    drop(source);
    tokio::time::advance(LEASE * 2).await;
    assert_eq!(stage(&transport, id).await, (Stage::Processing, 0));
}

#[tokio::test(start_paused = true)]
async fn each_subscription_has_its_own_status() {
    let (transport, ledger) = ledger().await;
    let _audit = open(&transport, "audit/all").await;
    let id = publish_one(&transport).await;
    settle(&ledger, &one(&ledger).await, Verdict::Ack).await;
    let status = status(&transport, id).await;
    assert_eq!(status.stage, Stage::Pending);
    let stages: Vec<_> = status.subscriptions.iter().map(|one| (one.subscription.to_string(), one.stage)).collect();
    assert_eq!(stages, [("audit/all".into(), Stage::Pending), (LEDGER.into(), Stage::Completed)]);
}

#[tokio::test(start_paused = true)]
async fn subscriptions_that_the_event_is_not_for_are_left_out() {
    let transport = MemoryTransport::new();
    let mut others = spec("audit/others", &["*"]);
    others.tenants = vec!["other".parse().unwrap()];
    transport.open(others).await.unwrap();
    transport.open(spec("audit/leads", &["lead.*"])).await.unwrap();
    let id = publish_one(&transport).await;
    open(&transport, "audit/late").await;
    assert_eq!(status(&transport, id).await, EventStatus::of(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_id_another_tenants_and_a_forgotten_one_are_unknown() {
    let (transport, _source) = ledger().await;
    let id = publish_one(&transport).await;
    assert_eq!(status(&transport, EventId::generate()).await, EventStatus::unknown());
    let other = transport.admin().status(&"other".parse().unwrap(), id).await.unwrap();
    assert_eq!(other, EventStatus::unknown());
    tokio::time::advance(WINDOW).await;
    assert_eq!(status(&transport, id).await, EventStatus::unknown());
}

#[tokio::test(start_paused = true)]
async fn what_is_settled_after_the_window_is_still_settled() {
    let (transport, source) = ledger().await;
    let forgotten = publish_one(&transport).await;
    tokio::time::advance(WINDOW).await;
    let known = publish_one(&transport).await;
    for held in ready(&source, 2).await {
        assert_eq!(settle(&source, &held, Verdict::Ack).await, Settled::Done);
    }
    assert_eq!(status(&transport, forgotten).await, EventStatus::unknown());
    assert_eq!(stage(&transport, known).await, (Stage::Completed, 0));
    assert_eq!(books(&transport, LEDGER).await.acked, 2);
}
