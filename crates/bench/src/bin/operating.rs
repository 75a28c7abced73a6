//! Measures what looking at a bus costs: how long each command of `tekup` takes beside a large backlog, and how much slower
//! the bus is while it is looked at. It fails if a command takes longer than two seconds, or if at least three rounds tell
//! that the bus has lost a tenth of its rate.
//!
//! ```text
//! cargo build --release -p tekup-cli
//! cargo run --release -p tekup-bench --bin operating -- [waiting events] [dead letters] [rounds]
//! ```
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::{
    fmt,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tekup_bench::{
    measure::median,
    on_bus,
    sample::{self, InvoicePaid},
};
use tekup_core::{Draft, Event, EventBus, EventId, HandlerError, HandlerResult, Subscription, TekupEvent, TenantId};
use tekup_testkit::redis::RedisServer;
use tempfile::NamedTempFile;

/// Events that each round publishes and drains: it takes long enough for many looks.
const DRAINED: usize = 2_000_000;
const TENANTS: usize = 64;
const TENANT: &str = "tenant-007";
/// Where the dead letters are, and where the events wait.
const DOOMED: &str = "billing/doomed";
const ALL: &str = "billing/ledger";
/// Events of the file that is published.
const FILE: usize = 1_000;
/// Without optimization nothing is measured, only asked.
const LONGEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 });
/// Which part of its rate the bus must keep while it is looked at.
const KEPT: f64 = 0.9;
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
    commands(&server, &Known::on(&bus).await?)?;
    first_looks(&server, &bus).await?;
    server.command(&["FLUSHALL"])?;
    bus.shutdown().await?;
    if rounds > 0 { slower(&server, rounds).await } else { Ok(()) }
}

/// What dies first, so that it does not wait.
async fn fill(bus: &EventBus, waiting: usize, dead: usize) -> Result<()> {
    let doomed = Subscription::to::<InvoicePaid>("doomed").concurrency(64).handler(async |_: Event<InvoicePaid>, _| {
        HandlerResult::<()>::Err(HandlerError::from("the account is closed").permanent())
    });
    bus.subscribe(doomed).await?;
    on_bus::publish(bus, sample::load(dead, TENANTS), sample::BATCH).await?;
    let letters = bus.dead_letters(DOOMED)?;
    while letters.count().await? < dead as u64 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bus.unsubscribe("doomed").await?;
    on_bus::prepare(bus).await?;
    on_bus::publish(bus, sample::load(waiting, TENANTS), sample::BATCH).await
}

fn program() -> Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name("tekup");
    ensure!(beside.exists(), "`{}` is absent: cargo build --release -p tekup-cli", beside.display());
    Ok(beside)
}

fn tekup(server: &RedisServer, line: &str) -> Result<Command> {
    let mut command = Command::new(program()?);
    command.args(line.split(' ')).env("REDIS_URL", server.url());
    Ok(command)
}

/// `tekup top` in a terminal, once it has drawn a picture.
fn top(server: &RedisServer) -> Result<Child> {
    let mut terminal = Command::new("script");
    let line = format!("stty rows 40 columns 150; exec {} top", program()?.display());
    terminal.args(["-qec", &line, "/dev/null"]).env("REDIS_URL", server.url()).env("TERM", "xterm-256color");
    let mut top = terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (drawn, picture) = mpsc::channel();
    let output = top.stdout.take().context("its picture")?;
    thread::spawn(move || watch(output, ALL, &drawn));
    if picture.recv_timeout(LONGEST).is_err() {
        kill(top)?;
        bail!("`tekup top` shows no `{ALL}` within {LONGEST:?}");
    }
    Ok(top)
}

/// Reads to the end, and says when this is there for the first time.
fn watch(mut output: impl Read, wanted: &str, found: &mpsc::Sender<()>) {
    let (mut seen, mut part, mut is_there) = (Vec::new(), [0; 4096], false);
    while let Ok(length @ 1..) = output.read(&mut part) {
        if is_there {
            continue;
        }
        seen.extend_from_slice(&part[..length]);
        is_there = String::from_utf8_lossy(&seen).contains(wanted);
        if is_there {
            let _nobody_waits = found.send(());
        }
    }
}

fn quit(mut top: Child) -> Result<()> {
    top.stdin.take().context("its keys")?.write_all(b"q")?;
    top.wait()?;
    Ok(())
}

/// And its address.
fn serve(server: &RedisServer) -> Result<(Child, String)> {
    let mut serve = tekup(server, "serve --listen 127.0.0.1:0 --every 1s")?.stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(serve.stdout.take().context("its output")?).read_line(&mut line)?;
    let address = line.trim().rsplit('/').next().context("its address")?.to_owned();
    Ok((serve, address))
}

fn kill(mut child: Child) -> Result<()> {
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// What the commands about single events are asked for.
struct Known {
    waiting: EventId,
    dead: EventId,
    /// Whose the dead one is; the other is of [`TENANT`].
    dead_of: TenantId,
    /// Some more, one a line.
    file: NamedTempFile,
}

impl Known {
    async fn on(bus: &EventBus) -> Result<Self> {
        let waiting = bus.publish(event()).await?.id;
        let letter = bus.dead_letters(DOOMED)?.list(None, 1).await?.letters.pop().context("no dead letter")?;
        let mut file = NamedTempFile::new()?;
        for _ in 0..FILE {
            file.write_all(&event().build()?.to_json()?)?;
            writeln!(file)?;
        }
        Ok(Self { waiting, dead: letter.id, dead_of: letter.tenant.context("its tenant")?, file })
    }
}

fn event() -> Draft<InvoicePaid> {
    sample::invoice(0).event(TENANT)
}

/// Every command that asks the bus, and ends.
fn lines(known: &Known) -> Vec<String> {
    let Known { waiting, dead, dead_of, file } = known;
    vec![
        "doctor".to_owned(),
        "stats".into(),
        format!("stats --tenant {TENANT}"),
        "lanes".into(),
        "sub ls".into(),
        format!("sub show {ALL}"),
        format!("sub pause {ALL}"),
        format!("sub resume {ALL}"),
        format!("sub limit {ALL} 1000/s"),
        format!("sub limit {ALL} none"),
        format!("sub repair {ALL}"),
        format!("sub remove {ALL} --dry-run"),
        format!("event get {waiting} --tenant {TENANT}"),
        format!("event status {waiting} --tenant {TENANT}"),
        format!("event status {dead} --tenant {dead_of}"),
        format!("event trace {waiting} --tenant {TENANT}"),
        format!("event trace {dead} --tenant {dead_of}"),
        format!("publish {} --allow-unknown", file.path().display()),
        format!("explain invoice.paid --tenant {TENANT}"),
        format!("dlq ls {DOOMED}"),
        format!("dlq ls {DOOMED} --tenant {TENANT}"),
        format!("dlq ls {DOOMED} --error closed"),
        format!("dlq ls {DOOMED} --error nothing-like-it"),
        format!("dlq show {DOOMED} {dead} --tenant {dead_of}"),
        format!("dlq replay {DOOMED} --all --dry-run"),
        format!("dlq replay {DOOMED} --error closed --dry-run"),
        format!("dlq purge {DOOMED} --tenant {TENANT} --dry-run"),
        "audit".into(),
        "config show --origin".into(),
    ]
}

fn commands(server: &RedisServer, known: &Known) -> Result<()> {
    for line in lines(known) {
        let begun = Instant::now();
        let output = tekup(server, &line)?.stdin(Stdio::null()).output()?;
        let code = output.status.code().unwrap_or(-1);
        told(&format!("tekup {line} ({code})"), begun)?;
        ensure!(code == 0 || code == 3, "it has failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// How long it took since then, which must not be too long.
fn told(what: &str, begun: Instant) -> Result<()> {
    let took = begun.elapsed();
    println!("{:8.0} ms  {what}", took.as_secs_f64() * 1e3);
    ensure!(took <= LONGEST, "it took longer than {LONGEST:?}");
    Ok(())
}

/// Those that go on until they are ended: how long it takes until there is something to see.
async fn first_looks(server: &RedisServer, bus: &EventBus) -> Result<()> {
    let begun = Instant::now();
    let top = top(server)?;
    told("tekup top: the first picture", begun)?;
    quit(top)?;

    let begun = Instant::now();
    let (serve, address) = serve(server)?;
    // It answers before it has joined the bus.
    while !once(&address)?.contains("tekup_depth_events") {
        ensure!(begun.elapsed() < LONGEST, "it tells no depths");
        thread::sleep(Duration::from_millis(10));
    }
    told("tekup serve: the first scrape of the store", begun)?;
    kill(serve)?;

    let begun = Instant::now();
    let mut tail = tekup(server, "tail --limit 1")?.stdout(Stdio::null()).spawn()?;
    // It does not say when it listens.
    let ended = loop {
        if let Some(ended) = tail.try_wait()? {
            break ended;
        }
        if begun.elapsed() > LONGEST {
            kill(tail)?;
            bail!("`tekup tail` shows nothing within {LONGEST:?}");
        }
        bus.publish(event()).await?;
    };
    ensure!(ended.success(), "`tekup tail` has failed: {ended}");
    told("tekup tail: the first event", begun)
}

/// Pairs of rounds, without and with somebody who looks; each is the first one of its pair in turn.
async fn slower(server: &RedisServer, rounds: usize) -> Result<()> {
    let (mut published, mut drained) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let (mut alone, mut watched) = (Rates::default(), Rates::default());
        for is_watched in [round % 2 == 1, round % 2 == 0] {
            if is_watched { watched = Rates::while_watched(server).await? } else { alone = Rates::of(server).await? }
        }
        println!("round {round}: alone {alone}; while it is looked at {watched}");
        published.push(watched.published / alone.published);
        drained.push(watched.drained / alone.drained);
    }
    for (what, ratios) in [("published", published), ("drained", drained)] {
        let ratio = median(ratios);
        println!("{what} while it is looked at, by that without: {ratio:.3} (median of {rounds})");
        // One round tells more of the machine than of the bus.
        ensure!(rounds < 3 || ratio >= KEPT, "looking costs more than a tenth of the rate");
    }
    Ok(())
}

/// Events a second.
#[derive(Default)]
struct Rates {
    published: f64,
    drained: f64,
}

impl Rates {
    async fn of(server: &RedisServer) -> Result<Self> {
        let bus = on_bus::connect(&server.url()).await?;
        on_bus::prepare(&bus).await?;
        let load = sample::load(DRAINED, TENANTS);
        let begun = Instant::now();
        on_bus::publish(&bus, load, sample::BATCH).await?;
        let published = DRAINED as f64 / begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        on_bus::drain(&bus, DRAINED, |_| ()).await?;
        let drained = DRAINED as f64 / begun.elapsed().as_secs_f64();
        bus.shutdown().await?;
        server.command(&["FLUSHALL"])?;
        Ok(Self { published, drained })
    }

    async fn while_watched(server: &RedisServer) -> Result<Self> {
        // Who looks wants a bus to be there.
        let bus = on_bus::connect(&server.url()).await?;
        on_bus::prepare(&bus).await?;
        let lookers = Lookers::start(server)?;
        let (begun, rates) = (Instant::now(), Self::of(server).await?);
        let (took, scrapes) = (begun.elapsed(), lookers.stop()?);
        bus.shutdown().await?;
        let wanted = took.as_secs_f64() / SCRAPED.as_secs_f64() / 2.0;
        ensure!(scrapes as f64 >= wanted, "{scrapes} scrapes in {took:?} are too few to cost anything");
        Ok(rates)
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}/s published, {:.0}/s drained", self.published, self.drained)
    }
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
        let top = top(server)?;
        let (serve, address) = serve(server)?;
        let stop = Arc::new(AtomicBool::new(false));
        let scraper = thread::spawn({
            let stop = stop.clone();
            move || scrape(&address, &stop)
        });
        Ok(Self { top, serve, stop, scraper })
    }

    /// How often it was scraped.
    fn stop(self) -> Result<usize> {
        self.stop.store(true, Relaxed);
        quit(self.top)?;
        kill(self.serve)?;
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
