//! How much waits, where, of whom, and for how long. Little enough waits here that every transport is exact.

use std::time::Duration;

use tekup_core::{
    ErrorKind, EventType, Priority, Result, SubscriptionId, TenantId,
    transport::{Admin, Capabilities, Depth, Depths, Due, FollowSpec, Outgoing, Transport},
};
use tokio::time::Instant;

use super::{
    Harness, Scene,
    events::{event, event_of, events, with_priority},
    scene::spec,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.dead_letters;

const HOUR: Duration = Duration::from_secs(3_600);

/// They agree with the books as soon as nothing moves by itself: what comes due may be seen twice on its way, or not at all.
async fn depths<H: Harness>(scene: &Scene<H>, id: &SubscriptionId) -> Result<Depths> {
    let deadline = Instant::now() + H::soon();
    loop {
        let depths = scene.admin().depths(id, None).await?;
        let books = scene.admin().books(id).await?;
        let Depth { ready, in_flight, retrying, dead, .. } = depths.total;
        let (told, known) =
            ([ready, in_flight, retrying, dead], [books.ready, books.pending, books.retrying, books.dead]);
        if told == known {
            assert!(depths.exact, "{depths}");
            return Ok(depths);
        }
        assert!(Instant::now() < deadline, "{depths} is told, and the books say {books:?}");
        scene.harness.advance(Duration::from_millis(1)).await;
    }
}

/// Stores for later: the books hear of it when it comes.
async fn schedule<H: Harness>(scene: &Scene<H>, mut batch: Vec<Outgoing>) -> Result<()> {
    batch.iter_mut().for_each(|event| event.due = Some(Due::After(HOUR)));
    scene.transport.publish(batch).await?.into_iter().try_for_each(|receipt| receipt.map(drop))
}

/// Without the time, of which only the order is known.
fn counts(depth: Depth) -> Depth {
    Depth { oldest: None, ..depth }
}

/// Of acme one each in flight, retrying, dead, handed back and to come; of globex two of another type that wait.
async fn something_everywhere<H: Harness>(scene: &Scene<H>) -> Result<super::replica::Replica<H>> {
    let reader = scene.open("billing/ledger", &["lead.*"]).await?;
    scene.publish(events(4, "lead.created")?).await?;
    let [_held, failed, dead, back] = reader.take::<4>().await?;
    reader.retry(&failed, HOUR).await?;
    reader.bury(&[dead]).await?;
    reader.release(&[back]).await?;
    let others = vec![event_of("globex", "lead.scored")?, event_of("globex", "lead.scored")?];
    scene.publish(with_priority(Priority::High, others)).await?;
    schedule(scene, vec![event("lead.created")?, event("invoice.paid")?]).await?;
    Ok(reader)
}

pub async fn every_state_is_told_by_lane_and_tenant<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = something_everywhere(scene).await?;
    let depths = depths(scene, &reader.id).await?;
    let acme = Depth { ready: 1, in_flight: 1, retrying: 1, scheduled: 1, dead: 1, oldest: None };
    let globex = Depth { ready: 2, ..Depth::default() };
    assert_eq!(counts(depths.total), Depth { ready: 3, ..acme });
    assert_eq!(counts(depths.of_lane("lead.created", Priority::Medium)), acme);
    assert_eq!(counts(depths.of_lane("lead.scored", Priority::High)), globex);
    assert_eq!((counts(depths.of_tenant("acme")), counts(depths.of_tenant("globex"))), (acme, globex));
    assert_eq!((depths.lanes.len(), depths.tenants.len()), (2, 2), "{depths}");
    assert!(depths.lanes.iter().all(|lane| !lane.lost));
    Ok(())
}

pub async fn a_tenant_is_told_of_its_own_alone<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = something_everywhere(scene).await?;
    let of = async |tenant: &str| scene.admin().depths(&reader.id, Some(&tenant.parse::<TenantId>()?)).await;
    let (acme, globex) = (of("acme").await?, of("globex").await?);
    let expected = Depth { ready: 1, in_flight: 1, retrying: 1, scheduled: 1, dead: 1, oldest: None };
    assert_eq!(counts(acme.total), expected);
    assert_eq!(counts(globex.total), Depth { ready: 2, ..Depth::default() });
    for (tenant, depths) in [("acme", acme), ("globex", globex)] {
        assert!(depths.exact && depths.total.oldest.is_some(), "{depths}");
        assert_eq!((depths.lanes.len(), depths.tenants.len()), (1, 1), "{tenant}: {depths}");
        assert_eq!((depths.of_tenant(tenant), depths.lanes[0].depth), (depths.total, depths.total), "{tenant}");
    }
    let stranger = of("initech").await?;
    assert_eq!((stranger.total, stranger.lanes.len(), stranger.tenants.len()), (Depth::default(), 0, 0));
    Ok(())
}

/// It was asked for between these two, and something has waited since the first of them was begun.
async fn age<H: Harness>(scene: &Scene<H>, id: &SubscriptionId, since: Instant) -> Result<Option<Duration>> {
    let oldest = depths(scene, id).await?.total.oldest;
    // A server counts whole milliseconds.
    let most = since.elapsed() + Duration::from_millis(2);
    assert!(oldest.is_none_or(|oldest| oldest <= most), "{oldest:?} after {most:?}");
    Ok(oldest)
}

pub async fn the_oldest_has_waited_since_it_was_stored_until_it_is_settled<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    assert_eq!(age(scene, &reader.id, Instant::now()).await?, None);
    let begun = Instant::now();
    scene.publish_one(&event("lead.created")?).await?;
    scene.harness.advance(H::delay()).await;
    let second = Instant::now();
    scene.publish_one(&event("lead.created")?).await?;
    let least = H::delay().saturating_sub(Duration::from_millis(2));
    assert!(age(scene, &reader.id, begun).await? >= Some(least));
    let [first, last] = reader.take::<2>().await?;
    assert!(age(scene, &reader.id, begun).await? >= Some(least), "it is not settled yet");
    reader.ack(&[first]).await?;
    assert!(age(scene, &reader.id, second).await?.is_some(), "the other one waits");
    reader.ack(&[last]).await?;
    assert_eq!(age(scene, &reader.id, begun).await?, None);
    Ok(())
}

pub async fn what_waits_for_a_later_attempt_begins_to_wait_when_that_is_due<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    scene.publish_one(&event("lead.created")?).await?;
    let taken = reader.take_one().await?;
    scene.harness.advance(H::delay()).await;
    reader.retry(&taken, 4 * H::delay()).await?;
    schedule(scene, vec![event("lead.created")?]).await?;
    let failed = Instant::now();
    let waiting = depths(scene, &reader.id).await?.total;
    if failed.elapsed() < 4 * H::delay() {
        assert_eq!(waiting, Depth { retrying: 1, scheduled: 1, ..Depth::default() });
    }
    let deadline = failed + 4 * H::delay() + H::soon();
    while depths(scene, &reader.id).await?.total.oldest.is_none() {
        assert!(Instant::now() < deadline, "it is due");
        scene.harness.advance(H::quiet() / 10).await;
    }
    let due = failed + 4 * H::delay() - Duration::from_millis(100).min(H::delay());
    assert!(age(scene, &reader.id, due).await?.is_some());
    reader.ack(&[reader.take_one().await?]).await?;
    assert_eq!(age(scene, &reader.id, due).await?, None);
    Ok(())
}

pub async fn depths_hold_while_paused<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    scene.admin().set_paused(&reader.id, true).await?;
    scene.publish(events(5, "lead.created")?).await?;
    reader.nothing_comes().await?;
    assert_eq!(counts(depths(scene, &reader.id).await?.total), Depth { ready: 5, ..Depth::default() });
    scene.admin().set_paused(&reader.id, false).await?;
    reader.finish(5, 5).await?;
    assert_eq!(depths(scene, &reader.id).await?.total, Depth::default());
    Ok(())
}

pub async fn what_is_settled_and_trimmed_is_no_depth<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    for (waiting, finished) in [(60, 50), (40, 0), (0, 20)] {
        scene.publish(events(waiting, "lead.created")?).await?;
        reader.finish(finished, 10).await?;
        let before = counts(depths(scene, &reader.id).await?.total);
        // Long enough for what is settled to be removed.
        scene.harness.advance(H::soon()).await;
        assert_eq!(counts(depths(scene, &reader.id).await?.total), before);
    }
    assert_eq!(depths(scene, &reader.id).await?.of_tenant("acme").ready, 30);
    reader.finish(30, 10).await?;
    Ok(())
}

pub async fn depths_of_an_unknown_subscription_name_the_one_that_was_meant<H: Harness>(scene: &Scene<H>) -> Result<()> {
    scene.open("billing/ledger", &["*"]).await?;
    for tenant in [None, Some("acme".parse()?)] {
        let found = scene.admin().depths(&"billing/legder".parse()?, tenant.as_ref()).await;
        let error = found.err().ok_or_else(|| unexpected("an unknown subscription has depths"))?;
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.to_string().contains("billing/ledger"), "{error}");
    }
    Ok(())
}

pub async fn each_subscription_has_depths_of_its_own_and_listeners_change_none<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let busy = scene.open("billing/ledger", &["*"]).await?;
    let away = scene.open_with(spec("mailing/welcome", &["lead.created"])?).await?;
    let everything = vec!["*".parse()?];
    let listening = match scene.can().broadcast {
        true => Some(scene.transport.follow(FollowSpec::new("shop/cache".parse()?, everything)).await?),
        false => None,
    };
    away.close().await?;
    scene.publish([events(3, "lead.created")?, events(2, "lead.scored")?].concat()).await?;
    busy.finish(5, 5).await?;
    assert_eq!(depths(scene, &busy.id).await?.total, Depth::default());
    let waiting = depths(scene, &away.id).await?;
    assert_eq!(counts(waiting.total), Depth { ready: 3, ..Depth::default() });
    let lanes: Vec<&EventType> = waiting.lanes.iter().map(|lane| &lane.event_type).collect();
    assert_eq!(lanes, [&"lead.created".parse()?]);
    drop(listening);
    Ok(())
}
