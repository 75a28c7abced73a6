//! Measures what looking at a bus costs: how long each command of `tekup` takes beside a large backlog, and how much slower
//! the bus is while it is looked at. It fails if a command takes longer than two seconds.
//!
//! ```text
//! cargo build --release -p tekup-cli
//! cargo run --release -p tekup-bench --bin operating -- [waiting events] [dead letters] [rounds]
//! ```
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tekup_bench::{
    measure::median,
    on_bus,
    sample::{self, InvoicePaid},
};
use tekup_core::{Event, EventBus, HandlerError, HandlerResult, Subscription};
use tekup_testkit::redis::RedisServer;

/// Events that each round drains.
const DRAINED: usize = 300_000;
const TENANTS: usize = 64;
const LONGEST: Duration = Duration::from_secs(2);
/// How often the metrics are scraped while a round runs.
const SCRAPED: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let mut number = |default: usize| words.next().map_or(Ok(default), |word| word.parse().context("a whole number"));
    let (waiting, dead, rounds) = (number(1_000_000)?, number(100_000)?, number(3)?);
    let server = RedisServer::builder().config("maxmemory", "4gb").start()?;
    let bus = on_bus::connect(&server.url()).await?;
    fill(&bus, waiting, dead).await?;
    println!("{waiting} events wait, {dead} are dead letters");
    commands(&server)?;
    server.command(&["FLUSHALL"])?;
    bus.shutdown().await?;
    slower(&server, rounds).await
}

/// What dies first, so that it does not wait.
async fn fill(bus: &EventBus, waiting: usize, dead: usize) -> Result<()> {
    let doomed = Subscription::to::<InvoicePaid>("doomed").concurrency(64).handler(async |_: Event<InvoicePaid>, _| {
        HandlerResult::<()>::Err(HandlerError::from("the account is closed").permanent())
    });
    bus.subscribe(doomed).await?;
    on_bus::publish(bus, sample::load(dead, TENANTS), sample::BATCH).await?;
    let letters = bus.dead_letters("billing/doomed")?;
    while letters.count().await? < dead as u64 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bus.unsubscribe("doomed").await?;
    on_bus::prepare(bus).await?;
    on_bus::publish(bus, sample::load(waiting, TENANTS), sample::BATCH).await
}

fn tekup() -> Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name("tekup");
    ensure!(beside.exists(), "`{}` is absent: cargo build --release -p tekup-cli", beside.display());
    Ok(beside)
}

fn commands(server: &RedisServer) -> Result<()> {
    let (letters, all) = ("billing/doomed", "billing/ledger");
    let lines = [
        "doctor".to_owned(),
        "stats".into(),
        "stats --tenant tenant-007".into(),
        "sub ls".into(),
        format!("sub show {all}"),
        format!("sub pause {all}"),
        format!("sub resume {all}"),
        format!("sub remove {all} --dry-run"),
        "lanes".into(),
        "explain invoice.paid --tenant tenant-007".into(),
        format!("dlq ls {letters}"),
        format!("dlq ls {letters} --tenant tenant-007"),
        format!("dlq ls {letters} --error closed"),
        format!("dlq replay {letters} --all --dry-run"),
        format!("dlq replay {letters} --error closed --dry-run"),
        format!("dlq purge {letters} --tenant tenant-007 --dry-run"),
        "config show --origin".into(),
    ];
    for line in lines {
        let begun = Instant::now();
        let mut command = Command::new(tekup()?);
        command.args(line.split(' ')).env("REDIS_URL", server.url()).stdin(Stdio::null());
        let output = command.output()?;
        let took = begun.elapsed();
        let code = output.status.code().unwrap_or(-1);
        println!("{:8.0} ms  tekup {line} ({code})", took.as_secs_f64() * 1e3);
        ensure!(code == 0 || code == 3, "it has failed: {}", String::from_utf8_lossy(&output.stderr));
        ensure!(took <= LONGEST, "it took longer than {LONGEST:?}");
    }
    Ok(())
}

/// Rounds without and with somebody who looks, in turn.
async fn slower(server: &RedisServer, rounds: usize) -> Result<()> {
    let mut ratios = Vec::new();
    for round in 0..rounds {
        let alone = drain(server).await?;
        let lookers = Lookers::start(server)?;
        let watched = drain(server).await?;
        let scrapes = lookers.stop()?;
        println!("round {round}: {alone:.0} events/s alone, {watched:.0} while top and {scrapes} scrapes look");
        ensure!(scrapes > 0, "nothing was scraped");
        ratios.push(watched / alone);
    }
    println!("rate while it is looked at, by that without: {:.3} (median of {rounds})", median(ratios));
    Ok(())
}

/// How many events a second are drained.
async fn drain(server: &RedisServer) -> Result<f64> {
    let bus = on_bus::connect(&server.url()).await?;
    on_bus::prepare(&bus).await?;
    on_bus::publish(&bus, sample::load(DRAINED, TENANTS), sample::BATCH).await?;
    let begun = Instant::now();
    on_bus::drain(&bus, DRAINED, |_| ()).await?;
    let rate = DRAINED as f64 / begun.elapsed().as_secs_f64();
    bus.shutdown().await?;
    Ok(rate)
}

/// `tekup top` in a terminal, and `tekup serve` with somebody who scrapes it.
struct Lookers {
    top: Child,
    serve: Child,
    stop: Arc<AtomicBool>,
    scraper: JoinHandle<usize>,
}

impl Lookers {
    fn start(server: &RedisServer) -> Result<Self> {
        let tekup = tekup()?;
        let mut terminal = Command::new("script");
        terminal.args(["-qec", &format!("{} top", tekup.display()), "/dev/null"]);
        let top = terminal.env("REDIS_URL", server.url()).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        let mut serve = Command::new(&tekup);
        serve.args(["serve", "--listen", "127.0.0.1:0", "--every", "1s"]);
        let mut serve = serve.env("REDIS_URL", server.url()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(serve.stdout.take().context("its output")?).read_line(&mut line)?;
        let address = line.trim().rsplit('/').next().context("its address")?.to_owned();
        let stop = Arc::new(AtomicBool::new(false));
        let scraper = thread::spawn({
            let stop = stop.clone();
            move || scrape(&address, &stop)
        });
        Ok(Self { top, serve, stop, scraper })
    }

    /// How often it was scraped.
    fn stop(mut self) -> Result<usize> {
        self.stop.store(true, Relaxed);
        self.top.stdin.take().context("its keys")?.write_all(b"q")?;
        self.top.wait()?;
        self.serve.kill()?;
        self.serve.wait()?;
        self.scraper.join().map_err(|_| anyhow::anyhow!("the scraper has panicked"))
    }
}

fn scrape(address: &str, stop: &AtomicBool) -> usize {
    let mut scrapes = 0;
    while !stop.load(Relaxed) {
        scrapes += usize::from(once(address).is_ok_and(|body| body.contains("tekup_")));
        thread::sleep(SCRAPED);
    }
    scrapes
}

fn once(address: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")?;
    let mut body = String::new();
    stream.read_to_string(&mut body)?;
    Ok(body)
}
