//! A store that loses what it should have kept. Memory loses nothing, so there the same must hold all the more.

use tekup_core::{
    Result,
    transport::{Capabilities, Losses, Source},
};

use super::{
    Harness, Scene,
    events::{assert_all, events, ids},
    harness::Lost,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

pub async fn a_source_that_lost_nothing_has_no_losses<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["lead.*"]).await?;
    scene.publish(events(3, "lead.created")?).await?;
    reader.finish(3, 3).await?;
    assert_eq!(reader.source.losses(), Losses::default());
    Ok(())
}

pub async fn what_is_stored_after_the_store_lost_everything_arrives<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["lead.*"]).await?;
    scene.ledger.ask_only_for_balance(&reader.id);
    for round in 1..=3 {
        scene.publish(events(5, "lead.created")?).await?;
        reader.finish(5, 5).await?;
        let is_lost = scene.harness.lose(Lost::Everything).await?;
        let batch = [events(3, "lead.scored")?, events(2, "lead.created")?].concat();
        scene.publish(batch.clone()).await?;
        assert_all(reader.finish(5, 5).await?, ids(&batch));
        assert_eq!(reader.source.losses().count, if is_lost { round } else { 0 });
    }
    reader.nothing_comes().await
}

pub async fn what_was_not_settled_arrives_though_its_place_was_lost<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["lead.*"]).await?;
    let batch = events(10, "lead.created")?;
    scene.publish(batch.clone()).await?;
    let is_lost = scene.harness.lose(Lost::Places).await?;
    let later = events(5, "lead.created")?;
    scene.publish(later.clone()).await?;
    assert_all(reader.finish(15, 15).await?, ids(&[batch, later].concat()));
    assert_eq!(reader.source.losses().count, u64::from(is_lost));
    reader.nothing_comes().await
}
