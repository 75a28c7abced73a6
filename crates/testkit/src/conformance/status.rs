//! Where an event stands.

use tekup_core::{
    EventId, Result,
    transport::{Admin, Capabilities, EventStatus, Stage},
};

use super::{
    Harness, Scene,
    events::{event, event_of},
    scene::spec,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.status;

pub async fn the_status_follows_an_event_from_pending_to_completed<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = event("lead.created")?;
    scene.publish_one(&sent).await?;
    assert_eq!(scene.stage(&sent).await?, (Stage::Pending, 0));
    let first = reader.take_one().await?;
    assert_eq!(scene.stage(&sent).await?, (Stage::Processing, 0));
    reader.release(std::slice::from_ref(&first)).await?;
    assert_eq!(scene.stage(&sent).await?, (Stage::Pending, 0));
    let first = reader.take_one().await?;
    reader.retry(&first, H::delay()).await?;
    assert_eq!(scene.stage(&sent).await?, (Stage::Retrying, 1));
    let again = reader.take_one_within(H::delay() + H::soon()).await?;
    assert_eq!(scene.stage(&sent).await?.0, Stage::Processing);
    reader.ack(&[again]).await?;
    assert_eq!(scene.stage(&sent).await?, (Stage::Completed, 0));
    Ok(())
}

pub async fn the_status_follows_an_event_through_death_and_replay<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = event("lead.created")?;
    scene.publish_one(&sent).await?;
    reader.retry(&reader.take_one().await?, H::delay()).await?;
    reader.bury(&[reader.take_one_within(H::delay() + H::soon()).await?]).await?;
    assert_eq!(scene.stage(&sent).await?, (Stage::Failed, 2));
    scene.replay(&reader.id, vec![(sent.tenant.clone(), sent.id)]).await?;
    assert_eq!(scene.stage(&sent).await?, (Stage::Retrying, 0));
    let again = reader.take_one().await?;
    assert_eq!(scene.stage(&sent).await?.0, Stage::Processing);
    reader.ack(&[again]).await?;
    assert_eq!(scene.stage(&sent).await?, (Stage::Completed, 0));
    Ok(())
}

pub async fn the_status_names_each_subscription_and_sums_them_up<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let mailing = scene.open("mailing/welcome", &["lead.*"]).await?;
    let billing = scene.open("billing/ledger", &["*"]).await?;
    scene.open("other/reader", &["invoice.*"]).await?;
    let sent = event("lead.created")?;
    scene.publish_one(&sent).await?;
    let late = scene.open("billing/late", &["*"]).await?;
    mailing.bury(&mailing.take::<1>().await?).await?;
    let (overall, stages) = stages(scene.status(&sent).await?);
    assert_eq!(overall, Stage::Pending);
    let expected = [("billing/ledger", Stage::Pending), ("mailing/welcome", Stage::Failed)];
    assert_eq!(stages, expected.map(|(name, stage)| (name.to_owned(), stage)));
    billing.finish(1, 1).await?;
    assert_eq!(scene.status(&sent).await?.stage, Stage::Failed, "one of two has failed");
    late.nothing_comes().await
}

fn stages(status: EventStatus) -> (Stage, Vec<(String, Stage)>) {
    let named = status.subscriptions.into_iter().map(|one| (one.subscription.to_string(), one.stage)).collect();
    (status.stage, named)
}

pub async fn a_taken_over_event_is_processing<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let mut short = spec("billing/ledger", &["*"])?;
    short.lease = H::lease();
    let (one, other) = scene.open_twice(short).await?;
    let sent = event("lead.created")?;
    scene.publish_one(&sent).await?;
    one.take_one().await?;
    let taken = other.take_one_within(2 * H::lease() + H::soon()).await?;
    assert_eq!(scene.stage(&sent).await?, (Stage::Processing, 0));
    let started = other.start(&taken).await?;
    other.ack(&[started]).await?;
    assert_eq!(scene.stage(&sent).await?, (Stage::Completed, 0));
    Ok(())
}

pub async fn an_event_for_nobody_is_completed<H: Harness>(scene: &Scene<H>) -> Result<()> {
    scene.open("billing/ledger", &["invoice.*"]).await?;
    let sent = event("lead.created")?;
    scene.publish_one(&sent).await?;
    assert_eq!(scene.status(&sent).await?, EventStatus::of(Vec::new()));
    Ok(())
}

pub async fn an_event_of_a_tenant_that_a_subscription_leaves_out_is_none_of_its_business<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let mut for_acme = spec("billing/ledger", &["*"])?;
    for_acme.tenants = vec!["acme".parse()?];
    let reader = scene.open_with(for_acme).await?;
    scene.ledger.ask_only_for_balance(&reader.id);
    let (mine, theirs) = (event_of("acme", "lead.created")?, event_of("globex", "lead.created")?);
    scene.publish(vec![mine.clone(), theirs.clone()]).await?;
    assert_eq!(scene.stage(&mine).await?, (Stage::Pending, 0));
    assert_eq!(scene.status(&theirs).await?, EventStatus::of(Vec::new()));
    Ok(())
}

pub async fn an_unknown_event_has_an_unknown_status<H: Harness>(scene: &Scene<H>) -> Result<()> {
    scene.open("billing/ledger", &["*"]).await?;
    let sent = event_of("acme", "lead.created")?;
    scene.publish_one(&sent).await?;
    let (admin, stranger) = (scene.admin(), "globex".parse()?);
    assert_eq!(admin.status(&sent.tenant, EventId::generate()).await?, EventStatus::unknown());
    assert_eq!(admin.status(&stranger, sent.id).await?, EventStatus::unknown(), "a tenant sees another's event");
    Ok(())
}
