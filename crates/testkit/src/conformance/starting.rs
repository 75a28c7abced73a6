//! Where a subscription starts that is registered for the first time.

use tekup_core::{
    Result,
    transport::{Admin, Capabilities, SourceSpec, StartAt},
};

use super::{
    Harness, Scene,
    events::{assert_all, assert_in_order, event, event_of, events, ids},
    replica::Replica,
    scene::spec,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

fn from_the_beginning(id: &str, patterns: &[&str]) -> Result<SourceSpec> {
    let mut spec = spec(id, patterns)?;
    spec.start_at = StartAt::Beginning;
    Ok(spec)
}

/// Opens it; what it is given of the past is this chapter's to know, and not the ledger's.
async fn open<H: Harness>(scene: &Scene<H>, spec: SourceSpec) -> Result<Replica<H>> {
    let replica = scene.open_with(spec).await?;
    scene.ledger.ask_only_for_balance(&replica.id);
    Ok(replica)
}

pub async fn a_subscription_may_start_from_the_beginning<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let older = scene.open("billing/ledger", &["lead.*", "invoice.*"]).await?;
    let created = events(20, "lead.created")?;
    let scored = events(5, "lead.scored")?;
    let elsewhere = (0..10).map(|n| event_of(&format!("tenant-{n}"), "lead.created")).collect::<Result<Vec<_>>>()?;
    let unwanted = events(5, "invoice.paid")?;
    scene.publish([created.clone(), scored.clone(), elsewhere.clone(), unwanted].concat()).await?;
    // What another holds lies there too.
    let held = older.take_by(7, 7).await?;

    let newer = open(scene, from_the_beginning("mailing/welcome", &["lead.*"])?).await?;
    let later = events(5, "lead.created")?;
    scene.publish(later.clone()).await?;
    let came = newer.finish(40, 10).await?;
    let of = |batch: &[_]| came.iter().copied().filter(|id| ids(batch).contains(id)).collect::<Vec<_>>();
    assert_in_order(&of(&[created.clone(), later.clone()].concat()), &ids(&[created, later].concat()));
    assert_in_order(&of(&scored), &ids(&scored));
    assert_all(of(&elsewhere), ids(&elsewhere));
    newer.nothing_comes().await?;
    assert_eq!(scene.admin().books(&newer.id).await?.published, 40);

    older.ack(&held).await?;
    older.finish(38, 10).await?;
    older.nothing_comes().await
}

pub async fn a_lane_made_later_is_read_from_the_beginning<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = open(scene, from_the_beginning("billing/ledger", &["lead.*"])?).await?;
    let batch = [events(3, "lead.created")?, events(3, "lead.scored")?].concat();
    scene.publish(batch.clone()).await?;
    assert_all(reader.finish(6, 6).await?, ids(&batch));
    reader.nothing_comes().await
}

pub async fn a_start_counts_at_the_first_registration_only<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let keeper = scene.open("audit/all", &["*"]).await?;
    scene.publish(events(5, "lead.created")?).await?;
    let reader = scene.open("billing/ledger", &["lead.created"]).await?;
    reader.nothing_comes().await?;
    reader.close().await?;
    let missed = events(3, "lead.created")?;
    scene.publish([missed.clone(), events(2, "lead.scored")?].concat()).await?;
    // Neither for what it takes already nor for what it takes from now on.
    let back = open(scene, from_the_beginning("billing/ledger", &["lead.*"])?).await?;
    assert_in_order(&back.finish(3, 3).await?, &ids(&missed));
    back.nothing_comes().await?;
    keeper.finish(10, 10).await?;
    Ok(())
}

pub async fn an_event_that_lies_there_is_pending_for_who_starts_from_the_beginning<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    if !scene.can().status {
        return Ok(());
    }
    let older = scene.open("billing/ledger", &["*"]).await?;
    let lying = event("lead.created")?;
    scene.publish_one(&lying).await?;
    let now = scene.open("audit/now", &["*"]).await?;
    let newer = open(scene, from_the_beginning("mailing/welcome", &["*"])?).await?;
    let named = async || -> Result<Vec<String>> {
        let status = scene.status(&lying).await?;
        let all = status.subscriptions.iter().map(|one| format!("{} {}", one.subscription, one.stage));
        let mut all: Vec<_> = all.collect();
        all.sort();
        Ok(all)
    };
    assert_eq!(named().await?, ["billing/ledger pending", "mailing/welcome pending"]);
    newer.finish(1, 1).await?;
    older.finish(1, 1).await?;
    assert_eq!(named().await?, ["billing/ledger completed", "mailing/welcome completed"]);
    now.nothing_comes().await
}
