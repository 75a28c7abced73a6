//! Where a subscription starts that is registered for the first time.

use std::time::Duration;

use tekup_core::{
    ErrorKind, Result, Timestamp,
    transport::{Admin, Capabilities, Due, Outgoing, SourceSpec, Stage, StartAt, Transport},
};
use tokio::time::Instant;

use super::{
    Harness, Scene,
    events::{assert_all, assert_in_order, event, event_of, events, ids},
    harness::Lost,
    replica::Replica,
    scene::spec,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

pub(super) fn from_the_beginning(id: &str, patterns: &[&str]) -> Result<SourceSpec> {
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

/// The store's clock, also where time is paused.
struct Clock(Timestamp, Instant);

impl Clock {
    fn start() -> Self {
        Self(Timestamp::now(), Instant::now())
    }

    fn in_ms(&self, ms: i64) -> Result<Timestamp> {
        let passed = i64::try_from(self.1.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_unix_millis(self.0.unix_millis() + passed + ms)
    }

    fn in_time(&self, time: Duration) -> Result<Timestamp> {
        self.in_ms(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
    }
}

fn at(id: &str, patterns: &[&str], time: Timestamp) -> Result<SourceSpec> {
    let mut spec = spec(id, patterns)?;
    spec.start_at = StartAt::At(time);
    Ok(spec)
}

/// Lets enough time pass for two stores to have different times.
async fn a_while<H: Harness>(scene: &Scene<H>) {
    scene.harness.advance(H::delay()).await;
}

async fn published<H: Harness>(scene: &Scene<H>, reader: &Replica<H>) -> Result<u64> {
    let books = scene.admin().books(&reader.id).await?;
    assert!(books.balanced(), "{books:?}");
    Ok(books.published)
}

pub async fn a_subscription_may_start_in_the_middle_of_what_lies_there<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let clock = Clock::start();
    let keeper = scene.open("audit/all", &["*"]).await?;
    let before = [events(30, "lead.created")?, events(5, "lead.scored")?].concat();
    scene.publish(before.clone()).await?;
    a_while(scene).await;
    let time = clock.in_time(H::delay() / 2)?;
    a_while(scene).await;
    let since = [events(20, "lead.created")?, events(5, "lead.scored")?].concat();
    scene.publish(since.clone()).await?;
    let spec = at("billing/ledger", &["lead.*"], time)?;
    assert_eq!(scene.admin().preview(&spec).await?.begins_with, 25);
    let reader = open(scene, spec).await?;
    assert_eq!(published(scene, &reader).await?, 25);
    let later = events(5, "lead.created")?;
    scene.publish(later.clone()).await?;
    assert_eq!(scene.admin().books(&reader.id).await?.ready, 30);
    if scene.can().status {
        let of = async |event: &Outgoing| -> Result<bool> {
            let all = scene.status(event).await?.subscriptions;
            Ok(all.iter().any(|one| one.subscription == reader.id && one.stage == Stage::Pending))
        };
        assert!(!of(&before[0]).await? && of(&since[0]).await?);
    }
    assert_all(reader.finish(30, 10).await?, ids(&[since, later].concat()));
    reader.nothing_comes().await?;
    assert_eq!(published(scene, &reader).await?, 30);
    keeper.finish(65, 20).await?;
    Ok(())
}

pub async fn a_start_before_all_is_given_all_and_one_behind_all_nothing<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let clock = Clock::start();
    let keeper = scene.open("audit/all", &["*"]).await?;
    let lying = events(12, "lead.created")?;
    scene.publish(lying.clone()).await?;
    a_while(scene).await;
    let behind = open(scene, at("mailing/welcome", &["*"], clock.in_ms(-1)?)?).await?;
    for (id, time) in [("billing/ledger", 0), ("billing/other", 1_000_000_000_000)] {
        let reader = open(scene, at(id, &["*"], Timestamp::from_unix_millis(time)?)?).await?;
        assert_in_order(&reader.finish(12, 12).await?, &ids(&lying));
        assert_eq!(published(scene, &reader).await?, 12);
    }
    behind.nothing_comes().await?;
    assert_eq!(published(scene, &behind).await?, 0);
    scene.publish(events(2, "lead.created")?).await?;
    behind.finish(2, 2).await?;
    assert_eq!(published(scene, &behind).await?, 2);
    keeper.finish(14, 14).await?;
    Ok(())
}

pub async fn a_start_to_come_is_given_nothing_from_before_and_all_from_after<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let clock = Clock::start();
    let keeper = scene.open("audit/all", &["*"]).await?;
    let early = events(10, "lead.created")?;
    scene.publish(early.clone()).await?;
    let spec = at("billing/ledger", &["lead.*"], clock.in_time(H::delay() * 3)?)?;
    assert_eq!(scene.admin().preview(&spec).await?.begins_with, 0);
    let reader = open(scene, spec).await?;
    scene.publish(events(10, "lead.created")?).await?;
    reader.nothing_comes_for(H::delay()).await?;
    assert_eq!(published(scene, &reader).await?, 0);
    // What all others have settled may be removed meanwhile.
    keeper.finish(20, 20).await?;
    scene.harness.advance(H::delay() * 3).await;
    let wanted = events(10, "lead.created")?;
    scene.publish(wanted.clone()).await?;
    if scene.can().status {
        let names = |status: tekup_core::transport::EventStatus| status.subscriptions.len();
        assert_eq!((names(scene.status(&early[0]).await?), names(scene.status(&wanted[0]).await?)), (1, 2));
    }
    assert_eq!(published(scene, &reader).await?, 10);
    assert_in_order(&reader.finish(10, 4).await?, &ids(&wanted));
    reader.nothing_comes().await?;
    assert_eq!(published(scene, &reader).await?, 10);
    keeper.finish(10, 10).await?;
    Ok(())
}

pub async fn a_start_to_come_holds_for_lanes_made_later_and_for_what_comes_due<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let clock = Clock::start();
    let keeper = scene.open("audit/all", &["*"]).await?;
    scene.ledger.ask_only_for_balance(&keeper.id);
    let reader = open(scene, at("billing/ledger", &["lead.*"], clock.in_time(H::delay() * 4)?)?).await?;
    let due = |delay: Duration| -> Result<Outgoing> {
        let mut later = event("lead.reminded")?;
        later.due = Some(Due::After(delay));
        Ok(later)
    };
    let (before, after) = (due(H::delay())?, due(H::delay() * 6)?);
    scene.transport.publish(vec![before, after.clone()]).await?.into_iter().collect::<Result<Vec<_>>>()?;
    scene.publish(events(5, "lead.scored")?).await?;
    reader.nothing_comes_for(H::delay() * 2).await?;
    scene.harness.advance(H::delay() * 3).await;
    let scored = events(5, "lead.scored")?;
    let made_later = events(5, "lead.lost")?;
    scene.publish([scored.clone(), made_later.clone()].concat()).await?;
    let mut came = reader.finish(10, 10).await?;
    came.push(reader.take_one_within(H::delay() * 4 + H::soon()).await?.id);
    assert_all(came, [ids(&scored), ids(&made_later), vec![after.id]].concat());
    keeper.finish(17, 17).await?;
    Ok(())
}

pub async fn the_first_start_counts_and_outlives_its_process<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let clock = Clock::start();
    let time = clock.in_time(H::delay() * 3)?;
    let first = open(scene, at("billing/ledger", &["*"], time)?).await?;
    scene.publish(events(3, "lead.created")?).await?;
    first.close().await?;
    // Another start is none of an old subscription's business.
    let elsewhere = scene.another_process().await?;
    let reader = scene.open_on(&elsewhere, from_the_beginning("billing/ledger", &["*"])?).await?;
    scene.publish(events(3, "lead.scored")?).await?;
    reader.nothing_comes_for(H::delay()).await?;
    scene.harness.advance(H::delay() * 3).await;
    let wanted = events(4, "lead.created")?;
    scene.publish(wanted.clone()).await?;
    assert_in_order(&reader.finish(4, 4).await?, &ids(&wanted));
    reader.nothing_comes().await?;
    assert_eq!(published(scene, &reader).await?, 4);
    let later = scene.open_with(at("billing/ledger", &["*"], Timestamp::from_unix_millis(0)?)?).await?;
    later.nothing_comes().await
}

pub async fn a_start_at_a_time_is_for_its_tenants<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let clock = Clock::start();
    let keeper = scene.open("audit/all", &["*"]).await?;
    scene.publish(vec![event_of("acme", "lead.created")?, event_of("globex", "lead.created")?]).await?;
    a_while(scene).await;
    let time = clock.in_time(H::delay() / 2)?;
    a_while(scene).await;
    let since = [event_of("acme", "lead.created")?, event_of("globex", "lead.created")?];
    scene.publish(since.to_vec()).await?;
    let mut spec = at("billing/ledger", &["*"], time)?;
    spec.tenants = vec!["acme".parse()?];
    let reader = open(scene, spec).await?;
    // Others' are handed out all the same, for the bus to skip.
    assert_all(reader.finish(2, 2).await?, ids(&since));
    if scene.can().status {
        assert_eq!(scene.status(&since[0]).await?.subscriptions.len(), 2);
        assert_eq!(scene.status(&since[1]).await?.subscriptions.len(), 1);
    }
    keeper.finish(4, 4).await?;
    Ok(())
}

pub async fn a_start_to_come_holds_though_places_are_lost<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let clock = Clock::start();
    let reader = open(scene, at("billing/ledger", &["*"], clock.in_time(H::delay() * 3)?)?).await?;
    scene.publish(events(5, "lead.created")?).await?;
    scene.harness.lose(Lost::Places).await?;
    scene.publish(events(5, "lead.created")?).await?;
    reader.nothing_comes_for(H::delay()).await?;
    scene.harness.advance(H::delay() * 3).await;
    let wanted = events(5, "lead.created")?;
    scene.publish(wanted.clone()).await?;
    assert_in_order(&reader.finish(5, 5).await?, &ids(&wanted));
    reader.nothing_comes().await?;
    assert_eq!(published(scene, &reader).await?, 5);
    Ok(())
}

pub async fn a_start_to_come_holds_for_the_lists_of_a_later_deploy<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let time = Clock::start().in_time(H::delay() * 3)?;
    let spec_of = |revision, pattern| -> Result<SourceSpec> {
        let mut spec = at("billing/ledger", &[pattern], time)?;
        spec.revision = revision;
        Ok(spec)
    };
    let old = open(scene, spec_of(1, "lead.*")?).await?;
    let both = || Ok::<_, tekup_core::Error>([events(3, "lead.created")?, events(3, "invoice.paid")?].concat());
    scene.publish(both()?).await?;
    let elsewhere = scene.another_process().await?;
    let new = scene.open_on(&elsewhere, spec_of(2, "invoice.*")?).await?;
    scene.publish(both()?).await?;
    assert_eq!(scene.admin().registration(&new.id).await?.draining, [], "nothing of before is its own");
    new.nothing_comes_for(H::delay()).await?;
    scene.harness.advance(H::delay() * 3).await;
    let wanted = events(4, "invoice.paid")?;
    scene.publish([wanted.clone(), events(4, "lead.created")?].concat()).await?;
    assert_in_order(&new.finish(4, 4).await?, &ids(&wanted));
    old.nothing_comes().await?;
    new.nothing_comes().await?;
    assert_eq!(published(scene, &new).await?, 4);
    Ok(())
}

pub async fn a_removal_forgets_the_start<H: Harness>(scene: &Scene<H>) -> Result<()> {
    if !scene.can().dead_letters {
        return Ok(());
    }
    let clock = Clock::start();
    let keeper = scene.open("audit/all", &["*"]).await?;
    scene.publish(events(3, "lead.created")?).await?;
    let first = open(scene, at("billing/ledger", &["*"], clock.in_time(H::delay() * 100)?)?).await?;
    first.close().await?;
    assert_eq!(scene.remove(&first.id).await?.published, 0);
    let again = scene.open("billing/ledger", &["*"]).await?;
    let wanted = events(3, "lead.created")?;
    scene.publish(wanted.clone()).await?;
    assert_in_order(&again.finish(3, 3).await?, &ids(&wanted));
    assert_eq!(published(scene, &again).await?, 3);
    keeper.finish(6, 6).await?;
    Ok(())
}

pub async fn a_start_out_of_range_is_refused_and_names_the_time<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let century = Timestamp::from_unix_millis(Timestamp::now().unix_millis() + 100 * 366 * 86_400_000)?;
    for (time, said) in [(Timestamp::from_unix_millis(-1)?, "before 1970"), (century, "at most 366 days from now")] {
        let refused = scene.transport.open(at("billing/ledger", &["*"], time)?).await.err();
        let error = refused.ok_or_else(|| super::unexpected("it was taken"))?;
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(said) && error.to_string().contains(&time.to_string()), "{error}");
    }
    let bus = scene.bus(tekup_core::BusConfig::new("billing")).await?;
    let subscription = || tekup_core::Subscription::matching("ledger", "*").start_at(StartAt::At(century));
    let handled = subscription().handler(async |_: tekup_core::RawEvent, _| ());
    assert!(bus.subscribe(handled).await.is_err_and(|error| error.kind() == ErrorKind::InvalidInput));
    assert!(bus.preview(&subscription()).await.is_err());
    bus.shutdown().await
}
