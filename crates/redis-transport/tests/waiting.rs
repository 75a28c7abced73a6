//! The bell, and what happens when it is not heard.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::{Duration, Instant};

use common::{ack, connect, open, publish, take};
use tekup_core::transport::{Source, Transport};
use tekup_testkit::redis::RedisServer;

#[tokio::test]
async fn a_reader_that_waits_is_told_within_a_moment() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;
    ack(&source, &take(&source, 1).await[0]).await;
    let mut waits = Vec::new();
    for _ in 0..100 {
        let (taken, published) = tokio::join!(take(&source, 1), async {
            publish(&transport, "lead.created").await;
            Instant::now()
        });
        waits.push(published.elapsed());
        ack(&source, &taken[0]).await;
    }
    waits.sort_unstable();
    assert!(waits[50] < Duration::from_millis(250), "{waits:?}");
    // Whoever misses a ring waits for the look that comes every five seconds.
    assert!(waits[99] < Duration::from_secs(2), "{waits:?}");
}

#[tokio::test]
async fn a_bell_that_was_cut_is_heard_again_and_nothing_is_missed_meanwhile() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    for _ in 0..5 {
        let (taken, _) = tokio::join!(take(&source, 1), async {
            server.command(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
            publish(&transport, "lead.created").await
        });
        ack(&source, &taken[0]).await;
    }
}

#[test]
fn a_blocked_runtime_does_not_cost_a_lease() {
    let server = RedisServer::start().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (transport, source, held) = runtime.block_on(async {
        let transport = connect(&server).await;
        let mut brief = common::spec("*");
        brief.lease = Duration::from_millis(400);
        let source = std::sync::Arc::new(transport.open(brief).await.unwrap());
        publish(&transport, "lead.created").await;
        let held = take(&source, 1).await.remove(0);
        (transport, source, held)
    });
    let (renewed, on) = (std::sync::Arc::clone(&source), transport.renewal_runtime().unwrap());
    let renewals = on.spawn(async move {
        for _ in 0..10 {
            assert!(renewed.renew(vec![held.held]).await.unwrap().is_empty());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    runtime.block_on(async {
        let deadline = Instant::now() + Duration::from_millis(900);
        while Instant::now() < deadline {
            std::hint::spin_loop();
        }
        let lane = common::key(&server, ":lane:lead.created:medium");
        let pending =
            |idle| server.command(&["XPENDING", &lane, "billing/ledger", "IDLE", idle, "-", "+", "10"]).unwrap();
        assert_eq!(pending("0").items().len(), 1, "it is held");
        assert!(pending("400").items().is_empty(), "its lease has ended: {:?}", pending("0"));
        renewals.await.unwrap();
        ack(&source, &held).await;
    });
}
