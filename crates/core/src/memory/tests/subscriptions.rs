use super::*;
use crate::error::ErrorKind;

#[tokio::test(start_paused = true)]
async fn every_subscription_gets_its_own_copy() {
    let (transport, ledger) = ledger().await;
    let audit = open(&transport, "audit/all").await;
    let id = publish_one(&transport).await;
    for source in [&ledger, &audit] {
        assert_eq!(ids(&ready(source, 10).await), [id]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_subscription_starts_now() {
    let (transport, _ledger) = ledger().await;
    publish_one(&transport).await;
    let late = open(&transport, "audit/late").await;
    let id = publish_one(&transport).await;
    assert_eq!(ids(&ready(&late, 10).await), [id]);
    assert_eq!(books(&transport, "audit/late").await.published, 1);
}

#[tokio::test(start_paused = true)]
async fn a_type_that_was_never_seen_before_is_taken_from_its_first_event_on() {
    let transport = MemoryTransport::new();
    let source = transport.open(spec(LEDGER, &["invoice.*", "lead.created"])).await.unwrap();
    let taken = ["invoice.paid", "lead.created", "invoice.line.added"].map(|name| event_of("acme", name));
    let not = ["lead.scored", "xinvoice.paid"].map(|name| event_of("acme", name));
    let mut expected: Vec<EventId> = publish(&transport, taken.into()).await;
    publish(&transport, not.into()).await;
    let mut fetched = ids(&ready(&source, 10).await);
    expected.sort_unstable();
    fetched.sort_unstable();
    assert_eq!(fetched, expected);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_two_patterns_match_comes_once() {
    let transport = MemoryTransport::new();
    let source = transport.open(spec(LEDGER, &["invoice.*", "*.paid"])).await.unwrap();
    let id = publish_one(&transport).await;
    assert_eq!(ids(&ready(&source, 10).await), [id]);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_was_away_gets_what_it_missed() {
    let (transport, source) = ledger().await;
    source.close().await.unwrap();
    drop(source);
    let id = publish_one(&transport).await;
    let back = open(&transport.clone(), LEDGER).await;
    assert_eq!(ids(&ready(&back, 10).await), [id]);
}

#[tokio::test(start_paused = true)]
async fn the_newest_patterns_win_and_what_is_queued_stays() {
    let (transport, old) = ledger().await;
    let queued = publish_one(&transport).await;
    let new = transport.open(spec(LEDGER, &["lead.*"])).await.unwrap();
    publish_one(&transport).await;
    let lead = publish(&transport, vec![event_of("acme", "lead.created")]).await[0];
    let mut fetched = ids(&ready(&old, 10).await);
    fetched.sort_unstable();
    assert_eq!(fetched, [queued, lead]);
    assert!(ready(&new, 10).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_held_when_the_patterns_change_can_still_be_settled() {
    let (transport, old) = ledger().await;
    publish(&transport, vec![event(), event()]).await;
    let held = ready(&old, 2).await;
    transport.open(spec(LEDGER, &["lead.*"])).await.unwrap();
    assert_eq!(settle(&old, &held[0], Verdict::Ack).await, Settled::Done);
    assert_eq!(settle(&old, &held[1], retry(SECOND, 1)).await, Settled::Done);
    tokio::time::advance(SECOND).await;
    assert_eq!(ids(&ready(&old, 1).await), [held[1].id]);
}

#[tokio::test(start_paused = true)]
async fn events_of_tenants_that_it_is_not_for_are_handed_out_all_the_same() {
    let transport = MemoryTransport::new();
    let mut spec = spec(LEDGER, &["*"]);
    spec.tenants = vec!["acme".parse().unwrap()];
    let source = transport.open(spec).await.unwrap();
    publish(&transport, vec![event(), event_of("other", "invoice.paid")]).await;
    assert_eq!(ready(&source, 10).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn every_mistake_of_a_spec_is_told_at_once() {
    let mut spec = spec(LEDGER, &[]);
    spec.lease = Duration::from_millis(99);
    let error = MemoryTransport::new().open(spec).await.unwrap_err();
    assert_eq!((error.kind(), error.problems().len()), (ErrorKind::InvalidInput, 2), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_store_shows_its_subscriptions_with_their_books() {
    let (transport, _source) = ledger().await;
    publish_one(&transport).await;
    let shown = format!("{transport:?}");
    assert!(shown.contains("published: 1") && shown.contains("ledger"), "{shown}");
}
