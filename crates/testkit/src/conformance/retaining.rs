//! Events that are kept although all have settled them, for whoever begins later.

use std::time::Duration;

use tekup_core::{
    Result,
    transport::{Admin, Capabilities},
};

use super::{
    Harness, Scene,
    events::{assert_in_order, events, ids},
    scene::spec,
    starting::from_the_beginning,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

/// Long enough that what must be kept is looked at before it is over.
fn kept<H: Harness>() -> Duration {
    H::soon() * 3
}

/// Waits until whoever begins now is given so many: a transport may look at its lanes now and then only.
async fn begins_with<H: Harness>(scene: &Scene<H>, count: u64) -> Result<()> {
    let spec = from_the_beginning("audit/late", &["lead.*"])?;
    let mut last = 0;
    for _ in 0..100 {
        last = scene.admin().preview(&spec).await?.begins_with;
        if last == count {
            return Ok(());
        }
        scene.harness.advance(H::soon() / 20).await;
    }
    Err(unexpected(format!("who begins now is given {last}, not {count}")))
}

pub async fn what_all_have_settled_is_kept_for_the_retention_and_given_to_who_begins_within_it<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let Some(retaining) = scene.harness.retaining(kept::<H>(), None).await? else { return Ok(()) };
    let reader = scene.open_on(&retaining, spec("billing/ledger", &["lead.*"])?).await?;
    let sent = events(5, "lead.created")?;
    scene.publish_on(&retaining, sent.clone()).await?;
    reader.finish(5, 5).await?;

    let newer = scene.open_on(&retaining, from_the_beginning("mailing/welcome", &["lead.*"])?).await?;
    scene.ledger.ask_only_for_balance(&newer.id);
    assert_in_order(&newer.finish(5, 5).await?, &ids(&sent));
    assert_eq!(scene.admin().books(&newer.id).await?.acked, 5);
    newer.nothing_comes().await?;
    reader.nothing_comes().await
}

pub async fn what_is_settled_goes_when_its_retention_is_over<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let Some(retaining) = scene.harness.retaining(kept::<H>(), None).await? else { return Ok(()) };
    let reader = scene.open_on(&retaining, spec("billing/ledger", &["lead.*"])?).await?;
    scene.publish_on(&retaining, events(5, "lead.created")?).await?;
    reader.finish(5, 5).await?;
    begins_with(scene, 5).await?;

    scene.harness.advance(kept::<H>()).await;
    scene.publish_on(&retaining, events(2, "lead.created")?).await?;
    reader.finish(2, 2).await?;
    begins_with(scene, 2).await
}

pub async fn a_lane_keeps_no_more_than_its_retention_length<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let Some(retaining) = scene.harness.retaining(Duration::from_secs(3_600), Some(3)).await? else { return Ok(()) };
    let reader = scene.open_on(&retaining, spec("billing/ledger", &["lead.*"])?).await?;
    scene.publish_on(&retaining, events(10, "lead.created")?).await?;
    reader.finish(10, 5).await?;
    begins_with(scene, 3).await
}
