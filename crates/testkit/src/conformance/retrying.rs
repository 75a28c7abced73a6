//! What failed comes again: to its own subscription, in time, whoever dies.

use std::time::Duration;

use tekup_core::{
    Priority, Result,
    transport::{Capabilities, Stage, Start, Verdict},
};
use tokio::time::Instant;

use super::{
    Harness, Scene,
    events::{assert_all, event, events, ids, with_priority},
    replica::Replica,
    scene::spec,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

pub async fn a_retry_comes_not_before_its_delay_and_soon_after<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = with_priority(Priority::High, events(1, "lead.created")?);
    scene.publish(sent.clone()).await?;
    let first = reader.take_one().await?;
    let begun = Instant::now();
    reader.retry(&first, H::delay()).await?;
    reader.nothing_comes_for(H::delay() * 3 / 4).await?;
    let again = reader.take_one_within(H::delay() + H::soon()).await?;
    comes_in_time::<H>(begun, H::delay())?;
    assert_eq!((vec![again.id], again.start, again.priority), (ids(&sent), Start::Fresh, Priority::High));
    assert_eq!((&again.bytes, &again.tenant, again.failures), (&first.bytes, &first.tenant, 1));
    reader.ack(&[again]).await?;
    reader.nothing_comes_for(H::delay() + H::quiet()).await
}

fn comes_in_time<H: Harness>(begun: Instant, delay: Duration) -> Result<()> {
    let took = begun.elapsed();
    // A server counts whole milliseconds.
    let early = took + Duration::from_millis(2) < delay;
    if early || took > delay + H::soon() {
        return Err(unexpected(format!("a retry after {delay:?} came after {took:?}")));
    }
    Ok(())
}

pub async fn a_retry_without_delay_comes_at_once<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    scene.publish_one(&event("lead.created")?).await?;
    reader.retry(&reader.take_one().await?, Duration::ZERO).await?;
    let again = reader.take_one().await?;
    assert_eq!(again.failures, 1);
    reader.ack(&[again]).await
}

pub async fn a_retry_belongs_to_its_subscription_alone<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let failing = scene.open("billing/ledger", &["*"]).await?;
    let content = scene.open("mailing/welcome", &["*"]).await?;
    scene.publish_one(&event("lead.created")?).await?;
    content.finish(1, 1).await?;
    failing.retry(&failing.take_one().await?, H::delay()).await?;
    content.nothing_comes_for(H::delay() + H::quiet()).await?;
    failing.finish(1, 1).await?;
    Ok(())
}

pub async fn a_retry_outlives_the_handle_that_asked_for_it<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let sent = event("lead.created")?;
    {
        let first = scene.another_process().await?;
        let reader = scene.open_on(&first, spec("billing/ledger", &["*"])?).await?;
        scene.publish_one(&sent).await?;
        reader.retry(&reader.take_one().await?, H::delay()).await?;
        reader.close().await?;
    }
    let second = scene.another_process().await?;
    let reader = scene.open_on(&second, spec("billing/ledger", &["*"])?).await?;
    let again = reader.take_one_within(H::delay() + H::soon()).await?;
    assert_eq!((again.id, &again.bytes, again.failures), (sent.id, &sent.bytes, 1));
    reader.ack(&[again]).await
}

pub async fn an_earlier_retry_overtakes_the_wait_for_a_later_one<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, other) = scene.open_twice(spec("billing/ledger", &["*"])?).await?;
    scene.publish(events(2, "lead.created")?).await?;
    let [late, early] = one.take().await?;
    one.retry(&late, H::delay() * 20).await?;
    let added = async {
        tokio::time::sleep(H::quiet()).await;
        let begun = Instant::now();
        one.retry(&early, H::delay()).await.map(|()| begun)
    };
    let (first, begun) = tokio::try_join!(other.take_one_within(H::quiet() + H::delay() + 2 * H::soon()), added)?;
    assert_eq!(first.id, early.id);
    comes_in_time::<H>(begun, H::delay())?;
    other.ack(&[first]).await
}

pub async fn retries_come_in_the_order_in_which_they_are_due<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    scene.publish(events(3, "lead.created")?).await?;
    let [a, b, c] = reader.take().await?;
    for (delivery, times) in [(&a, 3), (&b, 1), (&c, 2)] {
        reader.retry(delivery, H::delay() * times).await?;
    }
    for expected in [b, c, a] {
        let again = reader.take_one_within(H::delay() * 3 + H::soon()).await?;
        assert_eq!(again.id, expected.id);
        reader.ack(&[again]).await?;
    }
    Ok(())
}

pub async fn failures_and_the_first_failure_are_carried<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    scene.publish_one(&event("lead.created")?).await?;
    let first = reader.take_one().await?;
    assert_eq!((first.failures, first.first_failure), (0, None));
    reader.retry(&first, H::delay()).await?;
    let second = reader.take_one_within(H::delay() + H::soon()).await?;
    reader.retry(&second, H::delay()).await?;
    let third = reader.take_one_within(H::delay() + H::soon()).await?;
    assert_eq!((second.failures, third.failures), (1, 2));
    assert!(second.first_failure.is_some() && second.first_failure == third.first_failure, "{second:?} {third:?}");
    reader.bury(&[third]).await?;
    if scene.can().dead_letters {
        let letters = dead_letters_of(scene, &reader).await?;
        assert_eq!(letters, [(3, second.first_failure)]);
    }
    Ok(())
}

async fn dead_letters_of<H: Harness>(
    scene: &Scene<H>,
    reader: &Replica<H>,
) -> Result<Vec<(u32, Option<tekup_core::Timestamp>)>> {
    use tekup_core::transport::Admin;
    let page = scene.admin().dead_letters(&reader.id, None, None, 10).await?;
    Ok(page.letters.iter().map(|letter| (letter.attempts, letter.first_failure)).collect())
}

pub async fn a_full_retry_queue_stops_fresh_events_and_loses_none<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let mut limited = spec("billing/ledger", &["*"])?;
    limited.retry_limit = 5;
    let reader = scene.open_with(limited).await?;
    let sent = events(30, "lead.created")?;
    scene.publish(sent.clone()).await?;
    let failing = reader.take_by(6, 6).await?;
    // Long enough that none is due before all have failed and nothing fresh was seen to come.
    let delay = H::delay() + H::soon() + H::quiet();
    for delivery in &failing {
        reader.retry(delivery, delay).await?;
    }
    reader.nothing_comes().await?;
    let first = reader.take_one_within(delay + H::soon()).await?;
    reader.ack(std::slice::from_ref(&first)).await?;
    let mut finished = vec![first.id];
    finished.extend(reader.finish(29, 6).await?);
    assert_all(finished, ids(&sent));
    Ok(())
}

pub async fn a_retry_days_away_is_kept<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = event("lead.created")?;
    scene.publish_one(&sent).await?;
    reader.retry(&reader.take_one().await?, Duration::from_secs(7 * 86_400)).await?;
    reader.nothing_comes().await?;
    if scene.can().status {
        assert_eq!(scene.stage(&sent).await?, (Stage::Retrying, 1));
    }
    Ok(())
}

pub async fn a_long_error_is_cut_and_stays_text<H: Harness>(scene: &Scene<H>) -> Result<()> {
    use tekup_core::transport::{Admin, DeadReason};
    if !scene.can().dead_letters {
        return Ok(());
    }
    let reader = scene.open("billing/ledger", &["*"]).await?;
    scene.publish_one(&event("lead.created")?).await?;
    let first = reader.take_one().await?;
    let error = format!("x{}", "ä".repeat(2_000));
    let verdict = Verdict::Retry { delay: Duration::ZERO, failures: 1, error: error.clone() };
    reader.settle(&first, verdict).await?;
    let again = reader.take_one().await?;
    let reason = DeadReason::AttemptsExhausted;
    reader.settle(&again, Verdict::DeadLetter { reason, attempts: 2, error: error.clone() }).await?;
    let page = scene.admin().dead_letters(&reader.id, None, None, 1).await?;
    let kept = page.letters.first().map_or("", |letter| letter.error.as_str());
    assert!(error.starts_with(kept) && (1_000..=1_024).contains(&kept.len()), "{} bytes were kept", kept.len());
    Ok(())
}
