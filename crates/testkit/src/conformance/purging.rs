//! Dead letters that are deleted, those of strangers, and who may work on them.

use tekup_core::{
    EventId, Result,
    transport::{Admin, Capabilities, LetterKey, Outgoing, Stage},
};

use super::{
    Harness, Scene,
    events::{assert_all, event, event_of, events, ids},
    replica::{Replica, exactly},
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.dead_letters;

/// Publishes and gives up so many events, one after the other.
pub(super) async fn bury<H: Harness>(scene: &Scene<H>, reader: &Replica<H>, batch: &[Outgoing]) -> Result<()> {
    for sent in batch {
        scene.publish_one(sent).await?;
        reader.bury(&reader.take::<1>().await?).await?;
    }
    Ok(())
}

fn key(event: &Outgoing) -> LetterKey {
    (event.tenant.clone(), event.id).into()
}

pub async fn a_purged_letter_is_gone_and_its_event_stays_failed<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let [purged, kept] = exactly(events(2, "lead.created")?)?;
    bury(scene, &reader, &[purged.clone(), kept.clone()]).await?;
    assert_eq!(scene.purge(&reader.id, [key(&purged)]).await?, 1);
    assert_eq!(scene.admin().dead_letter(&reader.id, &key(&purged)).await?, None);
    assert_eq!(scene.replay(&reader.id, [key(&purged)]).await?, 0, "what was purged came back");
    assert_eq!(scene.dead(&reader.id).await?, [kept.id]);
    let books = scene.admin().books(&reader.id).await?;
    assert_eq!((books.dead, books.purged, books.expired, books.letters_dropped), (1, 1, 0, 0), "{books:?}");
    if scene.can().status {
        assert_eq!(scene.status(&purged).await?.stage, Stage::Failed, "a purged dead letter is no success");
    }
    reader.nothing_comes().await
}

pub async fn a_purge_counts_what_was_there<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = events(3, "lead.created")?;
    bury(scene, &reader, &sent).await?;
    let [one, two, three] = exactly(sent.iter().map(key).collect())?;
    let (unknown, foreign) = (key(&event("lead.created")?), LetterKey::from(("globex".parse()?, three.id)));
    assert_eq!(scene.purge(&reader.id, [one.clone(), one.clone(), unknown, foreign, two.clone()]).await?, 2);
    assert_eq!(scene.purge(&reader.id, [one, two]).await?, 0, "what was purged is no dead letter");
    assert_eq!(scene.purge(&reader.id, Vec::<LetterKey>::new()).await?, 0);
    assert_eq!(scene.dead(&reader.id).await?, [three.id]);
    assert_eq!(scene.admin().books(&reader.id).await?.purged, 2);
    Ok(())
}

pub async fn many_dead_letters_are_purged_in_one_call<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let other = scene.open("mailing/welcome", &["*"]).await?;
    let mut sent = Vec::new();
    for number in 0..250 {
        sent.push(event_of(&format!("tenant-{}", number % 5), "lead.created")?);
    }
    scene.publish(sent.clone()).await?;
    for subscription in [&reader, &other] {
        subscription.bury(&subscription.take_by(250, 100).await?).await?;
    }
    assert_eq!(scene.purge(&reader.id, sent.iter().map(key)).await?, 250);
    assert_eq!(scene.dead(&reader.id).await?, []);
    assert_all(scene.dead(&other.id).await?, ids(&sent));
    Ok(())
}

pub async fn a_letter_that_has_died_again_is_another_one<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = event("lead.created")?;
    bury(scene, &reader, std::slice::from_ref(&sent)).await?;
    let [first] = exactly(scene.admin().dead_letters(&reader.id, None, None, 10).await?.letters)?;
    scene.harness.advance(H::quiet()).await;
    assert_eq!(scene.replay(&reader.id, [&first]).await?, 1);
    reader.bury(&reader.take::<1>().await?).await?;
    let stale = LetterKey::from(&first);
    assert_eq!(scene.admin().dead_letter(&reader.id, &stale).await?, None);
    assert_eq!(scene.replay(&reader.id, [stale.clone()]).await?, 0, "one death was replayed twice");
    assert_eq!(scene.purge(&reader.id, [stale]).await?, 0, "a death was purged that nobody has seen");
    let [second] = exactly(scene.admin().dead_letters(&reader.id, None, None, 10).await?.letters)?;
    assert_eq!(scene.purge(&reader.id, [&second]).await?, 1);
    reader.nothing_comes().await
}

pub async fn a_purged_event_may_not_be_brought_back_by_the_same_id<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = event("lead.created")?;
    bury(scene, &reader, std::slice::from_ref(&sent)).await?;
    scene.purge(&reader.id, [key(&sent)]).await?;
    if scene.can().dedupe {
        assert!(scene.publish_one(&sent).await?.duplicate, "its id is known still");
    }
    reader.nothing_comes().await
}

pub async fn a_strangers_dead_letter_is_replayed_and_purged_like_any<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["lead.*"]).await?;
    scene.publish_one(&event("lead.created")?).await?;
    reader.finish(1, 1).await?;
    if !scene.harness.smuggle(&"lead.created".parse()?, b"<lead/>").await? {
        return Ok(());
    }
    scene.ledger.ask_only_for_balance(&reader.id);
    let stranger = reader.take_one().await?;
    reader.bury(std::slice::from_ref(&stranger)).await?;
    let letter = LetterKey { tenant: None, id: stranger.id, died: None };
    let of_acme = LetterKey::from(("acme".parse()?, stranger.id));
    assert_eq!(scene.replay(&reader.id, [of_acme.clone()]).await?, 0, "a tenant replays what is not its own");
    assert_eq!(scene.purge(&reader.id, [of_acme]).await?, 0, "a tenant purges what is not its own");
    assert_eq!(scene.replay(&reader.id, [letter.clone()]).await?, 1);
    let again = reader.take_one().await?;
    assert_eq!((again.id, &again.bytes[..], again.failures), (stranger.id, &b"<lead/>"[..], 0));
    reader.bury(&[again]).await?;
    let shown = scene.admin().dead_letter(&reader.id, &letter).await?;
    assert_eq!(shown.map(|shown| shown.bytes), Some("<lead/>".into()));
    assert_eq!(scene.purge(&reader.id, [letter.clone()]).await?, 1);
    assert_eq!(scene.admin().dead_letter(&reader.id, &letter).await?, None);
    let books = scene.admin().books(&reader.id).await?;
    assert_eq!((books.dead, books.purged), (0, 1), "{books:?}");
    Ok(())
}

pub async fn dead_letters_are_held_for_one_job_at_a_time<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let (here, there) = (scene.admin(), scene.another_process().await?);
    let (there, lease) = (tekup_core::transport::Transport::admin(&*there), H::lease() * 10);
    assert_eq!(here.hold_letters(&reader.id, None, "a", lease).await?, None);
    let left = there.hold_letters(&reader.id, None, "b", lease).await?;
    assert!(left.is_some_and(|left| !left.is_zero() && left <= lease), "{left:?}");
    assert_eq!(here.hold_letters(&reader.id, None, "a", lease).await?, None, "a holder may renew");
    there.free_letters(&reader.id, None, "b").await?;
    assert!(there.hold_letters(&reader.id, None, "b", lease).await?.is_some(), "only the holder may free them");
    here.free_letters(&reader.id, None, "a").await?;
    assert_eq!(there.hold_letters(&reader.id, None, "b", lease).await?, None);
    let other = scene.open("mailing/welcome", &["*"]).await?;
    assert_eq!(here.hold_letters(&other.id, None, "a", lease).await?, None, "another subscription is another matter");
    Ok(())
}

pub async fn dead_letters_of_a_job_that_has_died_are_free_after_its_lease<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let admin = scene.admin();
    assert_eq!(admin.hold_letters(&reader.id, None, "dead", H::lease()).await?, None);
    assert!(admin.hold_letters(&reader.id, None, "b", H::lease()).await?.is_some());
    scene.harness.advance(H::lease() + H::quiet()).await;
    assert_eq!(admin.hold_letters(&reader.id, None, "b", H::lease()).await?, None);
    Ok(())
}

pub async fn the_job_of_one_tenant_keeps_no_other_off<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let (admin, lease) = (scene.admin(), H::lease() * 10);
    let tenants = [None, Some("acme".parse()?), Some("globex".parse()?)];
    for (number, tenant) in tenants.iter().enumerate() {
        let held = admin.hold_letters(&reader.id, tenant.as_ref(), &EventId::generate().to_string(), lease).await?;
        assert_eq!(held, None, "number {number}");
    }
    for tenant in &tenants {
        assert!(admin.hold_letters(&reader.id, tenant.as_ref(), "another", lease).await?.is_some());
    }
    Ok(())
}
