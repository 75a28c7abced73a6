//! Subscriptions whose rate is limited.

use std::time::Duration;

use tekup_core::{
    ErrorKind, EventId, RateLimit, RawEvent, Result, Subscription,
    transport::{Admin, Capabilities, Source, SourceSpec, Transport},
};
use tokio::time::{Instant, timeout};

use super::{
    Harness, Scene,
    events::{assert_all, events, ids},
    on_the_bus::{ear, scored, settings},
    replica::Replica,
    scene::spec,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

const LEDGER: &str = "billing/ledger";

fn limited(limit: RateLimit) -> Result<SourceSpec> {
    let mut spec = spec(LEDGER, &["*"])?;
    spec.rate_limit = Some(limit);
    Ok(spec)
}

/// A limit that lets nothing through within a test, but for its burst of one.
fn stingy() -> RateLimit {
    RateLimit::per_hour(1)
}

/// What comes within a time, all of it finished.
async fn finish_for<H: Harness>(reader: &Replica<H>, time: Duration) -> Result<Vec<EventId>> {
    let (mut ids, deadline) = (Vec::new(), Instant::now() + time);
    while Instant::now() < deadline {
        let batch = reader.fetch_within(100, deadline - Instant::now()).await?;
        reader.ack(&batch).await?;
        ids.extend(batch.iter().map(|delivery| delivery.id));
    }
    Ok(ids)
}

/// Sets a limit, and waits until a replica knows of it.
async fn set<H: Harness>(scene: &Scene<H>, reader: &Replica<H>, limit: Option<RateLimit>) -> Result<()> {
    assert!(scene.admin().set_rate_limit(&reader.id, limit).await?, "it was {limit:?} before");
    let mut state = reader.source.state();
    let known = timeout(H::soon(), state.wait_for(|state| state.rate_limit == limit)).await;
    known.map_err(|_| unexpected("the replica was not told"))?.map_err(|_| unexpected("the replica has gone"))?;
    Ok(())
}

pub async fn a_rate_limit_is_shared_by_all_replicas<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let limit = RateLimit::new(60, 4 * H::delay());
    let (one, other) = scene.open_twice(limited(limit)?).await?;
    let batch = events(200, "lead.created")?;
    scene.publish(batch.clone()).await?;
    let period = limit.period();
    let (mut got, more) = tokio::try_join!(finish_for(&one, period), finish_for(&other, period))?;
    got.extend(more);
    let (least, most) = (limit.events() / 2, limit.events() + 2 * limit.burst());
    let count = got.len();
    assert!((least as usize..=most as usize).contains(&count), "{count} came where {limit} were allowed");
    set(scene, &one, None).await?;
    got.extend(one.finish(batch.len() - count, 100).await?);
    assert_all(got, ids(&batch));
    Ok(())
}

pub async fn a_rate_limit_is_heard_while_it_waits<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open_with(limited(stingy())?).await?;
    let batch = events(30, "lead.created")?;
    scene.publish(batch.clone()).await?;
    let mut got = reader.finish(1, 10).await?;
    reader.nothing_comes().await?;
    let faster = async {
        tokio::time::sleep(H::quiet()).await;
        set(scene, &reader, Some(RateLimit::per_second(1_000))).await.map(|()| Instant::now())
    };
    let (came, changed) = tokio::try_join!(reader.fetch_within(10, H::quiet() + 2 * H::soon()), faster)?;
    assert!(!came.is_empty() && changed.elapsed() < H::soon(), "it was heard after {:?}", changed.elapsed());
    reader.ack(&came).await?;
    got.extend(came.iter().map(|delivery| delivery.id));
    set(scene, &reader, Some(stingy())).await?;
    // What the faster limit had given may still be used.
    got.extend(finish_for(&reader, H::quiet()).await?);
    reader.nothing_comes().await?;
    set(scene, &reader, None).await?;
    got.extend(reader.finish(batch.len() - got.len(), 30).await?);
    assert_all(got, ids(&batch));
    Ok(())
}

pub async fn retries_count_against_the_rate_limit<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open_with(limited(stingy())?).await?;
    scene.publish(events(1, "lead.created")?).await?;
    reader.retry(&reader.take_one().await?, Duration::ZERO).await?;
    reader.nothing_comes().await?;
    set(scene, &reader, None).await?;
    let again = reader.take_one().await?;
    assert_eq!(again.failures, 1);
    reader.ack(&[again]).await
}

pub async fn what_one_replica_does_not_use_another_may<H: Harness>(scene: &Scene<H>) -> Result<()> {
    // A burst of ten, and then nothing for long.
    let (one, other) = scene.open_twice(limited(RateLimit::new(100, Duration::from_secs(24 * 3_600)))?).await?;
    one.nothing_comes().await?;
    let batch = events(12, "lead.created")?;
    scene.publish(batch[..1].to_vec()).await?;
    let mut got = one.finish(1, 10).await?;
    one.nothing_comes().await?;
    scene.publish(batch[1..].to_vec()).await?;
    got.extend(other.finish(9, 10).await?);
    tokio::try_join!(one.nothing_comes(), other.nothing_comes())?;
    set(scene, &one, None).await?;
    got.extend(one.finish(2, 2).await?);
    assert_all(got, ids(&batch));
    Ok(())
}

pub async fn an_operators_rate_limit_holds_until_a_replica_says_something_new<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let (admin, id) = (scene.admin(), LEDGER.parse()?);
    let [first, operators, second] = [100, 50, 200].map(RateLimit::per_second);
    let now = async || admin.state(&id).await.map(|state| state.rate_limit);
    scene.open_with(limited(first)?).await?.close().await?;
    assert_eq!(now().await?, Some(first));
    assert!(admin.set_rate_limit(&id, Some(operators)).await?);
    assert!(!admin.set_rate_limit(&id, Some(operators)).await?, "nothing changed");
    scene.open_with(limited(first)?).await?.close().await?;
    assert_eq!(now().await?, Some(operators), "the same program came again");
    scene.open_with(limited(second)?).await?.close().await?;
    assert_eq!(now().await?, Some(second), "another program came");
    assert!(admin.set_rate_limit(&id, None).await?);
    scene.open_with(limited(second)?).await?.close().await?;
    assert_eq!(now().await?, None);
    let plain = scene.open(LEDGER, &["*"]).await?;
    set(scene, &plain, Some(operators)).await?;
    scene.open(LEDGER, &["*"]).await?.close().await?;
    assert_eq!(now().await?, Some(operators), "no limit was said before, and none is now");
    Ok(())
}

async fn now<H: Harness>(scene: &Scene<H>) -> Result<Option<RateLimit>> {
    scene.admin().state(&LEDGER.parse()?).await.map(|state| state.rate_limit)
}

fn deploy(revision: u64, limit: Option<RateLimit>) -> Result<SourceSpec> {
    let mut spec = spec(LEDGER, &["*"])?;
    (spec.revision, spec.rate_limit) = (revision, limit);
    Ok(spec)
}

pub async fn an_old_replica_that_restarts_does_not_set_its_old_rate_limit_back<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let [old, new] = [100, 50].map(|events| Some(RateLimit::per_second(events)));
    // In the order of a deploy, one that lifts the limit included: who starts, and the limit that holds then.
    let starts = [
        (1, old, old),
        (2, new, new),
        (1, old, new),
        (0, old, new),
        (0, None, new),
        (2, new, new),
        (3, None, None),
        (2, new, None),
        (1, old, None),
        (4, None, None),
        (3, old, None),
        (5, old, old),
    ];
    for (revision, declared, holds) in starts {
        let replica = scene.open_with(deploy(revision, declared)?).await?;
        assert_eq!(now(scene).await?, holds, "after revision {revision} with {declared:?}");
        assert_eq!(replica.source.state().borrow().rate_limit, holds, "as revision {revision} knows it");
        replica.close().await?;
    }
    Ok(())
}

pub async fn an_operators_rate_limit_holds_against_older_revisions_and_newer_ones_that_say_the_same<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let [declared, operators, other] = [100, 50, 200].map(|events| Some(RateLimit::per_second(events)));
    let reader = scene.open_with(deploy(2, declared)?).await?;
    for by_hand in [operators, None] {
        set(scene, &reader, by_hand).await?;
        for (revision, limit) in [(1, other), (2, declared), (3, declared), (2, other)] {
            scene.open_with(deploy(revision, limit)?).await?.close().await?;
            assert_eq!(now(scene).await?, by_hand, "after revision {revision} with {limit:?}");
        }
    }
    scene.open_with(deploy(4, other)?).await?.close().await?;
    assert_eq!(now(scene).await?, other, "a newer one says something new");
    Ok(())
}

pub async fn deploys_of_one_revision_with_different_rate_limits_are_refused_with_both<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let limit = Some(RateLimit::per_second(100));
    let reader = scene.open_with(deploy(7, limit)?).await?;
    for (other, named) in [(Some(RateLimit::per_second(50)), "rate limit of 50 in 1s"), (None, "no rate limit")] {
        let refused = scene.another_process().await?.open(deploy(7, other)?).await.err();
        let error = refused.ok_or_else(|| unexpected(format!("{other:?} was taken beside {limit:?}")))?;
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        for part in [LEDGER, named, "rate limit of 100 in 1s", "revision 7", "raise the revision"] {
            assert!(error.to_string().contains(part), "{part} in {error}");
        }
        assert_eq!(now(scene).await?, limit);
        assert_eq!(scene.admin().replicas(&reader.id).await?.alive, 1, "who was refused is no replica");
    }
    set(scene, &reader, None).await?;
    let refused = scene.another_process().await?.open(deploy(7, None)?).await;
    assert!(refused.is_err(), "what an operator has set is no word of that revision");
    scene.publish(events(3, "lead.created")?).await?;
    reader.finish(3, 3).await.map(drop)
}

pub async fn a_rate_limit_out_of_range_is_refused<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let reader = scene.open(LEDGER, &["*"]).await?;
    let second = Duration::from_secs(1);
    let bad = [(0, second), (1_000_001, second), (1, Duration::ZERO), (1, Duration::from_secs(25 * 3_600))];
    for (events, period) in bad {
        let limit = RateLimit::new(events, period);
        let named = Subscription::matching("named", "*").rate_limit(limit).handler(async |_: RawEvent, _| ());
        let errors = [
            bus.set_rate_limit(LEDGER, Some(limit)).await.err(),
            scene.admin().set_rate_limit(&reader.id, Some(limit)).await.err(),
            scene.open_with(limited(limit)?).await.err(),
            bus.subscribe(named).await.err(),
        ];
        for error in errors {
            let error = error.ok_or_else(|| unexpected(format!("a limit of {limit} was taken")))?;
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(error.to_string().contains("rate limit"), "{error}");
        }
    }
    assert_eq!(scene.admin().state(&reader.id).await?.rate_limit, None);
    bus.shutdown().await
}

pub async fn a_bus_handles_no_more_than_its_rate_limit<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other) = (scene.bus(settings::<H>("billing")).await?, scene.bus(settings::<H>("billing")).await?);
    let limit = RateLimit::new(40, 4 * H::delay());
    let (mouth, mut ear) = ear();
    for bus in [&one, &other] {
        let ledger = Subscription::matching("ledger", "*").rate_limit(limit);
        let ledger =
            ledger.handler_with(mouth.clone(), async |mouth, event: RawEvent, _| mouth.tell(event.envelope().id));
        bus.subscribe(ledger).await?;
    }
    let mut sent = Vec::new();
    let begun = Instant::now();
    for score in 0..60 {
        sent.push(one.publish(scored(score)).await?.id);
    }
    let mut handled = Vec::new();
    while begun.elapsed() < limit.period() {
        match timeout(limit.period().saturating_sub(begun.elapsed()), ear.next(limit.period())).await {
            Ok(id) => handled.push(id?),
            Err(_) => break,
        }
    }
    let (least, most) = (limit.events() / 2, limit.events() + 2 * limit.burst());
    assert!(
        (least as usize..=most as usize).contains(&handled.len()),
        "{} came where {limit} are allowed",
        handled.len()
    );
    assert!(one.set_rate_limit(LEDGER, None).await?);
    while handled.len() < sent.len() {
        handled.push(ear.next(H::soon()).await?);
    }
    assert_all(handled, sent);
    one.shutdown().await?;
    other.shutdown().await
}
