use std::sync::Arc;

use super::*;
use crate::transport::Start;

#[tokio::test(start_paused = true)]
async fn a_retry_comes_when_it_is_due_and_not_before() {
    let (transport, source) = ledger().await;
    let id = publish_one(&transport).await;
    settle(&source, &one(&source).await, retry(5 * SECOND, 1)).await;
    tokio::time::advance(5 * SECOND - Duration::from_millis(1)).await;
    assert!(ready(&source, 1).await.is_empty());
    let began = tokio::time::Instant::now();
    assert_eq!(ids(&source.fetch(1).await.unwrap()), [id]);
    assert!(began.elapsed() <= Duration::from_millis(3), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_retry_carries_its_failures_the_first_of_them_and_the_same_bytes() {
    let (transport, source) = ledger().await;
    publish(&transport, vec![Outgoing { bytes: "content".into(), ..urgent(Priority::High) }]).await;
    let first = one(&source).await;
    settle(&source, &first, retry(SECOND, 1)).await;
    tokio::time::advance(SECOND).await;
    let second = one(&source).await;
    settle(&source, &second, retry(SECOND, 2)).await;
    tokio::time::advance(SECOND).await;
    let third = one(&source).await;
    assert_eq!((second.failures, third.failures), (1, 2));
    assert!(second.first_failure.is_some());
    assert_eq!(third.first_failure, second.first_failure);
    assert_eq!((third.bytes, third.priority, third.start), (first.bytes, Priority::High, Start::Fresh));
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_attempt_says_late_changes_nothing() {
    let (transport, source) = ledger().await;
    publish_one(&transport).await;
    let first = one(&source).await;
    settle(&source, &first, retry(Duration::ZERO, 1)).await;
    let second = one(&source).await;
    settle(&source, &second, retry(Duration::ZERO, 2)).await;
    let third = one(&source).await;
    for stale in [&first, &second] {
        for verdict in [Verdict::Ack, retry(SECOND, 1), Verdict::Release] {
            assert_eq!(settle(&source, stale, verdict).await, Settled::LeaseLost);
        }
    }
    assert_eq!(settle(&source, &third, Verdict::Ack).await, Settled::Done);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_fetch_wakes_for_a_retry_that_is_due_earlier_than_the_one_it_waits_for() {
    let (transport, first) = ledger().await;
    let (first, second) = (Arc::new(first), open(&transport, LEDGER).await);
    let published = publish(&transport, vec![event(), event()]).await;
    let held = ready(&second, 2).await;
    settle(&second, &held[0], retry(20 * SECOND, 1)).await;
    let waiting = tokio::spawn(async move { first.fetch(10).await });
    yield_now().await;
    settle(&second, &held[1], retry(SECOND, 1)).await;
    let began = tokio::time::Instant::now();
    assert_eq!(ids(&waiting.await.unwrap().unwrap()), published[1..]);
    assert!(began.elapsed() < 2 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_of_one_subscription_only() {
    let (transport, ledger) = ledger().await;
    let audit = open(&transport, "audit/all").await;
    publish_one(&transport).await;
    settle(&audit, &one(&audit).await, Verdict::Ack).await;
    settle(&ledger, &one(&ledger).await, retry(Duration::ZERO, 1)).await;
    assert!(ready(&audit, 10).await.is_empty());
    assert_eq!(ready(&ledger, 10).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_survives_every_replica() {
    let (transport, source) = ledger().await;
    let id = publish_one(&transport).await;
    settle(&source, &one(&source).await, retry(SECOND, 1)).await;
    drop(source);
    tokio::time::advance(SECOND).await;
    let back = open(&transport, LEDGER).await;
    assert_eq!(ids(&ready(&back, 1).await), [id]);
}

#[tokio::test(start_paused = true)]
async fn retries_that_are_due_come_in_the_order_in_which_they_came_due() {
    let (transport, source) = ledger().await;
    let published = publish(&transport, (0..3).map(|_| event()).collect()).await;
    for (held, seconds) in ready(&source, 3).await.iter().zip([3, 1, 2]) {
        settle(&source, held, retry(seconds * SECOND, 1)).await;
    }
    tokio::time::advance(3 * SECOND).await;
    assert_eq!(ids(&ready(&source, 3).await), [published[1], published[2], published[0]]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_waits_behind_what_is_more_urgent() {
    let (transport, source) = ledger().await;
    publish(&transport, vec![urgent(Priority::Low)]).await;
    settle(&source, &one(&source).await, retry(Duration::ZERO, 1)).await;
    let critical = publish(&transport, vec![urgent(Priority::Critical)]).await[0];
    assert_eq!(one(&source).await.id, critical);
    assert_eq!(one(&source).await.priority, Priority::Low);
}

#[tokio::test(start_paused = true)]
async fn at_the_retry_limit_nothing_fresh_is_handed_out_until_a_retry_is() {
    let transport = MemoryTransport::new();
    let mut spec = spec(LEDGER, &["*"]);
    spec.retry_limit = 2;
    let source = transport.open(spec).await.unwrap();
    let published = publish(&transport, (0..3).map(|_| event()).collect()).await;
    for held in ready(&source, 2).await {
        settle(&source, &held, retry(SECOND, 1)).await;
    }
    assert!(ready(&source, 10).await.is_empty());
    tokio::time::advance(SECOND).await;
    let fetched = ids(&ready(&source, 10).await);
    assert_eq!(fetched.len(), 3);
    assert!(published.iter().all(|id| fetched.contains(id)));
}

/// A store whose only subscription has one retry that is due in an hour, and a replica that will have no more of them.
async fn at_its_limit() -> (MemoryTransport, MemorySource, MemorySource) {
    let transport = MemoryTransport::new();
    let mut spec = spec(LEDGER, &["*"]);
    spec.retry_limit = 1;
    let limited = transport.open(spec).await.unwrap();
    let other = open(&transport, LEDGER).await;
    publish_one(&transport).await;
    settle(&other, &one(&other).await, retry(3_600 * SECOND, 1)).await;
    (transport, limited, other)
}

#[tokio::test(start_paused = true)]
async fn a_replica_at_its_retry_limit_takes_over_what_another_held() {
    let (transport, limited, other) = at_its_limit().await;
    let published = publish(&transport, vec![event(), event()]).await;
    one(&other).await;
    tokio::time::advance(LEASE).await;
    let taken = ready(&limited, 10).await;
    assert_eq!(ids(&taken), published[..1]);
    assert_eq!(taken[0].start, Start::TakenOver);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_waits_at_its_retry_limit_wakes_when_the_lease_of_another_ends() {
    let (transport, limited, other) = at_its_limit().await;
    let id = publish_one(&transport).await;
    let waiting = tokio::spawn(async move { limited.fetch(10).await });
    yield_now().await;
    one(&other).await;
    let began = tokio::time::Instant::now();
    assert_eq!(ids(&waiting.await.unwrap().unwrap()), [id]);
    assert!(began.elapsed() < LEASE + SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_longest_delay_is_as_good_as_for_ever() {
    let (transport, source) = ledger().await;
    publish_one(&transport).await;
    assert_eq!(settle(&source, &one(&source).await, retry(Duration::MAX, 1)).await, Settled::Done);
    tokio::time::advance(LEASE * 10_000).await;
    assert!(ready(&source, 1).await.is_empty());
    assert_eq!(books(&transport, LEDGER).await.retrying, 1);
}
