use super::*;

#[tokio::test(start_paused = true)]
async fn the_backlog_tells_what_is_ready_held_retrying_and_dead() {
    let (transport, source) = ledger().await;
    publish(&transport, (0..5).map(|_| event()).collect()).await;
    let held = ready(&source, 3).await;
    settle(&source, &held[0], retry(SECOND, 1)).await;
    settle(&source, &held[1], bury(1)).await;
    let backlog = transport.backlog();
    assert_eq!((backlog.ready, backlog.held, backlog.retrying, backlog.dead), (2, 1, 1, 1));
    assert_eq!(backlog.first.unwrap().id, held[2].id);
}

#[tokio::test(start_paused = true)]
async fn a_retry_counts_as_ready_from_the_moment_when_it_is_due() {
    let (transport, source) = ledger().await;
    let id = publish_one(&transport).await;
    settle(&source, &one(&source).await, retry(SECOND, 1)).await;
    assert!(transport.backlog().is_idle());
    tokio::time::advance(SECOND).await;
    let backlog = transport.backlog();
    assert_eq!((backlog.ready, backlog.retrying), (1, 0));
    assert_eq!(backlog.first.unwrap().id, id);
}

#[tokio::test(start_paused = true)]
async fn subscriptions_that_nobody_reads_are_left_out() {
    let (transport, source) = ledger().await;
    publish_one(&transport).await;
    assert!(!transport.backlog().is_idle());
    source.close().await.unwrap();
    source.close().await.unwrap();
    assert!(transport.backlog().is_idle());
    let back = open(&transport, LEDGER).await;
    assert!(!transport.backlog().is_idle());
    drop(back);
    assert!(transport.backlog().is_idle());
}

#[tokio::test(start_paused = true)]
async fn idle_returns_when_the_readers_have_settled_all_and_no_time_passes() {
    let (transport, source) = ledger().await;
    let worker = tokio::spawn(async move {
        loop {
            let held = source.fetch(3).await.unwrap();
            yield_now().await;
            for delivery in held {
                settle(&source, &delivery, Verdict::Ack).await;
            }
        }
    });
    publish(&transport, (0..20).map(|_| event()).collect()).await;
    let before = tokio::time::Instant::now();
    assert_eq!(transport.idle(1_000).await, Ok(()));
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert_eq!(books(&transport, LEDGER).await.acked, 20);
    worker.abort();
}

#[tokio::test(start_paused = true)]
async fn idle_gives_up_on_a_handler_that_waits_for_time_and_tells_its_event() {
    let (transport, source) = ledger().await;
    let id = publish_one(&transport).await;
    let worker = tokio::spawn(async move {
        let held = source.fetch(1).await.unwrap();
        tokio::time::sleep(SECOND).await;
        settle(&source, &held[0], Verdict::Ack).await;
    });
    let before = tokio::time::Instant::now();
    let left = transport.idle(100).await.unwrap_err();
    assert_eq!((left.held, left.first.unwrap().id), (1, id));
    assert_eq!(before.elapsed(), Duration::ZERO);
    worker.await.unwrap();
}
