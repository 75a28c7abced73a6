//! Scores a file of leads: publish, pause, handle, publish what follows, retry, dead-letter, mend, replay.
//!
//! ```text
//! cargo run --release --example quickstart                                   # within this process
//! cargo run --release --example quickstart -- --redis redis://localhost:6379 # on a server
//! ```
//!
//! The last line counts ids of events. `retried` needed more than one attempt; `dead_lettered` was dead at some time,
//! even if a replay brought it back; `lost` is neither handled nor dead at the end, and makes the exit code 1.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that shows what happens")]

mod args;
mod import;
mod ledger;
mod letters;
mod scorer;

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Result, anyhow};
use tekup_core::{EventBus, RetryPolicy, Subscription};
use tekup_events_crm::{LeadCreated, LeadScored};

use self::{
    args::Args,
    letters::Letters,
    scorer::{Scorer, Source},
};

/// Whose leads they are.
const TENANT: &str = "acme";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(lost) => ExitCode::from(u8::from(lost > 0)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Answers how many events are lost.
async fn run() -> Result<usize> {
    let args = Args::parse(std::env::args().skip(1))?;
    let lines = std::fs::read_to_string(&args.leads)
        .map_err(|error| anyhow!("{} can't be read ({error}): name a file with --leads", args.leads.display()))?;
    let bus = open(args.redis.as_deref()).await?;
    let scorer = Arc::new(Scorer::new());
    subscribe(&bus, &scorer).await?;
    // Nobody is welcomed before all leads are in: a pause holds for every process until it is taken back.
    bus.pause("quickstart/welcoming").await?;
    let imported = import::publish(&bus, &scorer, &lines).await;
    bus.resume("quickstart/welcoming").await?;
    imported?;

    let letters = Letters::new(&bus, &scorer)?;
    letters.settle().await?;
    letters.show().await?;
    scorer.mend("trade-fair", Source { points: 12.0, busy: 0 }).await;
    letters.replay().await?;
    letters.settle().await?;
    letters.show().await?;

    bus.shutdown().await?;
    println!("hot leads welcomed: {}", scorer.hot.lock().await.arrived.len());
    let ledger = scorer.ledger.lock().await;
    println!("{ledger}");
    Ok(ledger.open())
}

/// The one place that knows where the bus lives.
async fn open(redis: Option<&str>) -> Result<EventBus> {
    Ok(match redis {
        None => EventBus::in_memory("quickstart")?,
        Some(url) => tekup_redis_transport::connect(url, "quickstart").await?,
    })
}

async fn subscribe(bus: &EventBus, scorer: &Arc<Scorer>) -> Result<()> {
    let scoring = Subscription::to::<LeadCreated>("scoring")
        .retry(RetryPolicy::fixed(3, Duration::from_millis(50)))
        .handler_with(Arc::clone(scorer), async |scorer, event, cx| scorer.score(event, cx).await);
    let welcoming = Subscription::to::<LeadScored>("welcoming")
        .handler_with(Arc::clone(scorer), async |scorer, event, _| scorer.welcome(event).await);
    bus.subscribe(scoring).await?;
    bus.subscribe(welcoming).await?;
    Ok(())
}
