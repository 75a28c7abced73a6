//! What a tenant's handle reaches, and what it does not.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tekup_core::{
    ErrorKind, Event, EventId, Outcome, RawEvent, Result, Subscription, TekupEvent, TenantBus, TenantId,
    transport::{Capabilities, Stage},
};
use tokio::time::timeout;

use super::{
    Harness, Scene,
    on_the_bus::{Ear, LeadScored, ear, settings},
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.dead_letters;

pub async fn a_tenants_handle_sees_only_its_own<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let (acme, globex) = (bus.tenant("acme")?, bus.tenant("globex")?);
    let mended = Arc::new(AtomicBool::new(false));
    let (mouth, mut everyones) = ear();
    let ledger = Subscription::to::<LeadScored>("ledger").handler_with(
        (mouth, Arc::clone(&mended)),
        async |(mouth, mended), event: Event<LeadScored>, _| {
            mouth.tell(event.envelope.tenant);
            if mended.load(Ordering::SeqCst) { Outcome::Done } else { Outcome::dead_letter("no such lead") }
        },
    );
    bus.subscribe(ledger).await?;
    let (mut of_acme, mut of_globex) = (hears(scene, &acme).await?, hears(scene, &globex).await?);
    let mine = acme.publish(LeadScored { score: 1 }).await?.id;
    let theirs = globex.publish(LeadScored { score: 2 }).await?.id;
    let heard = BTreeSet::from([everyones.next(H::soon()).await?, everyones.next(H::soon()).await?]);
    assert_eq!(heard, BTreeSet::from([acme.tenant().clone(), globex.tenant().clone()]));
    for (ear, handle) in [(&mut of_acme, &acme), (&mut of_globex, &globex)] {
        assert_eq!(ear.next(H::soon()).await?, *handle.tenant());
    }
    let id = "billing/ledger".parse()?;
    timeout(H::soon(), scene.ledger.until_dead(&id, 2)).await.map_err(|_| unexpected("the events did not die"))?;
    mended.store(true, Ordering::SeqCst);
    for (handle, own, other, others) in [(&acme, mine, &globex, theirs), (&globex, theirs, &acme, mine)] {
        publishes_and_subscribes_for_its_own(handle, other).await?;
        sees_its_own(scene.can().status, handle, own, other, others).await?;
        let others_left = other.dead_letters("billing/ledger")?.count().await?;
        assert_eq!(handle.dead_letters("billing/ledger")?.replay_all().await?, 1);
        scene.ledger.replayed(&id, 1);
        assert_eq!(everyones.next(H::soon()).await?, *handle.tenant());
        assert_eq!(other.dead_letters("billing/ledger")?.count().await?, others_left, "the other's are not touched");
    }
    for (ear, tenant) in [(&mut everyones, "all"), (&mut of_acme, "acme"), (&mut of_globex, "globex")] {
        ear.nothing_for(H::quiet()).await.map_err(|error| unexpected(format!("{tenant}: {error}")))?;
    }
    bus.shutdown().await
}

/// Whose events a subscription through a tenant's handle gets.
async fn hears<H: Harness>(scene: &Scene<H>, handle: &TenantBus) -> Result<Ear<TenantId>> {
    let (mouth, ear) = ear();
    let audit = Subscription::matching(format!("audit-{}", handle.tenant()), "*");
    let audit =
        audit.handler_with(mouth, async |mouth, event: RawEvent, _| mouth.tell(event.envelope().tenant.clone()));
    let running = handle.subscribe(audit).await?;
    // Whether another tenant's event is never stored for it or skipped is the transport's choice.
    scene.ledger.ask_only_for_balance(running.id());
    Ok(ear)
}

async fn publishes_and_subscribes_for_its_own(handle: &TenantBus, other: &TenantBus) -> Result<()> {
    let foreign = LeadScored { score: 3 }.event(other.tenant().clone());
    let batch = [LeadScored { score: 4 }.event(other.tenant().clone())];
    let named = Subscription::matching("both", "*").tenants([other.tenant().clone()]);
    refused(handle.publish(foreign).await, "publish")?;
    refused(handle.publish_batch(batch).await, "publish_batch")?;
    refused(handle.subscribe(named.handler(async |_: RawEvent, _| ())).await, "subscribe")?;
    let counters = handle.counters().await?;
    assert_eq!(counters.published, 1, "{}: {counters:?}", handle.tenant());
    Ok(())
}

async fn sees_its_own(
    status: bool,
    handle: &TenantBus,
    own: EventId,
    other: &TenantBus,
    others: EventId,
) -> Result<()> {
    if status {
        assert_eq!(handle.status(own).await?.stage, Stage::Failed);
        assert_eq!(handle.status(others).await?.stage, Stage::Unknown);
        assert_eq!(handle.stored(own).await?.map(|stored| stored.id), Some(own));
        assert_eq!(handle.stored(others).await?, None);
    }
    let (letters, tenant) = (handle.dead_letters("billing/ledger")?, handle.tenant().clone());
    let listed: Vec<_> = letters.list(None, 10).await?.letters.into_iter().map(|letter| letter.id).collect();
    assert_eq!((listed.as_slice(), letters.count().await?), ([own].as_slice(), 1));
    assert_eq!(letters.show(tenant.clone(), own).await?.map(|letter| letter.id), Some(own));
    assert_eq!(letters.show(tenant.clone(), others).await?, None);
    assert!(!letters.replay(tenant, others).await?, "another's dead letter was replayed");
    refused(letters.show(other.tenant().clone(), others).await, "show")?;
    refused(letters.replay(other.tenant().clone(), others).await, "replay")
}

fn refused<T>(answer: Result<T>, call: &str) -> Result<()> {
    let error = answer.err().ok_or_else(|| unexpected(format!("`{call}` reached another tenant")))?;
    assert_eq!(error.kind(), ErrorKind::TenantMismatch, "{call}: {error}");
    Ok(())
}
