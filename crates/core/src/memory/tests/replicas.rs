use super::*;

#[tokio::test(start_paused = true)]
async fn replicas_share_the_work() {
    let (transport, first) = ledger().await;
    let second = open(&transport, LEDGER).await;
    let published = publish(&transport, vec![event(), event()]).await;
    assert_eq!(ids(&ready(&first, 1).await), published[..1]);
    assert_eq!(ids(&ready(&second, 10).await), published[1..]);
    assert!(ready(&first, 10).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_back_goes_to_another_replica_at_once_and_in_order() {
    let (transport, first) = ledger().await;
    let second = open(&transport, LEDGER).await;
    let published = publish(&transport, (0..4).map(|_| event()).collect()).await;
    let held = ready(&first, 3).await;
    let waiting = tokio::spawn(async move { (second.fetch(10).await, second) });
    let (fetched, second) = waiting.await.unwrap();
    assert_eq!(ids(&fetched.unwrap()), published[3..]);

    let waiting = tokio::spawn(async move { (second.fetch(10).await, second) });
    yield_now().await;
    // Handed back in any order.
    let batch = held.iter().rev().map(|delivery| settlement(delivery, Verdict::Release)).collect();
    assert_eq!(first.settle(batch).await.unwrap(), [Settled::Done; 3]);
    let (fetched, _second) = waiting.await.unwrap();
    assert_eq!(ids(&fetched.unwrap()), published[..3]);
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_back_is_as_if_it_had_never_been_handed_out() {
    let (transport, source) = ledger().await;
    publish_one(&transport).await;
    let held = one(&source).await;
    settle(&source, &held, Verdict::Release).await;
    assert_eq!(books(&transport, LEDGER).await.ready, 1);
    let again = one(&source).await;
    assert_eq!((again.held, again.start, again.failures), (held.held, held.start, 0));
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_handed_back_keeps_its_failures() {
    let (transport, source) = ledger().await;
    publish_one(&transport).await;
    settle(&source, &one(&source).await, retry(Duration::ZERO, 2)).await;
    let retried = one(&source).await;
    settle(&source, &retried, Verdict::Release).await;
    assert_eq!(books(&transport, LEDGER).await.retrying, 1);
    let again = one(&source).await;
    assert_eq!((again.failures, again.first_failure), (2, retried.first_failure));
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_handed_back_can_no_longer_decide() {
    let (transport, first) = ledger().await;
    let second = open(&transport, LEDGER).await;
    publish_one(&transport).await;
    let held = one(&first).await;
    settle(&first, &held, Verdict::Release).await;
    let taken = one(&second).await;
    assert_eq!(settle(&first, &held, retry(SECOND, 1)).await, Settled::LeaseLost);
    assert_eq!(settle(&first, &held, bury(1)).await, Settled::LeaseLost);
    assert_eq!(settle(&first, &held, Verdict::Release).await, Settled::LeaseLost);
    assert_eq!(settle(&second, &taken, Verdict::Ack).await, Settled::Done);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_answered_in_its_order() {
    let (transport, source) = ledger().await;
    publish(&transport, vec![event(), event()]).await;
    let held = ready(&source, 2).await;
    let batch = [&held[0], &held[0], &held[1]].map(|delivery| settlement(delivery, Verdict::Ack));
    let settled = source.settle(batch.into()).await.unwrap();
    assert_eq!(settled, [Settled::Done, Settled::LeaseLost, Settled::Done]);
    assert_eq!(books(&transport, LEDGER).await.acked, 2);
}

#[tokio::test(start_paused = true)]
async fn a_settlement_that_names_another_event_changes_nothing() {
    let (transport, source) = ledger().await;
    publish_one(&transport).await;
    let held = one(&source).await;
    let stranger = Delivery { id: EventId::generate(), ..held.clone() };
    let nobody = Delivery { tenant: None, ..held.clone() };
    let elsewhere = Delivery { held: crate::transport::DeliveryRef { epoch: 1, ..held.held }, ..held.clone() };
    for wrong in [stranger, nobody, elsewhere] {
        for verdict in [Verdict::Ack, retry(SECOND, 1), bury(1), Verdict::Release] {
            assert_eq!(settle(&source, &wrong, verdict).await, Settled::LeaseLost);
        }
    }
    assert_eq!(books(&transport, LEDGER).await.pending, 1);
}
