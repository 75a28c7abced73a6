//! Memory: full, soon full, and not full at all.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use tekup_core::{ErrorKind, Subscription, TekupEvent};
use tekup_events_crm::LeadCreated;
use tokio::sync::Notify;

use super::{sound, world};
use crate::world::Ran;

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_that_will_be_full_within_a_day_is_told_before_it_is() {
    let world = world(sound()).await;
    let hold = Arc::new(Notify::new());
    let hangs =
        Subscription::to::<LeadCreated>("hangs").handler_with(hold.clone(), async |hold, _, _| hold.notified().await);
    world.bus.subscribe(hangs).await.unwrap();
    let publish = async |count| {
        let lead = |at| LeadCreated::new("lead-1", "website", 75.0).event(format!("tenant-{at}"));
        let leads = (0..count).map(lead);
        world.bus.publish_batch(leads).await.unwrap();
    };
    for _ in 0..20 {
        publish(100).await;
    }
    let (world, many) = (&world, ["--max-waiting", "1000000"]);
    let told = tokio::task::block_in_place(|| {
        std::thread::scope(|threads| {
            let doctor = threads.spawn(|| world.finds(&many, &["memory-forecast"]));
            while !doctor.is_finished() {
                tokio::runtime::Handle::current().block_on(publish(50));
                // Slowly enough not to fill it meanwhile.
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            doctor.join().unwrap()
        })
    });
    assert!(told.line("memory-forecast").contains("full in"), "{}", told.out);
    world.cure(&told);
    world.is_clean(&many);
    hold.notify_waiters();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_memory_is_made_larger_and_publishing_goes_on() {
    let world = world(sound().config("maxmemory", "4mb")).await;
    let (hold, held) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(true)));
    let handler = Subscription::to::<LeadCreated>("slow").handler_with(
        (hold.clone(), held.clone()),
        async |(hold, held), _, _| {
            if held.load(Relaxed) {
                hold.notified().await;
            }
            Ok(())
        },
    );
    world.bus.subscribe(handler).await.unwrap();
    let large = || LeadCreated::new("lead-1", "x".repeat(200_000), 75.0).event("acme");
    let refused = loop {
        if let Err(error) = world.bus.publish(large()).await {
            break error;
        }
    };
    assert_eq!(refused.kind(), ErrorKind::Backpressure, "{refused}");
    let told = world.finds(&[], &["memory-full"]);
    world.cure(&told);
    world.bus.publish(large()).await.unwrap();
    world.is_clean(&[]);
    held.store(false, Relaxed);
    hold.notify_waiters();
    world.until_idle("crm/slow").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_its_memory_a_server_is_looked_at_and_made_room_in_and_services_start_again() {
    let world = world(sound()).await;
    world.subscribe_failing("import").await;
    for _ in 0..3 {
        world.publish("acme", "broken").await;
    }
    world.until_dead("crm/import", 3).await;
    world.bus.pause("crm/import").await.unwrap();
    let id = world.publish("acme", "website").await.to_string();
    world.bus.shutdown().await.unwrap();
    world.server.command(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    world.finds(&["--max-silent", "1h"], &["memory-full", "paused", "dead-letters"]);
    for line in
        ["stats", "lanes", "sub ls", "sub show crm/import", "explain lead.created", "dlq ls crm/import", "audit"]
    {
        world.run(&line.split(' ').collect::<Vec<_>>()).ends_with(0);
    }
    for line in ["event get", "event status", "event trace"] {
        world.run(&[&line.split(' ').collect::<Vec<_>>()[..], &[&id, "--tenant", "acme"]].concat()).ends_with(0);
    }
    world.run(&["dlq", "purge", "crm/import", "--all", "--yes"]).ends_with(0);
    world.run(&["sub", "resume", "crm/import"]).ends_with(0);
    let bus = tekup_redis_transport::connect(world.server.url(), "crm").await.unwrap();
    let import = Subscription::to::<LeadCreated>("import").handler(async |_, _| ());
    bus.subscribe(import).await.unwrap();
    world.until_idle("crm/import").await;
    bus.shutdown().await.unwrap();
    world.run(&["sub", "remove", "crm/import", "--yes"]).ends_with(0);
    world.cure(&world.finds(&[], &["memory-full"]));
    world.is_clean(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_keeps_up_is_not_said_to_fill_the_memory() {
    let world = world(sound().config("maxmemory", "48mb")).await;
    world.subscribe("scoring").await;
    let busy = async {
        loop {
            let lead = |at| LeadCreated::new("lead-1", "website", 75.0).event(format!("tenant-{at}"));
            world.bus.publish_batch((0..50).map(lead)).await.unwrap();
            world.until_idle("crm/scoring").await;
        }
    };
    let looks = async {
        for _ in 0..5 {
            let command = world.command(&["doctor"]);
            let ran = tokio::task::spawn_blocking(move || {
                let mut command = command;
                Ran::from(command.output().unwrap())
            });
            let ran = ran.await.unwrap();
            assert!(ran.code == 0, "{}", ran.out);
        }
    };
    tokio::select! {
        () = busy => unreachable!(),
        () = looks => {}
    }
}
