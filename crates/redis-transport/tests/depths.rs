//! What depths cost a server that holds much, how near they are, and what they tell of a lost place.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod common;

use std::time::Duration;

use common::{SOON, config, connect, event, fetch_within, key, open, retry_in, take};
use tekup_core::{
    BusConfig, EventBus, Priority, Result,
    transport::{
        Admin, Books, DeadReason, Delivery, Depth, Depths, Due, Outgoing, Settlement, Source, SourceSpec, Transport,
        Verdict,
    },
};
use tekup_redis_transport::{RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

const LEDGER: &str = "billing/ledger";
const LANE: &str = ":lane:lead.created:medium";
const EVENTS: u64 = 100_000;

/// Of ten events, six are of the first, three of the second, one of the third, in no order.
fn tenant_of(number: u64) -> &'static str {
    match number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40 {
        mixed if mixed % 10 < 6 => "acme",
        mixed if mixed % 10 < 9 => "globex",
        _ => "initech",
    }
}

async fn store(transport: &RedisTransport, batch: Vec<Outgoing>) {
    transport.publish(batch).await.unwrap().into_iter().collect::<Result<Vec<_>>>().unwrap();
}

async fn fill(transport: &RedisTransport) {
    let body = format!("{{\"padding\":\"{}\"}}", "x".repeat(300));
    for from in (0..EVENTS).step_by(500) {
        let one = |number| {
            let tenant = tenant_of(number).parse().unwrap();
            Outgoing { tenant, bytes: body.clone().into(), ..event("lead.created") }
        };
        store(transport, (from..from + 500).map(one).collect()).await;
    }
}

async fn depths(transport: &RedisTransport) -> Depths {
    transport.admin().depths(&LEDGER.parse().unwrap(), None).await.unwrap()
}

async fn ack(source: &RedisSource, count: usize) {
    let batch = take(source, count).await.into_iter();
    let verdicts = batch.map(|it| Settlement { held: it.held, id: it.id, tenant: it.tenant, verdict: Verdict::Ack });
    source.settle(verdicts.collect()).await.unwrap();
}

/// One field of what the server tells of itself.
fn told(server: &RedisServer, section: &str, field: &str) -> String {
    let info = server.command(&["INFO", section]).unwrap();
    let line = info.text().unwrap().lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().to_owned()
}

/// How many scripts it has run, and what it has computed in all.
fn work(server: &RedisServer) -> (u64, Duration) {
    let calls = told(server, "commandstats", "cmdstat_evalsha:calls=");
    let seconds = ["used_cpu_user_main_thread:", "used_cpu_sys_main_thread:"]
        .map(|field| told(server, "cpu", field).parse::<f64>().unwrap());
    (calls.split(',').next().unwrap().parse().unwrap(), Duration::from_secs_f64(seconds.iter().sum()))
}

/// All calls are alike, so that what they cost on average is what each does. Time on the clock would tell of the machine.
fn assert_calls_were_short(server: &RedisServer, before: (u64, Duration)) {
    let (calls, computed) = work(server);
    let (calls, computed) = (calls - before.0, computed - before.1);
    let each = computed / u32::try_from(calls).unwrap();
    assert!(calls >= 50 && each < Duration::from_millis(20) / 2, "{calls} calls took {each:?} each");
}

/// A share of all that waits, within 15 in 100 of all of it.
fn is_near(told: u64, of_all: u64, percent: u64) -> bool {
    told.abs_diff(of_all * percent / 100) <= of_all * 15 / 100
}

#[tokio::test]
async fn the_shares_of_three_tenants_in_100_000_events_are_estimated_in_short_calls() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    fill(&transport).await;
    let held = fetch_within(&source, 500, SOON).await.unwrap().len() as u64;
    let bus = EventBus::new(BusConfig::new("operator"), transport).unwrap();
    let before = work(&server);

    for _ in 0..50 {
        let depths = bus.depths(LEDGER).await.unwrap();
        let waiting = EVENTS - held;
        assert_eq!((depths.total.ready, depths.total.in_flight, depths.exact), (waiting, held, false), "{depths}");
        assert_eq!(depths.of_lane("lead.created", Priority::Medium), depths.total);
        for (tenant, percent) in [("acme", 60), ("globex", 30), ("initech", 10)] {
            let told = depths.of_tenant(tenant);
            assert!(is_near(told.ready, waiting, percent), "{depths}");
            assert!(is_near(told.in_flight, held, percent), "{depths}");
        }
    }
    let globex = bus.tenant("globex").unwrap().depths(LEDGER).await.unwrap();
    assert!(is_near(globex.total.ready, EVENTS - held, 30), "{globex}");
    assert_eq!((globex.tenants.len(), globex.exact, globex.total), (1, false, globex.of_tenant("globex")));

    assert_calls_were_short(&server, before);
}

#[tokio::test]
async fn a_call_over_twenty_full_lanes_is_short_too() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    for lane in 0..40 {
        store(&transport, (0..300).map(|_| event(&format!("lead.moved-{lane}"))).collect()).await;
    }
    source.close().await.unwrap();
    let before = work(&server);
    for _ in 0..25 {
        let depths = depths(&transport).await;
        assert_eq!((depths.total.ready, depths.lanes.len()), (12_000, 40), "{depths}");
        assert!(depths.lanes.iter().all(|lane| lane.depth.ready == 300), "{depths}");
        assert_eq!((depths.of_tenant("acme").ready, depths.exact), (12_000, false), "{depths}");
    }
    assert_calls_were_short(&server, before);
}

#[tokio::test]
async fn what_has_failed_died_or_is_to_come_is_estimated_from_a_sample() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "lead.*").await;
    let of = |number| Outgoing { tenant: tenant_of(number).parse().unwrap(), ..event("lead.created") };
    for from in [0, 400] {
        store(&transport, (from..from + 400).map(of).collect()).await;
    }
    let (failed, died) = (take(&source, 400).await, take(&source, 400).await);
    let hour = Duration::from_secs(3_600);
    let give_up = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: "no such lead".into() };
    for (batch, verdict) in [(failed, retry_in(hour)), (died, give_up)] {
        let settle =
            |it: Delivery| Settlement { held: it.held, id: it.id, tenant: it.tenant, verdict: verdict.clone() };
        source.settle(batch.into_iter().map(settle).collect()).await.unwrap();
    }
    let later = |number| {
        let event_type = if number % 20 < 10 { "lead.scored" } else { "invoice.paid" };
        let due = Some(Due::After(hour + Duration::from_secs(number)));
        Outgoing { event_type: event_type.parse().unwrap(), due, ..of(number) }
    };
    for from in (0..2_000).step_by(500) {
        store(&transport, (from..from + 500).map(later).collect()).await;
    }
    let depths = depths(&transport).await;
    let Depth { ready, in_flight, retrying, scheduled, dead, oldest } = depths.total;
    assert_eq!((ready, in_flight, retrying, dead, oldest, depths.exact), (0, 0, 400, 400, None, false), "{depths}");
    assert!(is_near(scheduled, 2_000, 50), "{depths}");
    let created = depths.of_lane("lead.created", Priority::Medium);
    assert_eq!((created.retrying, created.dead), (400, 400), "{depths}");
    assert_eq!(depths.of_lane("lead.scored", Priority::Medium).scheduled, scheduled, "{depths}");
    for (tenant, percent) in [("acme", 60), ("globex", 30), ("initech", 10)] {
        let told = depths.of_tenant(tenant);
        assert!(is_near(told.retrying, 400, percent) && is_near(told.dead, 400, percent), "{depths}");
        assert!(is_near(told.scheduled, scheduled, percent), "{depths}");
    }
}

#[tokio::test]
async fn what_is_trimmed_is_not_counted_and_what_is_large_does_not_cross_the_wire() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "*").await;
    let body = format!("{{\"padding\":\"{}\"}}", "x".repeat(200_000));
    let large = |_| Outgoing { bytes: body.clone().into(), ..event("lead.created") };
    for _ in 0..10 {
        store(&transport, (0..3).map(large).collect()).await;
    }
    ack(&source, 10).await;
    let lane = key(&server, LANE);
    server.command(&["XTRIM", &lane, "MAXLEN", "20"]).unwrap();

    let sent = |server| told(server, "stats", "total_net_output_bytes:").parse::<u64>().unwrap();
    let before = sent(&server);
    let depths = depths(&transport).await;
    let bytes = sent(&server) - before;
    assert!(bytes < 50_000, "{bytes} bytes left the server");
    assert_eq!((depths.total.ready, depths.total.in_flight), (20, 0), "{depths}");
    assert_eq!(
        (depths.of_tenant("acme").ready, depths.exact),
        (20, false),
        "it looks at 1 MiB, give or take: {depths}"
    );
}

#[tokio::test]
async fn a_lost_place_is_told_until_it_is_made_anew() {
    let server = RedisServer::start().unwrap();
    let transport = RedisTransport::connect(&config(&server)).await.unwrap();
    let source = open(&transport, "lead.*").await;
    store(&transport, (0..7).map(|_| event("lead.created")).collect()).await;
    store(&transport, vec![event("invoice.paid")]).await;
    source.close().await.unwrap();
    assert!(depths(&transport).await.lanes.iter().all(|lane| !lane.lost));

    server.command(&["XGROUP", "DESTROY", &key(&server, LANE), LEDGER]).unwrap();
    let told = depths(&transport).await;
    let [lane] = &told.lanes[..] else { unreachable!("{told}") };
    assert_eq!((lane.event_type.as_str(), lane.lost, lane.depth.ready), ("lead.created", true, 7));
    assert!(told.to_string().contains("(its place was lost)"), "{told}");

    let source = open(&transport, "lead.*").await;
    let told = depths(&transport).await;
    assert_eq!((told.lanes[0].lost, told.total.ready), (false, 7), "{told}");
    ack(&source, 7).await;
    assert!(depths(&transport).await.total.is_empty());
}

#[tokio::test]
async fn what_is_past_its_time_and_does_not_leave_is_told_as_the_oldest() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let source = open(&transport, "lead.*").await;
    let partition = key(&server, ":lanes").replace(":lanes", "");
    // Whoever publishes what comes due is told that another does.
    server.command(&["SET", &format!("{partition}:later:mover"), "nobody", "PX", "3600000"]).unwrap();
    let soon =
        |event_type, millis| Outgoing { due: Some(Due::After(Duration::from_millis(millis))), ..event(event_type) };
    let hour = 3_600_000;
    let mut batch = vec![soon("invoice.paid", 1), soon("lead.created", 2_000), soon("lead.scored", hour)];
    batch.extend((0..150).map(|_| soon("lead.scored", hour)));
    store(&transport, batch).await;
    let told = depths(&transport).await;
    assert_eq!((told.total.oldest, told.of_lane("invoice.paid", Priority::Medium)), (None, Depth::default()), "{told}");
    common::eventually("one of those that it takes should have left", async || {
        depths(&transport).await.total.oldest > Some(Duration::from_millis(200))
    })
    .await;
    let told = depths(&transport).await;
    let created = told.of_lane("lead.created", Priority::Medium);
    assert_eq!((created.oldest, told.of_tenant("acme").oldest), (told.total.oldest, told.total.oldest), "{told}");
    assert_eq!(told.of_lane("lead.scored", Priority::Medium).oldest, None, "{told}");
    let of_acme = transport.admin().depths(&LEDGER.parse().unwrap(), Some(&"acme".parse().unwrap())).await.unwrap();
    assert!(of_acme.total.oldest >= told.total.oldest, "{of_acme}");

    server.command(&["DEL", &format!("{partition}:later:mover")]).unwrap();
    server.command(&["SPUBLISH", &format!("{partition}:bell"), "due"]).unwrap();
    ack(&source, 1).await;
    assert_eq!(depths(&transport).await.total.oldest, None);
}

#[tokio::test]
async fn of_hundreds_of_lanes_only_those_are_asked_that_a_subscription_takes_or_drains() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let both = SourceSpec::new(
        LEDGER.parse().unwrap(),
        vec!["lead.created".parse().unwrap(), "invoice.paid".parse().unwrap()],
    );
    let source = transport.open(both).await.unwrap();
    let mut batch: Vec<_> = (0..300).map(|lane| event(&format!("lead.moved-{lane}"))).collect();
    batch.extend([event("lead.created"), event("invoice.paid"), event("invoice.paid")]);
    store(&transport, batch).await;
    source.close().await.unwrap();
    let books = async || transport.admin().books(&LEDGER.parse().unwrap()).await.unwrap();

    // It takes one of its two types no more, and drains it.
    let source = open(&transport, "lead.created").await;
    source.close().await.unwrap();
    let asked = || {
        let calls = told(&server, "commandstats", "cmdstat_xinfo|groups:calls=");
        calls.split(',').next().unwrap().parse::<u64>().unwrap()
    };
    let before = asked();
    for _ in 0..10 {
        let told = depths(&transport).await;
        assert_eq!((told.total.ready, told.lanes.len(), told.exact), (3, 2, true), "{told}");
        assert_eq!(books().await, Books { published: 3, ready: 3, ..Books::default() });
    }
    // Three places each; all lanes would be 6,060.
    let groups = asked() - before;
    assert!(groups < 1_000, "groups were asked for {groups} times");

    // Where it is lost who began where, all are asked.
    let starts = key(&server, ":starts");
    let kept = starts.replace(":starts", ":kept");
    server.command(&["RENAME", &starts, &kept]).unwrap();
    assert_eq!(depths(&transport).await.total.ready, 3);
    server.command(&["RENAME", &kept, &starts]).unwrap();

    let source = open(&transport, "lead.created").await;
    ack(&source, 3).await;
    source.close().await.unwrap();
    open(&transport, "lead.created").await.close().await.unwrap();
    let fields = server.command(&["HKEYS", &starts]).unwrap();
    assert!(
        fields.items().iter().any(|field| field.text().is_some_and(|it| it.ends_with("\nleft"))),
        "it has left one"
    );
    assert!(depths(&transport).await.total.is_empty());
    assert_eq!(books().await, Books { published: 3, acked: 3, ..Books::default() }, "what it left stays in its books");
}
