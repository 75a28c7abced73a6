//! What a worker does: this program, run again with orders in its environment.

use std::{fs::File, io::Read, process, sync::Mutex, time::Duration};

use tekup_core::{
    BusConfig, Context, Event, EventBus, HandlerResult, RateLimit, Result, Subscription, letters::LetterFilter,
};
use tekup_redis_transport::{RedisConfig, RedisTransport};

use crate::{
    job::{Job, Task},
    ledger::{Ledger, Step},
    orders::{Orders, VARIABLE},
    world::{JOBS, World},
};

/// In a worker this is where it works; in the tests it is shown that a worker begins and ends as it should.
#[tokio::test]
async fn a_worker_that_is_asked_to_stop_leaves_in_order() {
    if let Ok(orders) = std::env::var(VARIABLE) {
        // A thread of its own, for this one drives a runtime already.
        std::thread::spawn(move || work(&serde_json::from_str(&orders).unwrap())).join().unwrap();
    }
    let world = World::new().await;
    let mut worker = world.hire(world.orders("a")).await;
    worker.signal("TERM");
    assert_eq!(worker.ended().await.code(), Some(0), "{}", world.logs());
}

fn work(orders: &Orders) -> ! {
    std::thread::spawn(die_with_the_tests);
    let log = Mutex::new(File::create(orders.log()).unwrap());
    tracing_subscriber::fmt().with_writer(log).with_ansi(false).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ended = runtime.block_on(serve(orders.clone()));
    if let Err(error) = &ended {
        tracing::error!(%error, "the worker could not work");
    }
    process::exit(i32::from(ended.is_err()))
}

/// The tests hold the other end: it is closed when they end, in whatever way.
fn die_with_the_tests() {
    // Nothing is ever written: whatever is read, the end has come.
    let _ = std::io::stdin().read(&mut [0]);
    process::abort();
}

/// As if from outside, by its pid: nothing of it runs any more.
fn kill_this_process() -> ! {
    let pid = process::id().to_string();
    let _killed = process::Command::new("sh").args(["-c", r#"kill -9 "$1""#, "kill", &pid]).status();
    process::abort();
}

async fn serve(orders: Orders) -> Result<()> {
    let config = RedisConfig::new(&orders.url);
    let transport = match orders.left_out() {
        None => RedisTransport::connect(&config).await?,
        Some(safeguard) => RedisTransport::__connect_without(&config, safeguard).await?,
    };
    let bus = EventBus::new(settings(&orders), transport)?;
    let is_ready = || drop(File::create(orders.dir.join(format!("{}.ready", orders.name))).unwrap());
    if let Some(rate) = orders.replays {
        let all = bus.dead_letters(JOBS)?.filter(LetterFilter::all());
        let mut job = all.replay().per_second(rate).start().await?;
        is_ready();
        while job.next().await?.is_some() {}
        return Ok(());
    }
    if let Some(errand) = orders.errand {
        errand.run(&bus, &orders).await?;
        is_ready();
        return std::future::pending().await;
    }
    bus.subscribe(Subscription::to::<Job>("jobs").handler_with(orders.clone(), handle)).await?;
    if orders.pauses {
        bus.pause(JOBS).await?;
    }
    if let Some(limit) = orders.limit {
        bus.set_rate_limit(JOBS, Some(RateLimit::per_second(limit))).await?;
    }
    let ready = async {
        is_ready();
        std::future::pending().await
    };
    tokio::select! {
        biased;
        ended = bus.run_until_signal() => ended,
        ended = ready => ended,
    }
}

pub(crate) fn settings(orders: &Orders) -> BusConfig {
    let mut config = BusConfig::new("service");
    config.lease = orders.lease;
    config.concurrency = orders.concurrency;
    config.crash_limit = orders.crash_limit;
    config
}

async fn handle(orders: Orders, event: Event<Job>, cx: Context) -> HandlerResult {
    let ledger = Ledger::of(&orders.dir);
    let note = |step| ledger.note(step, cx.event_id(), cx.attempt(), &orders.name);
    note(Step::Started);
    let fails = match event.data.task {
        Task::Pass => None,
        Task::Kill => kill_this_process(),
        Task::Wait => {
            wait_at_gate(&orders).await;
            orders.fails_waiting.then_some(0)
        }
        Task::FailFirst(again) => (cx.attempt() == 1).then_some(again),
    };
    match fails {
        None => {
            note(Step::Done);
            Ok(())
        }
        Some(again) => {
            note(Step::Failed);
            Err(tekup_core::HandlerError::from("told to fail").retry_after(Duration::from_millis(again)))
        }
    }
}

async fn wait_at_gate(orders: &Orders) {
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    while !orders.gate().exists() {
        tick.tick().await;
    }
}
