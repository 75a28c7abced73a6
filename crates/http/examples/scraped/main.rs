//! Asks a Prometheus, which scrapes a bus on Redis that is busy and in trouble, all that the dashboard and the alerts ask.
//!
//! ```text
//! cargo run --package tekup-http --example scraped -- prometheus deploy/prometheus/alerts.yml deploy/grafana/tekup.json
//! ```
//!
//! The first is the program. It starts a Redis server and two processes of a service beside it, makes trouble, and prints each
//! question with how many series answer it; it fails where one has no answer after a while.

#![allow(clippy::print_stdout, reason = "a program that shows what happens")]

#[path = "../common/mod.rs"]
mod common;
mod dashboard;
mod prometheus;
mod replica;
mod service;

use std::{path::Path, time::Duration};

use common::Failure;
use dashboard::Question;
use prometheus::Prometheus;
use replica::Replica;
use tekup_core::EventBus;
use tekup_http::{Operations, serve};
use tekup_testkit::redis::RedisServer;
use tokio::net::TcpListener;

/// What was done on purpose, which must be seen: the dashboard alone may be told that there was none.
const TROUBLE: [&str; 6] = [
    "sum(increase(tekup_reconnects_total[5m])) > 0",
    "sum(increase(tekup_lease_losses_total[5m])) > 0",
    r#"sum(rate(tekup_events_total{status="filtered"}[10s])) > 0"#,
    r#"sum by (reason) (tekup_dead_letters_total{reason="rejected"}) > 0"#,
    r#"sum by (reason) (tekup_dead_letters_total{reason="attempts_exhausted"}) > 0"#,
    r#"tekup_depth_events{subscription="crm/archive",state="ready"} > 0"#,
];

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["service", url] => service::run(url).await,
        [program, alerts, board] => scraped(program, Path::new(alerts), Path::new(board)).await,
        _ => Err("say which Prometheus, alerts and dashboard: scraped <program> <alerts.yml> <dashboard.json>".into()),
    }
}

async fn scraped(program: &str, alerts: &Path, board: &Path) -> Result<(), Failure> {
    let mut questions = dashboard::questions(&std::fs::read_to_string(board)?)?;
    questions.extend(TROUBLE.map(|query| Question::Query(query.to_owned())));
    let server = RedisServer::start()?;
    let (one, two) = (Replica::start(&server.url())?, Replica::start(&server.url())?);
    let ops = tekup_redis_transport::connect(server.url(), "ops").await?;
    let operations = TcpListener::bind("127.0.0.1:0").await?;
    let targets = [one.address(), two.address(), operations.local_addr()?];
    let seen =
        Operations::of(&ops).with_store(Duration::from_millis(500)).tenants(["acme".parse()?, "globex".parse()?]);
    let serving = tokio::spawn(serve(operations, seen.router(), std::future::pending()));
    let prometheus = Prometheus::start(program, alerts, &targets).await?;
    // What rises before it is seen at all is no rise.
    let seen = prometheus.until(&Question::Query("tekup_reconnects_total".into()), targets.len()).await?;
    if seen < targets.len() {
        return Err(format!("only {seen} of {} processes were scraped in time", targets.len()).into());
    }
    make_trouble(&server, &ops, &one).await?;
    answered(&prometheus, &questions).await?;
    println!("{} alerts are evaluated", prometheus.alerts(alerts).await?);
    serving.abort();
    ops.shutdown().await?;
    one.stop()?;
    two.stop()
}

/// A subscription is paused, connections are cut, and a process stands still for so long that its leases end.
async fn make_trouble(server: &RedisServer, ops: &EventBus, replica: &Replica) -> Result<(), Failure> {
    ops.pause("crm/archive").await?;
    server.command(&["CLIENT", "KILL", "TYPE", "normal"])?;
    replica.signal("STOP")?;
    tokio::time::sleep(3 * service::LEASE).await;
    replica.signal("CONT")
}

/// Asks each question until it is answered; then says by how many series.
async fn answered(prometheus: &Prometheus, questions: &[Question]) -> Result<(), Failure> {
    let mut unanswered = 0;
    println!("{:>6}  QUESTION", "SERIES");
    for question in questions {
        let series = prometheus.until(question, 1).await?;
        println!("{series:>6}  {question}");
        unanswered += usize::from(series == 0);
    }
    if unanswered > 0 { Err(format!("{unanswered} questions are not answered").into()) } else { Ok(()) }
}
