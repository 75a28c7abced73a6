//! Ten thousand dead letters: every call is short, however many there are.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use common::{config, event, fetch_within, int, spec};
use tekup_core::{
    BusConfig, EventBus, Result,
    letters::LetterFilter,
    transport::{DeadReason, Delivery, Settlement, Source, Transport, Verdict},
};
use tekup_redis_transport::{RedisSource, RedisTransport};
use tekup_testkit::redis::RedisServer;

const LETTERS: u64 = 10_000;
const LEDGER: &str = "billing/ledger";
/// Of so many calls one may be late, for others use the machine too.
const CALLS_PER_LATE_ONE: i64 = 50;

async fn bury(source: &RedisSource, batch: Vec<Delivery>, from: u64) {
    let give_up = |(number, delivery): (u64, Delivery)| {
        let error = if number % 2 == 0 { "no such table" } else { "no such lead" };
        let verdict = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: error.into() };
        Settlement { held: delivery.held, id: delivery.id, tenant: delivery.tenant, verdict }
    };
    source.settle((from..).zip(batch).map(give_up).collect()).await.unwrap();
}

async fn fill(transport: &RedisTransport) {
    let source = transport.open(spec("*")).await.unwrap();
    let body = format!("{{\"padding\":\"{}\"}}", "x".repeat(300));
    for _ in 0..LETTERS / 500 {
        let batch =
            (0..500).map(|_| tekup_core::transport::Outgoing { bytes: body.clone().into(), ..event("lead.created") });
        transport.publish(batch.collect()).await.unwrap().into_iter().collect::<Result<Vec<_>>>().unwrap();
    }
    let mut dead = 0;
    while dead < LETTERS {
        let batch = fetch_within(&source, 500, common::SOON).await.unwrap();
        assert!(!batch.is_empty(), "{dead} are dead");
        let count = batch.len() as u64;
        bury(&source, batch, dead).await;
        dead += count;
    }
    source.close().await.unwrap();
}

#[tokio::test]
async fn ten_thousand_letters_are_counted_replayed_and_purged_in_short_calls() {
    let server = RedisServer::start().unwrap();
    let transport = RedisTransport::connect(&config(&server)).await.unwrap();
    fill(&transport).await;
    let bus = EventBus::new(BusConfig::new("operator"), transport).unwrap();
    server.command(&["CONFIG", "SET", "slowlog-log-slower-than", "20000"]).unwrap();
    server.command(&["CONFIG", "RESETSTAT"]).unwrap();
    server.command(&["SLOWLOG", "RESET"]).unwrap();

    let dead = bus.dead_letters(LEDGER).unwrap();
    let tables = dead.filter(LetterFilter::new().error_contains("table"));
    assert_eq!(tables.count().await.unwrap(), LETTERS / 2);
    let replayed = tables.replay().await.unwrap();
    assert_eq!((replayed.looked_at, replayed.matched, replayed.done), (LETTERS, LETTERS / 2, LETTERS / 2));
    assert_eq!(bus.tenant("acme").unwrap().dead_letters(LEDGER).unwrap().count().await.unwrap(), LETTERS / 2);
    let purged = dead.filter(LetterFilter::all()).purge().await.unwrap();
    assert_eq!((purged.done, dead.count().await.unwrap()), (LETTERS / 2, 0));

    let stats = server.command(&["INFO", "commandstats"]).unwrap();
    let calls = calls_of_scripts(stats.text().unwrap());
    let late = int(&server, &["SLOWLOG", "LEN"]);
    assert!(calls > 200, "{calls} calls");
    assert!(late <= calls / CALLS_PER_LATE_ONE, "{late} of {calls} calls took more than 20 ms");
    let books = bus.books(LEDGER).await.unwrap();
    assert_eq!((books.retrying, books.purged, books.balanced()), (LETTERS / 2, LETTERS / 2, true), "{books:?}");
}

fn calls_of_scripts(stats: &str) -> i64 {
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap();
    line.split(',').next().unwrap().parse().unwrap()
}
