//! What wakes a fetch that waits, and what a closed replica leaves behind.

use std::future::Future;

use tekup_core::{
    Result,
    transport::{Capabilities, Delivery, Source, Start},
};
use tokio::time::Instant;

use super::{
    Harness, Scene,
    events::{assert_in_order, event, events, ids},
    replica::Replica,
    scene::spec,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

/// Lets a fetch wait, then lets something happen, and answers what the fetch came back with, and how soon.
async fn fetch_while<H: Harness>(
    reader: &Replica<H>,
    happening: impl Future<Output = Result<()>>,
) -> Result<Vec<Delivery>> {
    let happens = async {
        tokio::time::sleep(H::quiet()).await;
        let begun = Instant::now();
        happening.await.map(|()| begun)
    };
    let (batch, begun) = tokio::try_join!(reader.fetch_within(10, H::quiet() + 2 * H::soon()), happens)?;
    assert!(begun.elapsed() <= H::soon(), "the waiting fetch took {:?} to wake", begun.elapsed());
    Ok(batch)
}

pub async fn a_waiting_fetch_hears_a_publish<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    scene.publish_one(&event("lead.created")?).await?;
    reader.finish(1, 1).await?;
    let (known, new) = (event("lead.created")?, event("lead.scored")?);
    for sent in [known, new] {
        let batch = fetch_while(&reader, async { scene.publish_one(&sent).await.map(drop) }).await?;
        assert_eq!(batch.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [sent.id]);
        reader.ack(&batch).await?;
    }
    Ok(())
}

pub async fn a_waiting_fetch_hears_that_a_peer_has_released<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other) = scene.open_twice(spec("billing/ledger", &["*"])?).await?;
    scene.publish_one(&event("lead.created")?).await?;
    let held = one.take::<1>().await?;
    let batch = fetch_while(&other, one.release(&held)).await?;
    assert_eq!(batch.len(), 1);
    other.ack(&batch).await
}

pub async fn a_waiting_fetch_hears_a_replay<H: Harness>(scene: &Scene<H>) -> Result<()> {
    if !scene.can().dead_letters {
        return Ok(());
    }
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = event("lead.created")?;
    scene.publish_one(&sent).await?;
    reader.bury(&reader.take::<1>().await?).await?;
    let replay = async { scene.replay(&reader.id, vec![(sent.tenant.clone(), sent.id)]).await.map(drop) };
    let batch = fetch_while(&reader, replay).await?;
    assert_eq!(batch.len(), 1);
    reader.ack(&batch).await
}

pub async fn an_interrupt_makes_a_waiting_fetch_return_empty<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let batch = fetch_while(&reader, async {
        reader.source.interrupt();
        Ok(())
    });
    assert!(batch.await?.is_empty());
    scene.publish_one(&event("lead.created")?).await?;
    reader.finish(1, 1).await?;
    Ok(())
}

pub async fn an_interrupt_is_kept_for_the_next_fetch_and_for_no_other<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    reader.source.interrupt();
    let begun = Instant::now();
    assert!(reader.fetch_within(10, 2 * H::soon()).await?.is_empty());
    assert!(begun.elapsed() <= H::soon(), "the interrupt was not kept");
    let begun = Instant::now();
    assert!(reader.fetch_within(10, H::quiet()).await?.is_empty());
    assert!(begun.elapsed() >= H::quiet(), "one interrupt ended two fetches");
    Ok(())
}

pub async fn an_interrupt_loses_nothing<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let batch = events(100, "lead.created")?;
    let publishing = async {
        for part in batch.chunks(5) {
            reader.source.interrupt();
            scene.publish(part.to_vec()).await?;
            reader.source.interrupt();
        }
        Ok(())
    };
    let (finished, ()) = tokio::try_join!(reader.finish(100, 10), publishing)?;
    assert_eq!(finished, ids(&batch));
    Ok(())
}

pub async fn closing_keeps_the_subscription<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let batch = events(4, "lead.created")?;
    scene.publish(batch.clone()).await?;
    assert_in_order(&reader.finish(1, 1).await?, &ids(&batch[..1]));
    reader.close().await?;
    let back = scene.open("billing/ledger", &["*"]).await?;
    assert_in_order(&back.finish(3, 3).await?, &ids(&batch[1..]));
    Ok(())
}

pub async fn what_a_closed_replica_held_is_left_to_its_lease<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let mut short = spec("billing/ledger", &["*"])?;
    short.lease = H::lease();
    let (one, other) = scene.open_twice(short).await?;
    let sent = event("lead.created")?;
    scene.publish_one(&sent).await?;
    let held = one.take_one().await?;
    one.close().await?;
    other.nothing_comes_for(H::lease() / 2).await?;
    let taken_over = other.take_one_within(H::lease() + H::soon()).await?;
    assert_eq!(
        (taken_over.id, taken_over.start, taken_over.held.starts),
        (sent.id, Start::TakenOver, held.held.starts)
    );
    let started = other.start(&taken_over).await?;
    assert_eq!(started.bytes, sent.bytes);
    other.ack(&[started]).await
}
