use super::*;
use crate::{
    error::ErrorKind,
    transport::{CounterDelta, Counters},
};

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_unknown_is_named_with_its_nearest() {
    let (transport, _source) = ledger().await;
    open(&transport, "audit/all").await;
    let (admin, wrong) = (transport.admin(), "billing/leger".parse().unwrap());
    let errors = [
        admin.books(&wrong).await.unwrap_err(),
        admin.dead_letters(&wrong, None, None, 1).await.unwrap_err(),
        admin.dead_letter(&wrong, &("acme".parse().unwrap(), EventId::generate()).into()).await.unwrap_err(),
        admin.count_dead_letters(&wrong, None).await.unwrap_err(),
        admin.replay(&wrong, Vec::new()).await.unwrap_err(),
        admin.purge(&wrong, Vec::new()).await.unwrap_err(),
        admin.hold_letters(&wrong, None, "a", SECOND).await.unwrap_err(),
        admin.free_letters(&wrong, None, "a").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let text = error.to_string();
        assert!(text.contains("`billing/leger`") && text.contains("`billing/ledger`"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn counters_add_up_for_each_tenant_and_for_the_bus() {
    let transport = MemoryTransport::new();
    let counted = |tenant: &str, published| CounterDelta {
        tenant: tenant.parse().unwrap(),
        counters: Counters { published, ..Counters::default() },
    };
    transport
        .admin()
        .add_counters(vec![counted("acme", 1), counted("other", 2)])
        .await
        .into_iter()
        .for_each(Result::unwrap);
    transport
        .clone()
        .admin()
        .add_counters(vec![counted("acme", 3), counted("idle", 0)])
        .await
        .into_iter()
        .for_each(Result::unwrap);
    let mut found = Vec::new();
    for tenant in [Some("acme"), Some("other"), Some("idle"), None] {
        let tenant = tenant.map(|name| name.parse().unwrap());
        found.push(transport.admin().counters(tenant.as_ref()).await.unwrap());
    }
    assert_eq!(found.iter().map(|one| one.published).collect::<Vec<_>>(), [4, 2, 0, 6]);
    assert_eq!(found.iter().map(|one| one.updated.is_some()).collect::<Vec<_>>(), [true, true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn the_books_tell_where_everything_is() {
    let (transport, source) = ledger().await;
    publish(&transport, (0..6).map(|_| event()).collect()).await;
    let held = ready(&source, 4).await;
    settle(&source, &held[0], Verdict::Ack).await;
    settle(&source, &held[1], retry(SECOND, 1)).await;
    settle(&source, &held[2], bury(1)).await;
    let expected = Books { published: 6, acked: 1, ready: 2, pending: 1, retrying: 1, dead: 1, ..Books::default() };
    assert_eq!(books(&transport, LEDGER).await, expected);
}

#[tokio::test(start_paused = true)]
async fn the_books_balance_whatever_happens() {
    let (transport, mut first) = ledger().await;
    let mut second = open(&transport, LEDGER).await;
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..2_000 {
        publish(&transport, (0..random.usize(..3)).map(|_| urgent(*random.choice(&Priority::ALL).unwrap())).collect())
            .await;
        for delivery in ready(&first, random.usize(..4)).await {
            let verdict = match random.u8(..8) {
                0 => continue,
                1 => Verdict::Release,
                2 => retry(Duration::from_millis(random.u64(..40_000)), delivery.failures + 1),
                3 => bury(1),
                _ => Verdict::Ack,
            };
            assert_eq!(settle(&first, &delivery, verdict).await, Settled::Done);
        }
        if random.u8(..20) == 0 {
            replay_first(&transport).await;
        }
        tokio::time::advance(Duration::from_millis(random.u64(..500))).await;
        books(&transport, LEDGER).await;
        std::mem::swap(&mut first, &mut second);
    }
    let end = drain(&transport, &first).await;
    assert_eq!((end.ready, end.pending, end.retrying), (0, 0, 0));
    assert!(end.acked > 500 && end.dead > 50, "{end:?}");
}

async fn replay_first(transport: &MemoryTransport) {
    let ledger = LEDGER.parse().unwrap();
    let page = transport.admin().dead_letters(&ledger, None, None, 1).await.unwrap();
    let letters = page.letters.iter().map(Into::into);
    transport.admin().replay(&ledger, letters.collect()).await.unwrap();
}

/// Acks all that comes until nothing is left.
async fn drain(transport: &MemoryTransport, source: &MemorySource) -> Books {
    for _ in 0..10 {
        tokio::time::advance(2 * LEASE).await;
        for delivery in ready(source, usize::MAX).await {
            settle(source, &delivery, Verdict::Ack).await;
        }
    }
    books(transport, LEDGER).await
}
