//! Old and new processes that subscribe with other patterns or tenants under one name.

use std::time::Duration;

use tekup_core::{
    BusConfig, ErrorKind, RawEvent, Result, RetryPolicy, Subscription, SubscriptionId,
    transport::{Admin, Capabilities, Joining, Policy, Registration, SourceSpec, StartAt, Transport},
};

use super::{
    Harness, Scene,
    events::{assert_all, assert_in_order, event, events, ids},
    replica::Replica,
    scene::spec,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

fn deploy(revision: u64, patterns: &[&str]) -> Result<SourceSpec> {
    let mut spec = spec("billing/ledger", patterns)?;
    spec.revision = revision;
    Ok(spec)
}

/// Opens one in another process that must not change what is registered: so the ledger does not hear of it.
async fn open_behind<H: Harness>(scene: &Scene<H>, spec: SourceSpec) -> Result<Replica<H>> {
    let id = spec.id.clone();
    let source = scene.another_process().await?.open(spec).await?;
    Ok(Replica::new(source, id, scene.ledger.clone()))
}

async fn registered<H: Harness>(scene: &Scene<H>) -> Result<Registration> {
    scene.admin().registration(&"billing/ledger".parse()?).await
}

fn patterns(registered: &Registration) -> Vec<&str> {
    let mut patterns: Vec<_> = registered.patterns.iter().map(|pattern| pattern.as_str()).collect();
    patterns.sort_unstable();
    patterns
}

pub async fn old_and_new_run_together_and_nothing_is_missed_or_repeated<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let old = scene.open_with(deploy(1, &["lead.*", "invoice.paid"])?).await?;
    scene.publish([events(5, "lead.created")?, events(5, "invoice.paid")?].concat()).await?;
    old.finish(10, 10).await?;
    let elsewhere = scene.another_process().await?;
    let new = scene.open_on(&elsewhere, deploy(2, &["lead.*", "quote.sent"])?).await?;
    let both = events(40, "lead.created")?;
    let fresh = events(10, "quote.sent")?;
    scene.publish([both.clone(), fresh.clone(), events(3, "invoice.paid")?].concat()).await?;
    // What the old one has no handler for never comes to it.
    let mut of_old = old.take_by(20, 20).await?;
    assert!(of_old.iter().all(|taken| ids(&both).contains(&taken.id)), "{of_old:?}");
    old.ack(&of_old).await?;
    let mut came: Vec<_> = of_old.drain(..).map(|taken| taken.id).collect();
    came.extend(new.finish(30, 10).await?);
    assert_all(came, ids(&[both, fresh].concat()));
    old.nothing_comes().await?;
    new.nothing_comes().await
}

pub async fn an_old_one_that_restarts_does_not_take_the_subscription_back<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let old = scene.open_with(deploy(1, &["lead.created", "invoice.paid"])?).await?;
    scene.publish(vec![event("invoice.paid")?]).await?;
    old.finish(1, 1).await?;
    let new = scene.open_with(deploy(2, &["lead.*"])?).await?;
    old.close().await?;
    let again = open_behind(scene, deploy(1, &["lead.created", "invoice.paid"])?).await?;
    let now = registered(scene).await?;
    assert_eq!((patterns(&now), now.revision), (vec!["lead.*"], 2));
    let scored = events(5, "lead.scored")?;
    let created = events(5, "lead.created")?;
    scene.publish([scored.clone(), created.clone(), events(5, "invoice.paid")?].concat()).await?;
    assert_in_order(&again.finish(5, 5).await?, &ids(&created));
    again.nothing_comes().await?;
    assert_in_order(&new.finish(5, 5).await?, &ids(&scored));
    new.nothing_comes().await?;
    // Nor does it when it is the only one that is left.
    new.close().await?;
    let more = events(3, "lead.scored")?;
    scene.publish(more.clone()).await?;
    again.nothing_comes().await?;
    let back = scene.open_with(deploy(2, &["lead.*"])?).await?;
    assert_in_order(&back.finish(3, 3).await?, &ids(&more));
    Ok(())
}

pub async fn deploys_of_one_revision_that_disagree_are_refused_with_both_their_lists<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let one = scene.open_with(deploy(7, &["lead.*"])?).await?;
    let refused = scene.another_process().await?.open(deploy(7, &["invoice.*"])?).await.err();
    let error = refused.ok_or_else(|| super::unexpected("the second deploy was taken"))?;
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let message = error.to_string();
    for part in ["billing/ledger", "lead.*", "invoice.*", "revision 7", "raise the revision"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    let now = registered(scene).await?;
    assert_eq!((patterns(&now), now.revision), (vec!["lead.*"], 7));
    let batch = events(3, "lead.created")?;
    scene.publish([batch.clone(), events(3, "invoice.paid")?].concat()).await?;
    assert_in_order(&one.finish(3, 3).await?, &ids(&batch));
    one.nothing_comes().await
}

pub async fn a_drained_lane_is_left_only_when_all_of_it_is_handled<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let old = scene.open_with(deploy(1, &["lead.*"])?).await?;
    let waiting = events(10, "lead.created")?;
    scene.publish(waiting.clone()).await?;
    let held = old.take_by(2, 2).await?;
    let new = scene.open_with(deploy(2, &["invoice.*"])?).await?;
    let draining = registered(scene).await?.draining;
    let told: Vec<_> = draining.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["lead.created:medium (10 events)"]);
    old.ack(&held).await?;
    let mut came: Vec<_> = held.iter().map(|taken| taken.id).collect();
    came.extend(new.finish(8, 4).await?);
    assert_in_order(&came, &ids(&waiting));
    assert_eq!(registered(scene).await?.draining, []);
    new.nothing_comes().await
}

pub async fn a_dry_run_changes_nothing_and_says_what_then_happens<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let ledger: SubscriptionId = "billing/ledger".parse()?;
    let keeper = scene.open("audit/all", &["*"]).await?;
    scene.publish([events(3, "lead.created")?, events(2, "invoice.paid")?].concat()).await?;
    let mut first = deploy(1, &["lead.*"])?;
    first.start_at = StartAt::Beginning;
    let preview = scene.admin().preview(&first).await?;
    assert_eq!((preview.joining, preview.begins_with), (Joining::New, 3));
    assert_eq!(preview.gains, ["lead.created".parse()?]);
    assert!(preview.to_string().contains("is new, and begins with 3 events"), "{preview}");
    let nobody = scene.admin().registration(&ledger).await.err();
    assert_eq!(nobody.map(|error| error.kind()), Some(ErrorKind::NotFound));

    let old = scene.open_with(first.clone()).await?;
    scene.ledger.ask_only_for_balance(&old.id);
    old.finish(3, 3).await?;
    scene.publish(events(4, "lead.created")?).await?;
    assert_eq!(scene.admin().preview(&first).await?.joining, Joining::Same);
    let next = deploy(2, &["invoice.*"])?;
    let preview = scene.admin().preview(&next).await?;
    let drains: Vec<_> = preview.drains.iter().map(ToString::to_string).collect();
    assert_eq!((preview.joining, preview.begins_with), (Joining::TakesOver, 0));
    assert_eq!((preview.gains, drains), (vec!["invoice.paid".parse()?], vec!["lead.created:medium (4 events)".into()]));
    for (revision, joining) in [(0, Joining::Behind), (1, Joining::Conflict)] {
        let preview = scene.admin().preview(&deploy(revision, &["invoice.*"])?).await?;
        assert_eq!((preview.joining, preview.gains.len(), preview.drains.len()), (joining, 0, 0));
    }
    assert_eq!(registered(scene).await?.revision, 1);
    old.finish(4, 4).await?;

    let new = scene.open_with(next).await?;
    assert_eq!(patterns(&registered(scene).await?), ["invoice.*"]);
    scene.publish(vec![event("invoice.paid")?]).await?;
    new.finish(1, 1).await?;
    keeper.finish(10, 10).await?;
    on_the_bus(scene).await
}

/// A bus looks with its own revision.
async fn on_the_bus<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let mut config = BusConfig::new("billing");
    config.revision = 3;
    let bus = scene.bus(config).await?;
    let ledger = Subscription::matching("ledger", "*").handler(async |_: RawEvent, _| ());
    let preview = bus.preview(&ledger).await?;
    assert_eq!((preview.joining, preview.wanted.revision), (Joining::TakesOver, 3));
    assert_eq!(bus.registration("billing/ledger").await?.revision, 2);
    assert!(bus.preview(&Subscription::matching("no such/name", "*")).await.is_err());
    bus.shutdown().await
}

pub async fn a_deploy_is_rolled_back_by_a_larger_revision<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let first = scene.open_with(deploy(1, &["lead.*"])?).await?;
    let second = scene.open_with(deploy(2, &["invoice.*"])?).await?;
    scene.publish(vec![event("lead.created")?, event("invoice.paid")?]).await?;
    second.finish(1, 1).await?;
    let third = scene.open_with(deploy(3, &["lead.*"])?).await?;
    let wanted = events(3, "lead.created")?;
    scene.publish([wanted.clone(), events(3, "invoice.paid")?].concat()).await?;
    assert_in_order(&third.finish(3, 3).await?, &ids(&wanted));
    let now = registered(scene).await?;
    assert_eq!((patterns(&now), now.revision), (vec!["lead.*"], 3));
    for replica in [&first, &second, &third] {
        replica.nothing_comes().await?;
    }
    Ok(())
}

pub async fn the_larger_revision_of_the_same_lists_is_kept<H: Harness>(scene: &Scene<H>) -> Result<()> {
    for (revision, kept) in [(1, 1), (5, 5), (3, 5), (0, 5)] {
        scene.open_with(deploy(revision, &["lead.*", "invoice.*"])?).await?;
        assert_eq!(registered(scene).await?.revision, kept);
    }
    let behind = open_behind(scene, deploy(4, &["lead.*"])?).await?;
    assert_eq!(patterns(&registered(scene).await?), ["invoice.*", "lead.*"]);
    scene.publish(events(2, "lead.created")?).await?;
    behind.finish(2, 2).await?;
    Ok(())
}

pub async fn tenants_are_deployed_as_patterns_are<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let of = |revision, tenant: &str| -> Result<SourceSpec> {
        let mut spec = deploy(revision, &["lead.*"])?;
        spec.tenants = vec![tenant.parse()?];
        Ok(spec)
    };
    let _one = scene.open_with(of(1, "acme")?).await?;
    let refused = scene.another_process().await?.open(of(1, "globex")?).await.err();
    assert_eq!(refused.map(|error| error.kind()), Some(ErrorKind::Conflict));
    let _two = scene.open_with(of(2, "globex")?).await?;
    let _behind = open_behind(scene, of(1, "acme")?).await?;
    assert_eq!(registered(scene).await?.tenants, ["globex".parse()?]);
    Ok(())
}

pub async fn a_revision_out_of_range_is_refused<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let largest = (1 << 53) - 1;
    let refused = scene.transport.open(deploy(largest + 1, &["lead.*"])?).await.err();
    let error = refused.ok_or_else(|| super::unexpected("a revision beyond the largest was taken"))?;
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains(&format!("use at most {largest}")), "{error}");
    scene.open_with(deploy(largest, &["lead.*"])?).await?;
    assert_eq!(registered(scene).await?.revision, largest);
    Ok(())
}

/// A deploy whose policy differs in how many handlers it runs at once.
fn at_once(revision: u64, concurrency: usize) -> Result<(SourceSpec, Policy)> {
    let mut policy = Policy::default();
    policy.concurrency = concurrency;
    policy.retry = RetryPolicy::exponential(5, Duration::from_secs(2)).without_jitter();
    policy.start_at = StartAt::Beginning;
    let mut spec = deploy(revision, &["lead.*"])?;
    spec.policy = Some(policy.clone());
    Ok((spec, policy))
}

pub async fn the_policy_that_the_newest_deploy_tells_of_is_known<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let silent = scene.open_with(deploy(1, &["lead.*"])?).await?;
    assert_eq!(registered(scene).await?.policy, None);
    // Of one revision the last one holds, of several the largest.
    for (revision, concurrency, known) in [(1, 5, 5), (1, 6, 6), (3, 16, 16), (2, 7, 16), (3, 17, 17), (0, 8, 17)] {
        let (spec, _) = at_once(revision, concurrency)?;
        scene.open_on(&*scene.another_process().await?, spec).await?.close().await?;
        let (_, expected) = at_once(revision, known)?;
        assert_eq!(registered(scene).await?.policy, Some(expected), "revision {revision} with {concurrency}");
    }
    // Who says nothing of the same revision leaves what is known; a newer one leaves nothing of it.
    let _same = scene.open_with(deploy(3, &["lead.*"])?).await?;
    assert_eq!(registered(scene).await?.policy, Some(at_once(3, 17)?.1));
    let _newer = scene.open_with(deploy(4, &["lead.*"])?).await?;
    let _behind = scene.open_with(at_once(3, 18)?.0).await?;
    assert_eq!(registered(scene).await?.policy, None);
    silent.close().await
}

pub async fn a_policy_goes_with_the_deploy_that_takes_over<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let old = scene.open_with(at_once(1, 5)?.0).await?;
    let (mut next, policy) = at_once(2, 16)?;
    next.patterns = vec!["invoice.*".parse()?];
    let preview = scene.admin().preview(&next).await?;
    assert_eq!(
        (preview.wanted.policy, preview.registered.and_then(|now| now.policy)),
        (Some(policy.clone()), at_once(1, 5)?.1.into())
    );
    let new = scene.open_with(next).await?;
    let _behind = open_behind(scene, at_once(1, 5)?.0).await?;
    assert_eq!(registered(scene).await?.policy, Some(policy.clone()));
    new.close().await?;
    assert_eq!(registered(scene).await?.policy, Some(policy));
    old.close().await
}
