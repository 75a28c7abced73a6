//! What comes first, and how much at once.

use std::collections::BTreeMap;

use tekup_core::{
    Priority, Result,
    transport::{Capabilities, Source},
};

use super::{
    Harness, Scene,
    events::{assert_all, assert_in_order, event_of, events, ids, with_priority},
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

pub async fn critical_is_given_first<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    for priority in [Priority::Low, Priority::Medium, Priority::High, Priority::Critical] {
        scene.publish(with_priority(priority, events(3, "lead.created")?)).await?;
    }
    let first = reader.take_one().await?;
    assert_eq!(first.priority, Priority::Critical);
    reader.ack(&[first]).await?;
    reader.finish(11, 5).await?;
    Ok(())
}

pub async fn priorities_share_by_weight_and_none_starves<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    for priority in Priority::ALL {
        scene.publish(with_priority(priority, events(100, "lead.created")?)).await?;
    }
    let mut given = BTreeMap::new();
    for _ in 0..10 {
        let batch = reader.take_by(15, 15).await?;
        for delivery in &batch {
            *given.entry(delivery.priority).or_insert(0_u32) += 1;
        }
        reader.ack(&batch).await?;
    }
    for priority in Priority::ALL {
        let (share, fair) = (given.get(&priority).copied().unwrap_or(0), 10 * priority.weight());
        assert!(share * 2 >= fair && share <= fair * 2, "{priority} got {share} of 150, {fair} are fair: {given:?}");
    }
    reader.finish(250, 50).await?;
    Ok(())
}

pub async fn an_unused_share_goes_to_the_others<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let low = with_priority(Priority::Low, events(200, "lead.created")?);
    scene.publish(low.clone()).await?;
    let (mut taken, mut came) = (Vec::new(), 0);
    // A reader may need a few fetches to learn where nothing waits.
    for _ in 0..5 {
        let batch = reader.fetch_within(30, H::soon()).await?;
        reader.ack(&batch).await?;
        came = batch.len();
        taken.extend(batch.iter().map(|delivery| delivery.id));
    }
    assert!(came >= 20, "only {came} of 30 come, although nothing else waits");
    taken.extend(reader.finish(200 - taken.len(), 30).await?);
    assert_in_order(&taken, &ids(&low));
    Ok(())
}

pub async fn never_more_come_than_were_asked_for_over_150_full_lanes<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["lane.*"]).await?;
    let mut sent = Vec::new();
    for lane in 0..150 {
        let batch = events(10, &format!("lane.n{lane}"))?;
        scene.publish(batch.clone()).await?;
        sent.extend(ids(&batch));
    }
    let mut taken = Vec::new();
    // Each fetch is checked to bring no more than it was asked for.
    for most in [1, 2, 7, 10, 16, 100] {
        let batch = reader.fetch_within(most, H::soon()).await?;
        reader.ack(&batch).await?;
        taken.extend(batch.iter().map(|delivery| delivery.id));
    }
    taken.extend(reader.finish(1_500 - taken.len(), 100).await?);
    assert_all(taken, sent);
    reader.nothing_comes().await
}

pub async fn no_lane_of_many_is_forgotten<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["lane.*"]).await?;
    for lane in 0..20 {
        scene.publish(events(20, &format!("lane.n{lane}"))?).await?;
    }
    let lonely = super::events::event("lane.lonely")?;
    scene.publish_one(&lonely).await?;
    let mut seen_after = None;
    for fetched in 0..40 {
        let batch = reader.take_by(10, 10).await?;
        reader.ack(&batch).await?;
        if batch.iter().any(|delivery| delivery.id == lonely.id) {
            seen_after = Some(fetched);
            break;
        }
    }
    let after = seen_after.map_or(410, |fetched| (fetched + 1) * 10);
    assert!(after <= 210, "one event of its own lane came after {after} of 401");
    reader.finish(401 - after, 50).await?;
    Ok(())
}

pub async fn one_tenants_flood_leaves_other_lanes_alone<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    for _ in 0..10 {
        let flood = (0..200).map(|_| event_of("globex", "lead.created")).collect::<Result<Vec<_>>>()?;
        scene.publish(flood).await?;
    }
    let other = event_of("acme", "invoice.paid")?;
    scene.publish_one(&other).await?;
    let mut behind = 0;
    loop {
        let batch = reader.take_by(10, 10).await?;
        reader.ack(&batch).await?;
        if batch.iter().any(|delivery| delivery.id == other.id) {
            break;
        }
        behind += batch.len();
        assert!(behind <= 100, "one tenant's 2,000 events hold up another tenant's");
    }
    Ok(())
}

pub async fn what_a_slow_subscription_has_not_settled_is_never_trimmed<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let fast = scene.open("billing/ledger", &["*"]).await?;
    let slow = scene.open("mailing/welcome", &["*"]).await?;
    let mut sent = Vec::new();
    let held = {
        scene.publish(events(1, "lead.created")?).await?;
        slow.take_one().await?
    };
    fast.finish(1, 1).await?;
    for _ in 0..5 {
        let batch = events(100, "lead.created")?;
        scene.publish(batch.clone()).await?;
        sent.extend(ids(&batch));
        fast.finish(100, 50).await?;
        scene.harness.advance(H::lease() / 2).await;
        assert!(slow.source.renew(vec![held.held]).await?.is_empty());
    }
    assert_in_order(&slow.finish(500, 100).await?, &sent);
    slow.ack(&[held]).await
}
