use std::sync::Arc;

use super::*;
use crate::{error::ErrorKind, memory::index::WINDOW};

#[tokio::test(start_paused = true)]
async fn the_same_id_of_the_same_tenant_is_stored_once() {
    let (transport, source) = ledger().await;
    let event = event();
    let twice = transport.publish(vec![event.clone(), event.clone()]).await.unwrap();
    let again = transport.publish(vec![event.clone()]).await.unwrap();
    let duplicates: Vec<bool> = twice.iter().chain(&again).map(|one| one.as_ref().unwrap().duplicate).collect();
    assert_eq!(duplicates, [false, true, true]);
    assert_eq!(ids(&ready(&source, 10).await), [event.id]);
}

#[tokio::test(start_paused = true)]
async fn two_tenants_may_use_one_id() {
    let (transport, source) = ledger().await;
    let event = event();
    let other = Outgoing { tenant: "other".parse().unwrap(), ..event.clone() };
    for receipt in transport.publish(vec![event, other]).await.unwrap() {
        assert!(!receipt.unwrap().duplicate);
    }
    let tenants: Vec<String> =
        ready(&source, 10).await.iter().map(|one| one.tenant.clone().unwrap().to_string()).collect();
    assert_eq!(tenants, ["acme", "other"]);
}

#[tokio::test(start_paused = true)]
async fn an_id_is_forgotten_after_the_window_and_not_before() {
    let (transport, source) = ledger().await;
    let event = event();
    publish(&transport, vec![event.clone()]).await;
    tokio::time::advance(WINDOW - SECOND).await;
    assert!(transport.publish(vec![event.clone()]).await.unwrap()[0].as_ref().unwrap().duplicate);
    tokio::time::advance(SECOND).await;
    assert!(!transport.publish(vec![event.clone()]).await.unwrap()[0].as_ref().unwrap().duplicate);
    assert_eq!(ready(&source, 10).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_no_subscription_takes_is_not_kept() {
    let transport = MemoryTransport::new();
    transport.open(spec(LEDGER, &["lead.*"])).await.unwrap();
    let bytes = bytes::Bytes::from(vec![7; 100]);
    publish(&transport, vec![Outgoing { bytes: bytes.clone(), ..event() }]).await;
    assert!(bytes.is_unique());
}

#[tokio::test(start_paused = true)]
async fn an_event_is_gone_when_its_last_subscription_has_settled_it_and_not_before() {
    let (transport, ledger) = ledger().await;
    let audit = open(&transport, "billing/audit").await;
    let bytes = bytes::Bytes::from(vec![7; 100]);
    publish(&transport, vec![Outgoing { bytes: bytes.clone(), ..event() }]).await;
    let first = one(&ledger).await;
    settle(&ledger, &first, Verdict::Ack).await;
    drop(first);
    assert!(!bytes.is_unique());
    let second = one(&audit).await;
    settle(&audit, &second, Verdict::Ack).await;
    drop(second);
    assert!(bytes.is_unique());
}

#[tokio::test(start_paused = true)]
async fn any_bytes_come_back_as_they_were() {
    let (transport, source) = ledger().await;
    let garbage: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    publish(&transport, vec![Outgoing { bytes: garbage.clone().into(), ..event() }]).await;
    assert_eq!(one(&source).await.bytes, garbage);
}

#[tokio::test(start_paused = true)]
async fn an_empty_batch_is_answered_with_nothing() {
    let (transport, source) = ledger().await;
    assert!(transport.publish(Vec::new()).await.unwrap().is_empty());
    assert!(source.settle(Vec::new()).await.unwrap().is_empty());
    assert!(source.renew(Vec::new()).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_full_subscription_would_get_too_is_refused_and_stored_for_nobody() {
    let transport = MemoryTransport::with_backlog_limit(2);
    let (full, audit) = (open(&transport, LEDGER).await, open(&transport, "audit/all").await);
    publish(&transport, vec![event(), event()]).await;
    for held in ready(&audit, 10).await {
        settle(&audit, &held, Verdict::Ack).await;
    }
    let late = event();
    let refused = transport.publish(vec![late.clone()]).await.unwrap().remove(0).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Backpressure);
    assert!(refused.to_string().contains("billing/ledger"), "{refused}");
    assert!(ready(&audit, 10).await.is_empty());
    settle(&full, &one(&full).await, bury(1)).await;
    assert!(!transport.publish(vec![late]).await.unwrap()[0].as_ref().unwrap().duplicate);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_or_repeated_between_many_publishers_and_readers() {
    let (transport, _keep) = ledger().await;
    let readers: Vec<_> = (0..4).map(|_| tokio::spawn(read_until_interrupted(transport.clone()))).collect();
    let publishers: Vec<_> = (0..4)
        .map(|_| {
            let transport = transport.clone();
            tokio::spawn(async move {
                for _ in 0..250 {
                    publish(&transport, vec![event(), event()]).await;
                }
            })
        })
        .collect();
    for publisher in publishers {
        publisher.await.unwrap();
    }
    let mut read: Vec<EventId> = Vec::new();
    for reader in readers {
        read.extend(reader.await.unwrap());
    }
    let total = read.len();
    read.sort_unstable();
    read.dedup();
    assert_eq!((total, read.len()), (2_000, 2_000));
    assert_eq!(books(&transport, LEDGER).await.acked, 2_000);
}

/// Reads and acks until the books say that all 2,000 are done.
async fn read_until_interrupted(transport: MemoryTransport) -> Vec<EventId> {
    let source = Arc::new(open(&transport, LEDGER).await);
    let mut read = Vec::new();
    while books(&transport, LEDGER).await.acked < 2_000 {
        let Ok(fetched) = tokio::time::timeout(Duration::from_millis(20), source.fetch(7)).await else { continue };
        let deliveries = fetched.unwrap();
        let batch = deliveries.iter().map(|delivery| settlement(delivery, Verdict::Ack)).collect();
        source.settle(batch).await.unwrap();
        read.extend(ids(&deliveries));
    }
    read
}
