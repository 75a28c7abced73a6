//! Subscriptions that are held up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tekup_core::{Environment, Event, HandlerError, RateLimit, RetryPolicy, Subscription, TekupEvent};
use tekup_events_crm::LeadCreated;

use super::{sound, world};
use crate::world::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_is_stuck_because_of_a_pause_or_of_a_limit_moves_on() {
    let world = world(sound()).await;
    let limited =
        Subscription::to::<LeadCreated>("limited").rate_limit(RateLimit::per_minute(10)).handler(async |_, _| ());
    world.bus.subscribe(limited).await.unwrap();
    world.subscribe("paused").await;
    world.bus.pause("crm/paused").await.unwrap();
    for _ in 0..30 {
        world.publish("acme", "website").await;
    }
    let at_once = ["--max-age", "1ms"];
    // The limit lets a few through at first.
    eventually(async || world.bus.books("crm/limited").await.unwrap().acked > 0).await;
    let told = world.finds(&at_once, &["rate-limited", "paused"]);
    assert!(told.line("paused").contains("30 events wait for it"), "{}", told.out);
    world.cure(&told);
    world.until_idle("crm/limited").await;
    world.until_idle("crm/paused").await;
    world.is_clean(&at_once);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_handler_is_helped_by_the_setting_that_is_named() {
    let world = world(sound()).await;
    let slow = || {
        Subscription::to::<LeadCreated>("slow").handler(async |_, _| {
            tokio::time::sleep(Duration::from_millis(400)).await;
        })
    };
    let restart = async |concurrency: &str| {
        let environment = Environment::of([
            ("REDIS_URL", world.server.url().as_str()),
            ("SERVICE_NAME", "crm"),
            ("EVENT_BUS_CONCURRENCY", concurrency),
        ]);
        let bus = tekup_redis_transport::from_environment(&environment).await.unwrap();
        bus.subscribe(slow()).await.unwrap();
        bus
    };
    let bus = restart("1").await;
    let thresholds = ["--max-age", "1s"];
    for _ in 0..100 {
        world.publish("acme", "website").await;
    }
    eventually(async || world.bus.depths("crm/slow").await.unwrap().total.oldest > Some(Duration::from_secs(1))).await;
    let told = world.finds(&thresholds, &["slow"]);
    assert!(told.out.contains("    do: ") && told.out.contains("EVENT_BUS_CONCURRENCY"), "{}", told.out);
    bus.shutdown().await.unwrap();
    let bus = restart("50").await;
    world.until_idle("crm/slow").await;
    world.is_clean(&thresholds);
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_lost_is_made_anew_and_what_waited_comes() {
    let world = world(sound()).await;
    world.subscribe("scoring").await;
    world.publish("acme", "website").await;
    world.until_idle("crm/scoring").await;
    world.bus.shutdown().await.unwrap();
    let bus = tekup_redis_transport::connect(world.server.url(), "crm").await.unwrap();
    bus.publish(LeadCreated::new("lead-2", "website", 75.0).event("acme")).await.unwrap();
    let lane = world.server.command(&["KEYS", "*lead.created:medium"]).unwrap().items()[0].text().unwrap().to_owned();
    world.server.command(&["XGROUP", "DESTROY", &lane, "crm/scoring"]).unwrap();
    let told = world.finds(&[], &["place-lost"]);
    assert!(told.line("place-lost").contains("lead.created:medium"), "{}", told.out);
    world.cure(&told);
    world.is_clean(&[]);
    assert_eq!(world.run(&["sub", "repair", "crm/scoring"]).ends_with(0).out, "`crm/scoring` has lost no place\n");
    let audit = world.run(&["audit", "--output", "json"]).ends_with(0).json();
    let counts: Vec<_> = audit["records"].as_array().unwrap().iter().map(|record| &record["end"]["count"]).collect();
    assert_eq!(counts, [0, 1], "both repairs, the newest first: {audit}");
    let (heard, mut events) = tokio::sync::mpsc::unbounded_channel();
    let scoring = Subscription::to::<LeadCreated>("scoring").handler_with(heard, async |heard, event, _| {
        heard.send(event.data.lead_id)?;
        Ok(())
    });
    bus.subscribe(scoring).await.unwrap();
    // What was settled since the last trim may come again, before it.
    while events.recv().await.unwrap() != "lead-2" {}
    bus.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_nobody_reads_is_removed_or_its_service_started() {
    let world = world(sound()).await;
    world.subscribe("old").await;
    world.bus.shutdown().await.unwrap();
    let at_once = ["--max-silent", "1ms"];
    let told = world.finds(&at_once, &["dead-subscription"]);
    assert!(told.out.contains("start the service `crm`"), "{}", told.out);
    let bus = tekup_redis_transport::connect(world.server.url(), "crm").await.unwrap();
    bus.subscribe(Subscription::to::<LeadCreated>("old").handler(async |_, _| ())).await.unwrap();
    world.is_clean(&at_once);
    bus.shutdown().await.unwrap();
    let told = world.finds(&at_once, &["dead-subscription"]);
    world.cure(&told);
    world.is_clean(&at_once);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_told_with_what_they_died_of_and_replayed_when_that_is_mended() {
    let world = world(sound()).await;
    let is_broken = Arc::new(AtomicBool::new(true));
    let import = Subscription::to::<LeadCreated>("import")
        .retry(RetryPolicy::exponential(1, Duration::ZERO))
        .handler_with(is_broken.clone(), async |is_broken, _: Event<LeadCreated>, _| {
            if is_broken.load(Relaxed) { Err(HandlerError::from("the database is away")) } else { Ok(()) }
        });
    world.bus.subscribe(import).await.unwrap();
    for _ in 0..3 {
        world.publish("acme", "website").await;
    }
    world.until_dead("crm/import", 3).await;
    let told = world.finds(&[], &["dead-letters"]);
    assert!(
        told.line("dead-letters").contains("3 events of `crm/import` have died, 3 of the first 3 of"),
        "{}",
        told.out
    );
    assert!(told.out.contains("the database is away"), "{}", told.out);
    is_broken.store(false, Relaxed);
    world.cure(&told);
    world.until_idle("crm/import").await;
    world.is_clean(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_has_lost_its_registrations_is_told_and_mended_by_the_service() {
    let world = world(sound()).await;
    world.subscribe("scoring").await;
    world.bus.shutdown().await.unwrap();
    let registrations = world.server.command(&["KEYS", "*:subs"]).unwrap().items()[3].text().unwrap().to_owned();
    world.server.command(&["DEL", &registrations]).unwrap();
    world.finds(&[], &["registrations-lost"]);
    let bus = tekup_redis_transport::connect(world.server.url(), "crm").await.unwrap();
    bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |_, _| ())).await.unwrap();
    world.is_clean(&[]);
    bus.shutdown().await.unwrap();
}
