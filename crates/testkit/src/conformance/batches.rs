//! What a bus promises to handlers of many events at once, on this transport.

use std::collections::BTreeSet;

use tekup_core::{
    BatchContext, Event, Outcome, Result, RetryPolicy, Subscription, TekupEvent,
    transport::{Capabilities, DeadReason, Stage},
};

use super::{
    Harness, Scene,
    events::{event, with_bytes},
    on_the_bus::{LeadScored, LeadWon, ear, scored, settings},
    scene::spec,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

fn to(name: &str) -> Subscription<Event<LeadScored>> {
    Subscription::to::<LeadScored>(name).concurrency(1)
}

pub async fn a_batch_takes_what_waits_and_no_more_than_it_asked_for<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let (mouth, mut ear) = ear();
    let ledger = to("ledger").wait(H::soon()).batch_handler_with(4, mouth, async |mouth, leads, _| {
        mouth.tell(leads.iter().map(|lead| lead.data.score).collect::<Vec<_>>());
    });
    bus.subscribe(ledger).await?;
    bus.publish_batch((0..10).map(scored)).await?;
    let mut handled = Vec::new();
    for most in [4, 4, 2] {
        let batch = ear.next(3 * H::soon()).await?;
        assert_eq!(batch.len(), most, "{batch:?}");
        handled.extend(batch);
    }
    assert_eq!(handled, (0..10).collect::<Vec<_>>(), "one tenant's events come in their order");
    ear.nothing_for(H::quiet()).await?;
    bus.shutdown().await
}

pub async fn each_event_of_a_batch_has_its_own_outcome<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let (mouth, mut ear) = ear();
    let ledger = to("ledger").retry(RetryPolicy::fixed(3, H::delay()).without_jitter());
    let ledger =
        ledger.batch_handler_with(10, mouth, async |mouth, leads: Vec<Event<LeadScored>>, cx: BatchContext| {
            let outcome = |lead: &Event<LeadScored>| {
                let attempt = cx.for_event(lead).attempt();
                mouth.tell((lead.data.score, attempt));
                match (lead.data.score, attempt) {
                    (1, 1) => Outcome::retry("the ledger is closed"),
                    (2, _) => Outcome::dead_letter("no such lead"),
                    _ => Outcome::Done,
                }
            };
            leads.iter().map(outcome).collect::<Vec<_>>()
        });
    bus.subscribe(ledger).await?;
    let mut ids = Vec::new();
    for receipt in bus.publish_batch((0..3).map(scored)).await? {
        ids.push(receipt?.id);
    }
    let mut calls = BTreeSet::new();
    for _ in 0..4 {
        calls.insert(ear.next(H::delay() + H::soon()).await?);
    }
    assert_eq!(calls, BTreeSet::from([(0, 1), (1, 1), (1, 2), (2, 1)]));
    ear.nothing_for(H::quiet()).await?;
    bus.shutdown().await?;
    let books = bus.books("billing/ledger").await?;
    assert_eq!((books.acked, books.dead), (2, 1), "{books:?}");
    if scene.can().status {
        for (id, stage) in ids.into_iter().zip([Stage::Completed, Stage::Completed, Stage::Failed]) {
            assert_eq!(bus.status("acme", id).await?.stage, stage);
        }
    }
    Ok(())
}

pub async fn what_can_not_be_read_or_is_not_wanted_never_reaches_a_batch<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let (mouth, mut ear) = ear();
    let ledger = to("ledger").filter(|lead| lead.data.score > 50);
    let ledger = ledger.batch_handler_with(10, mouth, async |mouth, leads, _| {
        leads.iter().for_each(|lead: &Event<LeadScored>| mouth.tell(lead.data.score));
    });
    bus.subscribe(ledger).await?;
    let bad = with_bytes(event("lead.scored")?, "<lead/>");
    bus.publish(bad.clone()).await?;
    bus.publish_batch([60, 20, 70].map(scored)).await?;
    for score in [60, 70] {
        assert_eq!(ear.next(H::soon()).await?, score);
    }
    ear.nothing_for(H::delay() + H::quiet()).await?;
    bus.shutdown().await?;
    let counters = bus.counters().await?;
    let counted = (counters.handled, counters.filtered, counters.dead_lettered, counters.retried);
    assert_eq!(counted, (2, 1, 1, 0), "{counters:?}");
    if scene.can().dead_letters {
        let letters = bus.dead_letters("billing/ledger")?.list(None, 10).await?.letters;
        let letter = letters.first().ok_or_else(|| unexpected("what can't be decoded is no dead letter"))?;
        assert_eq!((letter.id, letter.reason, &letter.bytes), (bad.id, DeadReason::Undecodable, &bad.bytes));
    }
    Ok(())
}

pub async fn a_batch_may_mix_tenants_and_what_it_causes_does_not<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let (mouth, mut ear) = ear();
    let ledger = to("ledger").wait(H::quiet()).batch_handler(10, async |leads, cx| {
        for lead in leads {
            cx.for_event(&lead).publish(LeadWon {}).await?;
        }
        Ok(())
    });
    bus.subscribe(ledger).await?;
    let won = Subscription::to::<LeadWon>("won");
    bus.subscribe(won.handler_with(mouth, async |mouth, won: Event<LeadWon>, _| {
        mouth.tell((won.envelope.tenant.clone(), won.envelope.cause()));
    }))
    .await?;
    let mut caused = BTreeSet::new();
    for tenant in ["acme", "globex", "initech"] {
        caused.insert((tenant.parse()?, Some(bus.publish(LeadScored { score: 1 }.event(tenant)).await?.id)));
    }
    let mut heard = BTreeSet::new();
    for _ in &caused {
        heard.insert(ear.next(2 * H::soon()).await?);
    }
    assert_eq!(heard, caused);
    bus.shutdown().await
}

pub async fn suspects_of_a_crash_are_handled_alone<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let mut crashing = spec("billing/ledger", &["lead.scored"])?;
    crashing.lease = H::lease();
    let crashed = scene.open_with(crashing).await?;
    let bus = scene.bus(settings::<H>("billing")).await?;
    bus.publish_batch((0..4).map(scored)).await?;
    crashed.take_by(4, 4).await?;
    let (mouth, mut ear) = ear();
    let ledger = to("ledger").batch_handler_with(10, mouth, async |mouth, leads, _| mouth.tell(leads.len()));
    bus.subscribe(ledger).await?;
    for _ in 0..4 {
        assert_eq!(ear.next(4 * H::lease() + 2 * H::soon()).await?, 1);
    }
    ear.nothing_for(H::quiet()).await?;
    bus.shutdown().await
}
