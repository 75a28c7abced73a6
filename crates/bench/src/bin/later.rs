//! Measures events that are published for later: how late they come, what they take in memory, and the longest script.
//! It fails if one comes later than a second, or a script takes longer than 20 ms.
//!
//! ```text
//! cargo run --release -p tekup-bench --bin later -- [events] [events per second]
//! ```
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use redis::aio::MultiplexedConnection;
use tekup_bench::{
    by_hand,
    measure::Stopwatch,
    on_bus,
    sample::{self, InvoicePaid},
};
use tekup_core::{Event, EventBus, Subscription, TekupEvent, Timestamp, transport::Books};
use tekup_testkit::redis::RedisServer;

const NAME: &str = "ledger";
/// Scripts that take longer than so many microseconds are noted.
const SLOW_MICROS: u32 = 1_000;
const LONGEST_SCRIPT_MICROS: u64 = 20_000;
const LATEST_MS: i64 = 1_000;

/// When each event is due: the first at `start`, then evenly.
#[derive(Debug, Clone, Copy)]
struct Timetable {
    start: i64,
    per_second: i64,
}

impl Timetable {
    fn due(self, number: usize) -> i64 {
        self.start + i64::try_from(number).unwrap_or(i64::MAX) * 1_000 / self.per_second
    }
}

/// How late each event was handled, in milliseconds.
type Lateness = Arc<Mutex<Vec<i64>>>;

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let mut number = |default: usize| words.next().map_or(Ok(default), |word| word.parse().context("a whole number"));
    let (events, per_second) = (number(1_000_000)?, number(5_000)?);
    ensure!(events > 0 && per_second > 0, "give more than 0 events, and more than 0 a second");
    run(events, i64::try_from(per_second)?).await
}

async fn run(events: usize, per_second: i64) -> Result<()> {
    let server = RedisServer::start()?;
    let mut connection = by_hand::connect(&server.url()).await?;
    let bus = on_bus::connect(&server.url()).await?;
    // All are stored before the first is due: at 20,000 a second on a slow machine.
    let lead = i64::try_from(events / 20)? + 5_000;
    let table = Timetable { start: Timestamp::now().unix_millis() + lead, per_second };

    watch_scripts(&mut connection).await?;
    let (empty, watch) = (used_memory(&mut connection).await?, Stopwatch::start(&server)?);
    publish(&bus, events, table).await?;
    let taken = watch.stop()?;
    let bytes = (used_memory(&mut connection).await? - empty) / events as f64;
    println!(
        "published {events} for later in {:.1} s, {:.1} s of the server",
        taken.wall.as_secs_f64(),
        taken.server.as_secs_f64()
    );
    println!("memory per waiting event: {bytes:.0} B");
    check_scripts("publishing", &mut connection).await?;
    ensure!(Timestamp::now().unix_millis() < table.start, "the machine was too slow: some are due already");

    let lateness = subscribe(&bus, events, table).await?;
    watch_scripts(&mut connection).await?;
    tokio::time::sleep(Duration::from_millis(u64::try_from(table.start - Timestamp::now().unix_millis()).unwrap_or(0)))
        .await;
    let watch = Stopwatch::start(&server)?;
    let books = until_handled(&bus, events).await?;
    let taken = watch.stop()?;
    let latest = report(&lateness);
    let share = |time: Duration| 100.0 * time.as_secs_f64() / taken.wall.as_secs_f64();
    println!(
        "while they came: server {:.0} % of a core, this process {:.0} %",
        share(taken.server),
        share(taken.client)
    );
    check_scripts("they came", &mut connection).await?;
    ensure!(latest <= LATEST_MS, "an event came {latest} ms late: more than {LATEST_MS}");
    ensure!(books.acked == events as u64 && books.published == events as u64 && books.balanced(), "{books:?}");
    Ok(bus.shutdown().await?)
}

async fn publish(bus: &EventBus, events: usize, table: Timetable) -> Result<()> {
    let mut load = sample::load(events, 64).into_iter().enumerate().peekable();
    while load.peek().is_some() {
        let mut drafts = Vec::with_capacity(sample::BATCH);
        for (number, (tenant, data)) in load.by_ref().take(sample::BATCH) {
            let time = Timestamp::from_unix_millis(table.due(number))?;
            drafts.push(data.event(tenant).user("user-456").at(time));
        }
        for receipt in bus.publish_batch(drafts).await? {
            ensure!(!receipt?.duplicate, "a new event was taken for a duplicate");
        }
    }
    Ok(())
}

async fn subscribe(bus: &EventBus, events: usize, table: Timetable) -> Result<Lateness> {
    let lateness: Lateness = Arc::new(Mutex::new(Vec::with_capacity(events)));
    let handle = async |(lateness, table): (Lateness, Timetable), event: Event<InvoicePaid>, _| {
        let now = Timestamp::now().unix_millis();
        let number = event.data.invoice_id.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        lateness.lock().unwrap_or_else(PoisonError::into_inner).push(now - table.due(number));
    };
    bus.subscribe(Subscription::to::<InvoicePaid>(NAME).handler_with((lateness.clone(), table), handle)).await?;
    Ok(lateness)
}

async fn until_handled(bus: &EventBus, events: usize) -> Result<Books> {
    while bus.process_counters().handled < events as u64 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(bus.books(format!("{}/{NAME}", bus.service())).await?)
}

/// Answers how late the last one was.
fn report(lateness: &Lateness) -> i64 {
    let mut lateness = lateness.lock().unwrap_or_else(PoisonError::into_inner);
    lateness.sort_unstable();
    let at =
        |share: f64| lateness.get((lateness.len() as f64 * share) as usize).or(lateness.last()).copied().unwrap_or(0);
    let (first, last) = (at(0.0), at(1.0));
    println!(
        "handled so late, in ms: earliest {first}, median {}, p99 {}, p99.9 {}, latest {last}",
        at(0.5),
        at(0.99),
        at(0.999)
    );
    last
}

async fn watch_scripts(connection: &mut MultiplexedConnection) -> Result<()> {
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg("slowlog-log-slower-than").arg(SLOW_MICROS).arg("slowlog-max-len").arg(100_000);
    set.exec_async(connection).await?;
    Ok(redis::cmd("SLOWLOG").arg("RESET").exec_async(connection).await?)
}

type Slow = (u64, u64, u64, Vec<Vec<u8>>, String, String);

async fn check_scripts(when: &str, connection: &mut MultiplexedConnection) -> Result<()> {
    let slow: Vec<Slow> = redis::cmd("SLOWLOG").arg("GET").arg(-1).query_async(connection).await?;
    let scripts =
        slow.iter().filter(|(_, _, _, words, ..)| words.first().is_some_and(|word| word.starts_with(b"EVAL")));
    let longest = scripts.map(|(_, _, micros, ..)| *micros).max();
    let text = longest.map_or_else(|| format!("below {SLOW_MICROS} us"), |micros| format!("{micros} us"));
    println!("longest script while {when}: {text}; {} calls of any kind above {SLOW_MICROS} us", slow.len());
    ensure!(longest.unwrap_or(0) <= LONGEST_SCRIPT_MICROS, "a script took {text} while {when}: too long");
    Ok(())
}

async fn used_memory(connection: &mut MultiplexedConnection) -> Result<f64> {
    let info: redis::InfoDict = redis::cmd("INFO").arg("memory").query_async(connection).await?;
    Ok(info.get::<f64>("used_memory").unwrap_or_default())
}
