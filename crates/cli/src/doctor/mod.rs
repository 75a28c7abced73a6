//! `tekup doctor`: what is wrong, and how to mend it.

mod facts;
mod finding;
mod memory;
mod partitions;
mod server;
mod subscriptions;
#[cfg(test)]
mod tests;

use std::{io::Write, time::Duration};

use serde::Serialize;
use tekup_core::{Environment, ErrorKind};
use tekup_redis_transport::RedisTransport;

use self::{
    facts::Facts,
    finding::{Finding, Level},
};
use crate::{
    Ended,
    output::tell_next,
    server::{Address, BusArgs, in_runtime, visit},
    subscriptions::Page,
    units::short,
};

#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    thresholds: Thresholds,
    #[command(flatten)]
    page: Page,
    #[command(flatten)]
    bus: BusArgs,
}

/// From when on something is wrong.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Thresholds")]
struct Thresholds {
    /// How long the oldest event may wait for a subscription.
    #[arg(long, value_name = "TIME", default_value = "5min", value_parser = humantime::parse_duration)]
    max_age: Duration,
    /// How many events may wait for a subscription.
    #[arg(long, value_name = "EVENTS", default_value_t = 10_000)]
    max_waiting: u64,
    /// How long a subscription may be without a reader.
    #[arg(long, value_name = "TIME", default_value = "10min", value_parser = humantime::parse_duration)]
    max_silent: Duration,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    findings: Vec<Finding>,
    /// What was looked at; nothing, if the bus is out of reach.
    facts: Option<Facts>,
}

pub(crate) fn run(args: &DoctorArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let environment = Environment::of_process();
    let address = args.bus.server.address(&environment)?;
    let config = address.config()?;
    let report = in_runtime(async {
        let looked = async {
            let transport = RedisTransport::visit(&config).await?;
            let bus = visit(transport.clone(), &environment)?;
            facts::gather(&transport, &bus, &args.page).await
        };
        Ok(match looked.await {
            Ok(facts) => Report { findings: findings(&facts, &args.thresholds, &address), facts: Some(facts) },
            Err(error) => Report { findings: vec![out_of_reach(&error, &address)], facts: None },
        })
    })?;
    args.bus.format().one(out, &report, |out| tell(&report, out))?;
    Ok(if report.findings.is_empty() { Ended::Well } else { Ended::WithFindings })
}

fn out_of_reach(error: &tekup_core::Error, address: &Address) -> Finding {
    let (code, advice) = match error.kind() {
        ErrorKind::NotFound => ("no-bus", "name another namespace, or start a service: it makes the bus when it joins"),
        ErrorKind::Denied => ("denied", "check user and password, and the permissions of the user in Redis"),
        ErrorKind::Incompatible => ("incompatible", "use a server, a namespace and a program that go together"),
        _ if error.to_string().contains("is a read-only replica") => {
            ("read-only", "this is a replica: name the master, or look why it is none; a shell tells more by:")
        }
        ErrorKind::Unavailable => {
            ("unreachable", "check that Redis runs, and that this machine may reach it; a shell tells more by:")
        }
        _ => ("failed", "what was found is not looked at any further: the message says what stopped it"),
    };
    let finding = Finding::error(code, error.to_string()).advise(advice);
    match code {
        "unreachable" => finding.run(address.redis_cli("PING")),
        "read-only" => finding.run(address.redis_cli("ROLE")),
        _ => finding,
    }
}

/// The worst first.
fn findings(facts: &Facts, thresholds: &Thresholds, address: &Address) -> Vec<Finding> {
    let mut found = server::findings(&facts.server, address);
    found.extend(memory::findings(facts, address));
    found.extend(partitions::findings(&facts.partitions, address));
    for one in &facts.subscriptions {
        found.extend(subscriptions::findings(one, thresholds, facts.at, address));
    }
    found.sort_by_key(|finding| finding.level);
    found
}

fn tell(report: &Report, out: &mut impl Write) -> anyhow::Result<()> {
    report.findings.iter().try_for_each(|finding| finding.tell(out))?;
    let Some(facts) = &report.facts else { return Ok(()) };
    let errors = report.findings.iter().filter(|finding| finding.level == Level::Error).count();
    let warnings = report.findings.len() - errors;
    let up = short(Duration::from_secs(facts.server.uptime_seconds));
    let first = if facts.next.is_some() { "the first " } else { "" };
    writeln!(
        out,
        "Redis {} ({}, up {up}, {:.1} ms), {} partitions, {first}{} subscriptions: {errors} errors, {warnings} warnings",
        facts.server.version,
        facts.server.mode,
        facts.server.latency_ms,
        facts.partitions.len(),
        facts.subscriptions.len(),
    )?;
    tell_next(facts.next.as_deref());
    Ok(())
}
