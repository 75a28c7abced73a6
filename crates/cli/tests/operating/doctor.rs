//! Each trouble is made on a live server, the cure that is printed is run as it is printed, and the next look is clean.

use std::{
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tekup_core::{
    BusConfig, Environment, ErrorKind, Event, EventBus, HandlerError, RateLimit, RetryPolicy, Subscription, TekupEvent,
};
use tekup_events_crm::LeadCreated;
use tekup_redis_transport::{RedisConfig, RedisTransport};
use tekup_testkit::redis::{Fsync, RedisServer, RedisServerBuilder};
use tokio::sync::Notify;

use crate::world::{Ran, World, eventually, program};

/// A server with which nothing is wrong.
fn sound() -> RedisServerBuilder {
    RedisServer::builder().append_only(Fsync::EverySecond).config("maxmemory", "256mb")
}

async fn world(builder: RedisServerBuilder) -> World {
    let server = builder.start().unwrap();
    let bus = tekup_redis_transport::connect(server.url(), "crm").await.unwrap();
    World { server, bus }
}

impl World {
    fn doctor(&self, thresholds: &[&str]) -> Ran {
        self.run(&[&["doctor"], thresholds].concat())
    }

    /// What is wrong, by name.
    #[track_caller]
    fn finds(&self, thresholds: &[&str], codes: &[&str]) -> Ran {
        let ran = self.doctor(thresholds).ends_with(3);
        let found = ran.out.lines().filter(|line| line.starts_with("error: ") || line.starts_with("warning: "));
        let found: Vec<&str> = found.map(|line| line.split(": ").nth(1).unwrap()).collect();
        assert_eq!(found, codes, "{}", ran.out);
        ran
    }

    #[track_caller]
    fn is_clean(&self, thresholds: &[&str]) {
        let ran = self.doctor(thresholds).ends_with(0);
        assert!(ran.out.ends_with(": 0 errors, 0 warnings\n") && ran.out.lines().count() == 1, "{}", ran.out);
    }

    /// Runs all commands that were printed, as a shell does.
    #[track_caller]
    fn cure(&self, told: &Ran) {
        let commands: Vec<&str> = told
            .out
            .lines()
            .filter_map(|line| line.strip_prefix("    run: ").or_else(|| line.strip_prefix("    if that is meant: ")))
            .collect();
        assert!(!commands.is_empty(), "{}", told.out);
        let beside = Path::new(env!("CARGO_BIN_EXE_tekup")).parent().unwrap().to_str().unwrap();
        let path = format!("{beside}:{}", std::env::var("PATH").unwrap());
        for command in commands {
            let mut shell = Command::new("sh");
            shell.args(["-c", command]).env("PATH", &path).env("REDIS_URL", self.server.url());
            let ran = shell.output().unwrap();
            assert!(ran.status.success(), "{command}: {ran:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_deletes_keys_and_keeps_nothing_is_set_right_by_the_commands_that_are_printed() {
    let world = world(RedisServer::builder().config("maxmemory", "0").config("maxmemory-policy", "allkeys-lru")).await;
    let told = world.finds(&[], &["eviction-policy", "persistence-off", "memory-unlimited"]);
    assert!(told.line("eviction-policy").contains("allkeys-lru"), "{}", told.out);
    world.cure(&told);
    world.is_clean(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_writes_late_or_only_saves_is_set_right_by_the_commands_that_are_printed() {
    let saves = world(RedisServer::builder().config("maxmemory", "256mb").config("save", "3600 1")).await;
    saves.cure(&saves.finds(&[], &["persistence-saves"]));
    saves.is_clean(&[]);
    let late = world(sound()).await;
    late.server.command(&["CONFIG", "SET", "appendfsync", "no"]).unwrap();
    late.cure(&late.finds(&[], &["persistence-late"]));
    late.is_clean(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_can_not_write_its_data_is_told_until_it_can() {
    let world = world(sound().config("dbfilename", "in-the-way.rdb")).await;
    let folder = world.server.command(&["CONFIG", "GET", "dir"]).unwrap().items()[1].text().unwrap().to_owned();
    // Where the file should be there is a folder.
    let in_the_way = Path::new(&folder).join("in-the-way.rdb");
    std::fs::create_dir(&in_the_way).unwrap();
    let saves = async |wanted: &str| {
        world.server.command(&["BGSAVE"]).unwrap();
        let info = || world.server.command(&["INFO", "persistence"]).unwrap().text().unwrap().to_owned();
        eventually(async || info().contains("rdb_bgsave_in_progress:0") && info().contains(wanted)).await;
    };
    saves("rdb_last_bgsave_status:err").await;
    let told = world.finds(&[], &["persistence-failing"]);
    assert!(told.out.contains("    do: look into the log of Redis"), "{}", told.out);
    std::fs::remove_dir(&in_the_way).unwrap();
    saves("rdb_last_bgsave_status:ok").await;
    world.is_clean(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_soon_takes_no_more_clients_is_told_and_takes_more() {
    let world = world(sound().tcp()).await;
    let address = world.server.url().replace("redis://", "");
    let _crowd: Vec<_> = (0..40).map(|_| std::net::TcpStream::connect(&address).unwrap()).collect();
    let info = world.server.command(&["INFO", "clients"]).unwrap().text().unwrap().to_owned();
    let connected: u64 = info.lines().find_map(|line| line.strip_prefix("connected_clients:")?.parse().ok()).unwrap();
    // Room for those of the program, and for nobody else.
    let most = (connected + 5).to_string();
    world.server.command(&["CONFIG", "SET", "maxclients", &most]).unwrap();
    world.cure(&world.finds(&[], &["clients"]));
    world.is_clean(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_missing_is_told_by_its_command() {
    let world = world(sound().tcp()).await;
    world.subscribe("scoring").await;
    let as_weak = |rights: &[&str]| {
        let weak = [&["ACL", "SETUSER", "weak", "reset", "on", ">secret", "~*", "&*"], rights].concat();
        world.server.command(&weak).unwrap();
        let mut command = world.command(&["doctor"]);
        command.env("REDIS_URL", world.server.url().replace("redis://", "redis://weak:secret@"));
        Ran::from(command.output().unwrap())
    };
    for (rights, command) in [
        (&["+ping"][..], "'"),
        (&["+@all", "-info"], "info"),
        (&["+@all", "-hscan"], "hscan"),
        (&["+@all", "-zscore", "-hget"], ""),
    ] {
        let ran = as_weak(rights).ends_with(3);
        assert!(ran.out.starts_with("error: denied: ") && ran.out.contains(command), "{command}: {}", ran.out);
        assert!(!ran.out.contains("secret"), "{}", ran.out);
    }
    // What else there is to tell is told.
    let ran = as_weak(&["+@all", "-config|get"]).ends_with(3);
    assert!(ran.out.starts_with("warning: denied: ") && ran.out.contains("config|get"), "{}", ran.out);
    assert!(ran.out.contains("0 errors, 1 warnings"), "{}", ran.out);
    as_weak(&["+@all"]).ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_another_version_has_made_is_told() {
    let world = world(sound()).await;
    let record = world.server.command(&["KEYS", "*namespace*"]).unwrap().items()[0].text().unwrap().to_owned();
    let format = world.server.command(&["HGET", &record, "format"]).unwrap().text().unwrap().to_owned();
    world.server.command(&["HSET", &record, "format", "99"]).unwrap();
    let told = world.finds(&[], &["incompatible"]);
    assert!(told.out.contains("99"), "{}", told.out);
    world.server.command(&["HSET", &record, "format", &format]).unwrap();
    world.is_clean(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_that_will_be_full_within_a_day_is_told_before_it_is() {
    let world = world(sound().config("maxmemory", "32mb")).await;
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
async fn a_replica_that_can_not_be_written_is_told_to_be_one() {
    let world = world(sound().tcp()).await;
    let replica = RedisServer::builder().tcp().start().unwrap();
    let address = world.server.url().replace("redis://", "");
    let (host, port) = address.split_once(':').unwrap();
    replica.command(&["REPLICAOF", host, port]).unwrap();
    let linked =
        || replica.command(&["INFO", "replication"]).unwrap().text().unwrap().contains("master_link_status:up");
    eventually(async || linked()).await;
    let ran = Ran::from(program(&["doctor"]).env("REDIS_URL", replica.url()).output().unwrap()).ends_with(3);
    assert!(ran.out.starts_with("error: read-only: ") && ran.out.contains(" ROLE\n"), "{}", ran.out);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_server_out_of_reach_and_a_namespace_without_a_bus_are_findings() {
    let mut world = world(sound()).await;
    let told = world.finds(&["--namespace", "shop"], &["no-bus"]);
    assert!(told.out.contains("`shop`"), "{}", told.out);
    let config = RedisConfig::new(world.server.url()).namespace("shop");
    EventBus::new(BusConfig::new("shop"), RedisTransport::connect(&config).await.unwrap()).unwrap();
    world.is_clean(&["--namespace", "shop"]);
    world.server.stop().unwrap();
    let told = world.finds(&[], &["unreachable"]);
    assert!(told.out.contains("    run: redis-cli -e -s "), "{}", told.out);
    world.server.restart().unwrap();
    world.cure(&told);
    world.is_clean(&[]);
}

#[test]
fn what_is_wrong_is_told_to_programs_with_its_cure() {
    let ran: Ran = program(&["doctor", "--redis", "redis://127.0.0.1:1", "--output", "json"]).output().unwrap().into();
    let report = ran.ends_with(3).json();
    let finding = &report["findings"][0];
    assert_eq!((&finding["code"], &finding["level"]), (&"unreachable".into(), &"error".into()));
    assert_eq!(finding["cures"][1]["run"], "redis-cli -e -u redis://127.0.0.1:1 PING");
    assert!(report["facts"].is_null());
}
