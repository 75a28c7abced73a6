//! Measures the bus beside a hand-written loop, on a server of its own.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this program is for")]

use std::process::ExitCode;

use anyhow::Result;
use tekup_bench::{
    args::{Args, USAGE},
    report::{self, Row},
    round,
    scenario::Setting,
};
use tekup_testkit::redis::RedisServer;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(error) => {
            eprintln!("{error:#}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&args).await {
        Ok(rows) if args.json => println!("{:#}", report::json(&args, &rows)),
        Ok(rows) => print!("{}", report::table(&rows)),
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn run(args: &Args) -> Result<Vec<Row>> {
    let server = RedisServer::start()?;
    let mut rows = Vec::new();
    for setting in Setting::ALL {
        let asked: Vec<_> = args.scenarios.iter().filter(|scenario| scenario.setting() == setting).collect();
        if asked.is_empty() {
            continue;
        }
        let rounds = rounds(&server, args, setting).await?;
        rows.extend(asked.into_iter().map(|scenario| Row::of(*scenario, args.events, &rounds)));
    }
    Ok(rows)
}

async fn rounds(server: &RedisServer, args: &Args, setting: Setting) -> Result<Vec<round::Round>> {
    // The first one warms up caches and allocators, and is not counted.
    round::run(server, args.events.min(20_000), setting).await?;
    let mut rounds = Vec::with_capacity(args.rounds);
    for _ in 0..args.rounds {
        rounds.push(round::run(server, args.events, setting).await?);
    }
    Ok(rounds)
}
