//! What every replica hears, and what none is given later.

use std::{collections::BTreeSet, time::Duration};

use tekup_core::{
    Broadcast, Context, Event, EventBus, Outcome, RawEvent, Result, Subscription, TekupEvent,
    transport::{Capabilities, Stage},
};

use super::{
    Harness, Scene,
    on_the_bus::{LeadScored, LeadWon, Mouth, ear, scored, settings},
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.broadcast;

/// A listener that tells the score of each lead.
fn cache<N: Clone + Send + Sync + 'static>(name: N, mouth: &Mouth<(N, u32)>) -> Broadcast<Event<LeadScored>> {
    Broadcast::to::<LeadScored>("cache")
        .handler_with((name, mouth.clone()), async |(name, mouth), event: Event<LeadScored>, _| {
            mouth.tell((name, event.data.score))
        })
}

async fn publish(bus: &EventBus, scores: impl IntoIterator<Item = u32>) -> Result<()> {
    for receipt in bus.publish_batch(scores.into_iter().map(scored)).await? {
        receipt?;
    }
    Ok(())
}

pub async fn every_replica_hears_each_event<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (first, second) = (scene.bus(settings::<H>("shop")).await?, scene.bus(settings::<H>("shop")).await?);
    let (mouth, mut ear) = ear();
    first.listen(cache("first", &mouth)).await?;
    second.listen(cache("second", &mouth)).await?;
    publish(&first, 0..50).await?;
    let mut heard = BTreeSet::new();
    for _ in 0..100 {
        heard.insert(ear.next(H::soon()).await?);
    }
    let all = ["first", "second"].into_iter().flat_map(|name| (0..50).map(move |score| (name, score)));
    assert_eq!(heard, all.collect());
    ear.nothing_for(H::quiet()).await?;
    first.shutdown().await?;
    publish(&second, [50]).await?;
    assert_eq!(ear.next(H::soon()).await?, ("second", 50));
    ear.nothing_for(H::quiet()).await?;
    second.shutdown().await
}

pub async fn a_listener_hears_nothing_from_before_and_nothing_while_it_is_away<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let bus = scene.bus(settings::<H>("shop")).await?;
    let (mouth, mut ear) = ear();
    publish(&bus, [1]).await?;
    let listening = bus.listen(cache((), &mouth)).await?;
    publish(&bus, [2]).await?;
    assert_eq!(ear.next(H::soon()).await?, ((), 2));
    listening.stop().await?;
    publish(&bus, [3]).await?;
    let listening = bus.listen(cache((), &mouth)).await?;
    publish(&bus, [4]).await?;
    assert_eq!(ear.next(H::soon()).await?, ((), 4));
    ear.nothing_for(H::quiet()).await?;
    assert_eq!(listening.missed(), 0);
    bus.shutdown().await
}

pub async fn a_failing_listener_is_called_once_and_stops_nobody<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("shop")).await?;
    let (mouth, mut ear) = ear();
    let failing = Broadcast::to::<LeadScored>("failing").timeout(H::delay()).handler_with(
        mouth,
        async |mouth, event: Event<LeadScored>, cx: Context| {
            mouth.tell((event.data.score, cx.attempt(), cx.attempts_allowed()));
            match event.data.score {
                1 => Outcome::retry("the cache is locked"),
                2 => Outcome::dead_letter("no such lead"),
                3 => std::future::pending().await,
                _ => Outcome::Done,
            }
        },
    );
    bus.listen(failing).await?;
    publish(&bus, [1, 2, 3, 4]).await?;
    for score in 1..=4 {
        assert_eq!(ear.next(H::delay() + H::soon()).await?, (score, 1, 1));
    }
    ear.nothing_for(H::delay() + H::quiet()).await?;
    bus.shutdown().await?;
    let counters = bus.counters().await?;
    let counted = (counters.handled, counters.failed, counters.retried, counters.dead_lettered);
    assert_eq!(counted, (1, 3, 0, 0), "{counters:?}");
    Ok(())
}

pub async fn a_listener_hears_its_patterns_tenants_and_filter<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("shop")).await?;
    let (mouth, mut ear) = ear();
    let tells = async |mouth: Mouth<_>, event: RawEvent, _: Context| {
        mouth.tell((event.envelope().tenant.to_string(), event.is::<LeadWon>()));
    };
    let won = Broadcast::matching("won", "lead.w*").handler_with(mouth.clone(), tells);
    bus.tenant("acme")?.listen(won).await?;
    let high = Broadcast::to::<LeadScored>("high").filter(|event| event.data.score > 50);
    bus.listen(high.handler_with(mouth, async |mouth, event: Event<LeadScored>, _| {
        mouth.tell((event.data.score.to_string(), false));
    }))
    .await?;
    for tenant in ["globex", "acme"] {
        bus.publish(LeadWon {}.event(tenant)).await?;
    }
    assert_eq!(ear.next(H::soon()).await?, ("acme".into(), true));
    publish(&bus, [10, 60]).await?;
    assert_eq!(ear.next(H::soon()).await?, ("60".into(), false));
    ear.nothing_for(H::quiet()).await?;
    bus.shutdown().await
}

pub async fn a_listener_hears_a_type_that_is_new<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (bus, other) = (scene.bus(settings::<H>("shop")).await?, scene.bus(settings::<H>("crm")).await?);
    let (mouth, mut ear) = ear();
    let all = Broadcast::matching("all", "*");
    bus.listen(all.handler_with(mouth, async |mouth, event: RawEvent, _| mouth.tell(event.envelope().id))).await?;
    for tenant in 0..20 {
        let tenant = format!("tenant-{tenant}");
        let ids = [
            other.publish(LeadWon {}.event(tenant.as_str())).await?.id,
            other.publish(LeadScored { score: 1 }.event(tenant.as_str())).await?.id,
        ];
        let heard = [ear.next(H::soon()).await?, ear.next(H::soon()).await?];
        assert_eq!(BTreeSet::from(heard), BTreeSet::from(ids));
    }
    ear.nothing_for(H::quiet()).await?;
    other.shutdown().await?;
    bus.shutdown().await
}

pub async fn a_listener_hears_what_comes_later_though_nobody_subscribes<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("shop")).await?;
    let (mouth, mut ear) = ear();
    bus.listen(cache((), &mouth)).await?;
    bus.publish(scored(2).delay(2 * H::delay())).await?;
    bus.publish(scored(1).delay(H::delay())).await?;
    for score in [1, 2] {
        assert_eq!(ear.next(2 * H::delay() + H::soon()).await?, ((), score));
    }
    bus.shutdown().await
}

pub async fn what_a_listener_hears_causes_what_follows<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("shop")).await?;
    let (mouth, mut ear) = ear();
    let winner = Broadcast::to::<LeadScored>("winner");
    bus.listen(winner.handler(async |_, cx| {
        cx.publish(LeadWon {}).await?;
        Ok(())
    }))
    .await?;
    let won = Subscription::to::<LeadWon>("won");
    bus.subscribe(won.handler_with(mouth, async |mouth, won: Event<LeadWon>, _| {
        mouth.tell((won.envelope.tenant.to_string(), won.envelope.cause()));
    }))
    .await?;
    let id = bus.publish(LeadScored { score: 1 }.event("globex")).await?.id;
    assert_eq!(ear.next(H::soon()).await?, ("globex".into(), Some(id)));
    bus.shutdown().await
}

pub async fn a_listener_leaves_no_trace_in_status_or_books<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>("shop")).await?;
    let ((mouth, mut ear), (booked, mut books)) = (ear(), ear());
    bus.listen(cache((), &mouth)).await?;
    let ledger = Subscription::to::<LeadScored>("ledger");
    bus.subscribe(ledger.handler_with(booked, async |mouth, _, _| mouth.tell(()))).await?;
    let id = bus.publish(scored(1)).await?.id;
    assert_eq!(ear.next(H::soon()).await?, ((), 1));
    books.next(H::soon()).await?;
    books.nothing_for(Duration::ZERO).await?;
    bus.shutdown().await?;
    assert!(bus.books("shop/cache").await.is_err(), "a broadcast is no subscription");
    assert_eq!(bus.books("shop/ledger").await?.acked, 1);
    if scene.can().status {
        let status = bus.status("acme", id).await?;
        assert_eq!((status.stage, status.subscriptions.len()), (Stage::Completed, 1), "{status:?}");
    }
    Ok(())
}
