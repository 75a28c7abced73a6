use super::*;
use crate::rate_limit::RateLimit;

async fn set_paused(transport: &MemoryTransport, paused: bool) {
    assert!(transport.admin().set_paused(&LEDGER.parse().unwrap(), paused).await.unwrap());
}

async fn limit(transport: &MemoryTransport, limit: RateLimit) {
    assert!(transport.admin().set_rate_limit(&LEDGER.parse().unwrap(), Some(limit)).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_resume_is_held_back_and_keeps_nobody_busy() {
    let (transport, source) = ledger().await;
    publish(&transport, (0..5).map(|_| event()).collect()).await;
    let held = ready(&source, 2).await;
    settle(&source, &held[0], retry(SECOND, 1)).await;
    set_paused(&transport, true).await;
    assert_eq!(ready(&source, 10).await.len(), 0);
    let backlog = transport.backlog();
    assert_eq!((backlog.ready, backlog.held, backlog.held_back, backlog.retrying), (0, 1, 3, 1));
    tokio::time::advance(LEASE).await;
    let backlog = transport.backlog();
    assert_eq!((backlog.held, backlog.held_back, backlog.retrying), (1, 4, 0));
    settle(&source, &held[1], Verdict::Ack).await;
    assert!(transport.backlog().is_idle());
    set_paused(&transport, false).await;
    assert!(!transport.backlog().is_idle());
    assert_eq!(ready(&source, 10).await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_rate_limit_is_held_back_until_its_time() {
    let (transport, source) = ledger().await;
    limit(&transport, RateLimit::per_second(20)).await;
    publish(&transport, (0..3).map(|_| event()).collect()).await;
    for delivery in ready(&source, 10).await {
        settle(&source, &delivery, Verdict::Ack).await;
    }
    let backlog = transport.backlog();
    assert!(backlog.is_idle());
    assert_eq!((backlog.ready, backlog.held_back), (0, 1));
    let before = tokio::time::Instant::now();
    assert_eq!(source.fetch(10).await.unwrap().len(), 1);
    assert_eq!(before.elapsed(), Duration::from_millis(50));
}

#[tokio::test(start_paused = true)]
async fn a_retry_limit_and_a_rate_limit_hold_together() {
    let transport = MemoryTransport::new();
    let mut narrow = spec(LEDGER, &["*"]);
    (narrow.retry_limit, narrow.rate_limit) = (1, Some(RateLimit::per_second(10)));
    let source = transport.open(narrow).await.unwrap();
    publish(&transport, vec![event(), event()]).await;
    settle(&source, &one(&source).await, retry(SECOND, 1)).await;
    let before = tokio::time::Instant::now();
    let again = source.fetch(10).await.unwrap();
    assert_eq!((again[0].failures, before.elapsed()), (1, SECOND));
}
