use super::*;
use crate::transport::{DeliveryRef, Start};

/// A store in which the first replica held one delivery until its lease ended, and the second took it over.
async fn taken_over() -> (MemoryTransport, MemorySource, MemorySource, Delivery, Delivery) {
    let (transport, first) = ledger().await;
    let second = open(&transport, LEDGER).await;
    publish(&transport, vec![Outgoing { bytes: "content".into(), ..event() }]).await;
    let held = one(&first).await;
    tokio::time::advance(LEASE).await;
    let taken = one(&second).await;
    (transport, first, second, held, taken)
}

#[tokio::test(start_paused = true)]
async fn a_waiting_replica_takes_over_when_a_lease_that_began_later_ends() {
    let (transport, first) = ledger().await;
    let second = open(&transport, LEDGER).await;
    let waiting = tokio::spawn(async move { second.fetch(10).await });
    publish_one(&transport).await;
    // Before the other task has run, so that it finds nothing and goes on waiting.
    let held = first.fetch(10).now_or_never().unwrap().unwrap();
    let began = tokio::time::Instant::now();
    let taken = waiting.await.unwrap().unwrap();
    assert_eq!(ids(&taken), ids(&held));
    assert!((LEASE..LEASE + SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_over_comes_without_content_and_its_starts_unraised() {
    let (.., held, taken) = taken_over().await;
    assert_eq!((taken.start, taken.id, taken.held), (Start::TakenOver, held.id, held.held));
    assert_eq!((held.held.starts, taken.bytes.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn starting_gives_the_content_and_raises_the_starts_by_one() {
    let (_transport, _first, second, held, taken) = taken_over().await;
    let started = second.start(taken.held).await.unwrap().unwrap();
    assert_eq!((started.start, started.bytes), (Start::Fresh, held.bytes));
    assert_eq!(started.held, DeliveryRef { starts: 2, ..taken.held });
    assert_eq!(settle(&second, &Delivery { held: started.held, ..taken }, retry(SECOND, 1)).await, Settled::Done);
}

#[tokio::test(start_paused = true)]
async fn a_start_by_a_stranger_or_with_an_old_count_is_refused() {
    let (_transport, first, second, held, taken) = taken_over().await;
    assert!(first.start(held.held).await.unwrap().is_none());
    assert!(second.start(taken.held).await.unwrap().is_some());
    assert!(second.start(taken.held).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn starting_renews_the_lease() {
    let (transport, first, second, _held, taken) = taken_over().await;
    tokio::time::advance(LEASE - SECOND).await;
    second.start(taken.held).await.unwrap().unwrap();
    tokio::time::advance(LEASE - SECOND).await;
    assert!(ready(&first, 1).await.is_empty());
    assert_eq!(books(&transport, LEDGER).await.pending, 1);
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_a_start_is_counted_and_one_before_it_is_not() {
    let (_transport, first, second, _held, taken) = taken_over().await;
    second.start(taken.held).await.unwrap().unwrap();
    tokio::time::advance(LEASE).await;
    let crashed_twice = one(&first).await;
    assert_eq!((crashed_twice.start, crashed_twice.held.starts), (Start::TakenOver, 2));
    tokio::time::advance(LEASE).await;
    assert_eq!(one(&second).await.held.starts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_stale_replica_can_neither_retry_nor_bury_nor_hand_back() {
    let (transport, first, _second, held, _taken) = taken_over().await;
    for verdict in [retry(SECOND, 1), bury(1), Verdict::Release] {
        assert_eq!(settle(&first, &held, verdict).await, Settled::LeaseLost);
    }
    assert_eq!(books(&transport, LEDGER).await.pending, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stale_replica_that_finished_the_work_may_say_so_and_then_nobody_else_may() {
    let (transport, first, second, held, taken) = taken_over().await;
    assert_eq!(settle(&first, &held, Verdict::Ack).await, Settled::Done);
    assert!(second.start(taken.held).await.unwrap().is_none());
    for verdict in [Verdict::Ack, retry(SECOND, 1), bury(1)] {
        assert_eq!(settle(&second, &taken, verdict).await, Settled::LeaseLost);
    }
    assert_eq!(books(&transport, LEDGER).await.acked, 1);
}

#[tokio::test(start_paused = true)]
async fn an_ack_counts_even_while_nobody_has_taken_over_yet() {
    let (transport, first) = ledger().await;
    publish(&transport, vec![event(), event()]).await;
    let held = ready(&first, 2).await;
    tokio::time::advance(LEASE).await;
    // One of the two is made ready, and left.
    let other = open(&transport, LEDGER).await;
    let taken = one(&other).await;
    assert_eq!(taken.id, held[0].id);
    assert_eq!(books(&transport, LEDGER).await.pending, 2);
    assert_eq!(settle(&first, &held[1], Verdict::Ack).await, Settled::Done);
    assert!(ready(&other, 1).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn renewing_keeps_a_delivery_and_tells_what_is_lost() {
    let (transport, first) = ledger().await;
    let second = open(&transport, LEDGER).await;
    publish(&transport, vec![event(), event()]).await;
    let held = ready(&first, 2).await;
    tokio::time::advance(LEASE - SECOND).await;
    assert!(first.renew(vec![held[0].held]).await.unwrap().is_empty());
    tokio::time::advance(LEASE - SECOND).await;
    assert_eq!(ids(&ready(&second, 10).await), [held[1].id]);
    let lost = first.renew(held.iter().map(|one| one.held).collect()).await.unwrap();
    assert_eq!(lost, [held[1].held]);
}

#[tokio::test(start_paused = true)]
async fn what_was_renewed_and_settled_leaves_no_lease_behind() {
    let (transport, source) = ledger().await;
    let published = publish(&transport, vec![event(), event()]).await;
    let held = ready(&source, 2).await;
    tokio::time::advance(SECOND).await;
    source.renew(vec![held[0].held]).await.unwrap();
    tokio::time::advance(SECOND).await;
    source.renew(vec![held[1].held]).await.unwrap();
    settle(&source, &held[0], Verdict::Ack).await;
    tokio::time::advance(LEASE).await;
    assert_eq!(ids(&ready(&source, 10).await), published[1..]);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_closes_leaves_what_it_holds_to_the_lease() {
    let (transport, first) = ledger().await;
    publish_one(&transport).await;
    let held = one(&first).await;
    first.close().await.unwrap();
    assert_eq!(first.renew(vec![held.held]).await.unwrap(), [held.held]);
    assert!(first.start(held.held).await.unwrap().is_none());
    assert_eq!(settle(&first, &held, Verdict::Release).await, Settled::LeaseLost);
    let second = open(&transport, LEDGER).await;
    assert!(ready(&second, 1).await.is_empty());
    tokio::time::advance(LEASE).await;
    assert_eq!(one(&second).await.start, Start::TakenOver);
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_over_and_handed_back_unstarted_is_still_suspect() {
    let (transport, first, second, _held, taken) = taken_over().await;
    settle(&second, &taken, Verdict::Release).await;
    assert_eq!(books(&transport, LEDGER).await.pending, 1);
    let again = one(&first).await;
    assert_eq!((again.start, again.held.starts), (Start::TakenOver, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_over_comes_before_what_is_newer() {
    let (transport, first) = ledger().await;
    let second = open(&transport, LEDGER).await;
    let published = publish(&transport, (0..4).map(|_| event()).collect()).await;
    ready(&first, 2).await;
    tokio::time::advance(LEASE).await;
    assert_eq!(ids(&ready(&second, 10).await), published);
}
