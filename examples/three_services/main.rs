//! Three services, each a process of its own, and the tree of what caused what across them.
//!
//! ```text
//! cargo run --bin three_services -- --redis redis://localhost:6379
//! ```
//!
//! The program starts itself once for each service, lets a lead come in, follows it, and stops the services in order.

#![allow(clippy::print_stdout, reason = "a program that shows what happens")]

mod child;
mod services;

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result, bail};
use tekup_core::{EventBus, EventId, Trace, TraceNode};

use self::child::Child;

const TENANT: &str = "acme";

/// How long an event may take to be handled.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--redis", url] => conduct(url).await,
        ["--redis", url, "web"] => services::web(url).await,
        ["--redis", url, "scoring"] => services::scoring(url).await,
        ["--redis", url, "sales"] => services::sales(url).await,
        _ => bail!("usage: cargo run --bin three_services -- --redis <url>"),
    }
}

async fn conduct(url: &str) -> Result<()> {
    let mut scoring = Child::start("scoring", url)?;
    let mut sales = Child::start("sales", url)?;
    // From here on they miss nothing, whoever runs when it comes.
    scoring.expect("ready").await?;
    sales.expect("ready").await?;

    let web = Child::start("web", url)?.end().await?;
    let correlation = web.last().and_then(|line| line.rsplit(' ').next()).context("web has said nothing")?;
    let bus = tekup_redis_transport::connect(url, "conductor").await?;
    let trace = follow(&bus, correlation).await?;
    bus.shutdown().await?;

    let said = [&web, &scoring.end().await?, &sales.end().await?];
    said.into_iter().flatten().for_each(|line| println!("{line}"));
    trace.roots.iter().for_each(|root| print_tree(root, ""));
    Ok(())
}

/// Waits until all that came of it is handled: what a handler publishes is stored before its event counts as handled.
async fn follow(bus: &EventBus, correlation: &str) -> Result<Trace> {
    let mut handled = BTreeSet::new();
    loop {
        let trace = bus.trace(TENANT, correlation).await?;
        let mut ids = Vec::new();
        trace.roots.iter().for_each(|root| collect(root, &mut ids));
        let Some(next) = ids.into_iter().find(|id| !handled.contains(id)) else { return Ok(trace) };
        bus.wait_for(TENANT, next, PATIENCE).await?;
        handled.insert(next);
    }
}

fn collect(node: &TraceNode, ids: &mut Vec<EventId>) {
    ids.push(node.id);
    node.effects.iter().for_each(|effect| collect(effect, ids));
}

fn print_tree(node: &TraceNode, indent: &str) {
    println!("{indent}{}", node.event_type.as_ref().map_or("?", |known| known.as_str()));
    node.effects.iter().for_each(|effect| print_tree(effect, &format!("{indent}  ")));
}
