use std::sync::Arc;

use super::*;
use crate::error::ErrorKind;

#[tokio::test(start_paused = true)]
async fn first_deliveries_of_a_lane_come_in_stored_order_and_never_more_than_asked() {
    let (transport, source) = ledger().await;
    let published = publish(&transport, (0..25).map(|_| event()).collect()).await;
    let mut fetched = Vec::new();
    for most in [1, 10, 100] {
        let batch = ready(&source, most).await;
        assert!(batch.len() <= most);
        fetched.extend(ids(&batch));
    }
    assert_eq!(fetched, published);
}

#[tokio::test(start_paused = true)]
async fn many_full_lanes_give_no_more_than_one() {
    let (transport, source) = ledger().await;
    let lanes = (0..150).flat_map(|lane| (0..3).map(move |_| event_of("acme", &format!("lane.number{lane}"))));
    publish(&transport, lanes.collect()).await;
    assert_eq!(ready(&source, 10).await.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_one_type_does_not_hold_up_another() {
    let (transport, source) = ledger().await;
    publish(&transport, (0..1_000).map(|_| event_of("flood", "lead.created")).collect()).await;
    let rare = publish_one(&transport).await;
    assert!(ids(&ready(&source, 2).await).contains(&rare));
}

#[tokio::test(start_paused = true)]
async fn priorities_share_by_weight_and_the_lowest_does_not_starve() {
    let (transport, source) = ledger().await;
    let batch = Priority::ALL.into_iter().rev().flat_map(|priority| (0..30).map(move |_| urgent(priority)));
    publish(&transport, batch.collect()).await;
    let fetched = ready(&source, 15).await;
    let share = |priority| fetched.iter().filter(|one| one.priority == priority).count();
    assert_eq!(fetched[0].priority, Priority::Critical);
    assert_eq!(Priority::ALL.map(share), [8, 4, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_share_that_nobody_uses_goes_to_the_others() {
    let (transport, source) = ledger().await;
    publish(&transport, (0..9).map(|_| urgent(Priority::Low)).collect()).await;
    assert_eq!(ready(&source, 20).await.len(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_fetch_wakes_when_something_is_published() {
    let (transport, source) = ledger().await;
    let waiting = tokio::spawn(async move { source.fetch(10).await });
    yield_now().await;
    let id = publish_one(&transport).await;
    assert_eq!(ids(&waiting.await.unwrap().unwrap()), [id]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_the_fetch_that_waits() {
    let (_transport, source) = ledger().await;
    let source = Arc::new(source);
    let waiting = tokio::spawn({
        let source = Arc::clone(&source);
        async move { source.fetch(10).await }
    });
    yield_now().await;
    source.interrupt();
    assert!(waiting.await.unwrap().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_is_kept_for_the_next_fetch_and_for_no_other() {
    let (transport, source) = ledger().await;
    let id = publish_one(&transport).await;
    source.interrupt();
    source.interrupt();
    assert!(source.fetch(10).await.unwrap().is_empty());
    assert_eq!(ids(&source.fetch(10).await.unwrap()), [id]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_of_one_replica_does_not_end_the_fetch_of_another() {
    let (transport, source) = ledger().await;
    let other = open(&transport, LEDGER).await;
    let mut waiting = tokio::spawn(async move { other.fetch(10).await });
    yield_now().await;
    source.interrupt();
    yield_now().await;
    assert!((&mut waiting).now_or_never().is_none());
    let id = publish_one(&transport).await;
    assert_eq!(ids(&waiting.await.unwrap().unwrap()), [id]);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_is_dropped_while_it_waits_takes_nothing() {
    let (transport, source) = ledger().await;
    assert!(source.fetch(10).now_or_never().is_none());
    let id = publish_one(&transport).await;
    assert_eq!(ids(&ready(&source, 10).await), [id]);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_the_fetch_that_waits_and_refuses_the_next() {
    let (_transport, source) = ledger().await;
    let source = Arc::new(source);
    let waiting = tokio::spawn({
        let source = Arc::clone(&source);
        async move { source.fetch(10).await }
    });
    yield_now().await;
    source.close().await.unwrap();
    assert!(waiting.await.unwrap().unwrap().is_empty());
    assert_eq!(source.fetch(10).await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn a_busy_reader_leaves_time_for_those_who_handle() {
    let (transport, source) = ledger().await;
    publish(&transport, (0..1_000).map(|_| event()).collect()).await;
    let handling = tokio::spawn(async {});
    for _ in 0..1_000 {
        source.fetch(1).await.unwrap();
    }
    assert!(handling.is_finished());
}

#[tokio::test]
async fn a_busy_publisher_leaves_time_for_those_who_read() {
    let (transport, source) = ledger().await;
    let reading = tokio::spawn(async move { source.fetch(1).await });
    for _ in 0..1_000 {
        publish_one(&transport).await;
    }
    assert!(reading.is_finished());
}
