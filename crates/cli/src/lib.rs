//! The command line of the Tekup event bus.
//!
//! `tekup` knows the events of a registry. A team with events of its own builds one that knows these:
//!
//! ```
//! use std::process::ExitCode;
//!
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//! use tekup_contracts::Registry;
//! use tekup_core::TekupEvent;
//!
//! #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
//! struct InvoicePaid {
//!     amount: f64,
//! }
//!
//! fn main() -> ExitCode {
//!     # if true { return tekup_cli::run(Registry::of([("billing", vec![InvoicePaid::descriptor()])]), ["tekup", "schema", "ls"]); }
//!     tekup_cli::main(Registry::of([("billing", vec![InvoicePaid::descriptor()])]))
//! }
//! ```
//!
//! # Exit codes
//!
//! | code | means |
//! |---|---|
//! | 0 | done, and all is well |
//! | 1 | it could not be done: the message says why, and what to do |
//! | 2 | the command line is not understood |
//! | 3 | it was done, and what was looked at is not as it should be: each finding is told |
//!
//! Where `schema lock` ends with 3, it has written nothing. For `schema check --locked`, an event that is not locked as it is
//! is a finding too.
//!
//! The program ends with the same code where whoever reads its output stops before the end, as `head` does.
//!
//! # For programs
//!
//! With `--output json` the answer is one JSON value on the standard output. An error, which ends with 1 or 2, has no answer:
//! it stays a text on the standard error output.

mod args;
mod ask;
mod asyncapi;
mod audit;
mod closed;
mod completions;
mod config;
mod demo;
mod dlq;
mod doctor;
mod event;
mod explain;
mod lanes;
mod output;
mod policy;
mod probe;
mod progress;
mod publish;
mod schema;
mod serve;
mod server;
mod stats;
mod sub;
mod subscriptions;
mod tail;
mod top;
mod units;

use std::{ffi::OsString, io::Write, process::ExitCode};

use clap::Parser;
use tekup_contracts::Registry;

use self::{
    args::{Args, Command},
    closed::UntilClosed,
    output::note,
};

/// How a command ended.
enum Ended {
    Well,
    /// What was looked at is not as it should be.
    WithFindings,
}

/// Runs the program with the arguments of this process, for the events of a registry.
///
/// See the [crate] for an example.
#[must_use]
pub fn main(registry: tekup_core::Result<Registry>) -> ExitCode {
    run(registry, std::env::args_os())
}

/// Runs the program with these arguments, the first of which is its name.
///
/// ```
/// use tekup_contracts::Registry;
///
/// let code = tekup_cli::run(Ok(Registry::default()), ["tekup", "schema", "ls"]);
/// assert_eq!(code, std::process::ExitCode::SUCCESS);
/// ```
#[must_use]
pub fn run<A: Into<OsString> + Clone>(
    registry: tekup_core::Result<Registry>,
    args: impl IntoIterator<Item = A>,
) -> ExitCode {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            // Where nobody reads, there is nobody to be told.
            let _told = error.print();
            return ExitCode::from(code);
        }
    };
    match registry.map_err(anyhow::Error::from).and_then(|registry| command(&registry, args)) {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::WithFindings) => ExitCode::from(3),
        Err(error) => {
            note(&format!("error: {}", whole(&error)));
            ExitCode::FAILURE
        }
    }
}

/// With its causes, but for those that are told already: an error of the bus is one whole line.
fn whole(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.contains(&cause) {
            continue;
        }
        let apart = if told.is_empty() { "" } else { ": " };
        told = told + apart + &cause;
    }
    told
}

fn command(registry: &Registry, args: Args) -> anyhow::Result<Ended> {
    let out = &mut UntilClosed::new(std::io::stdout().lock());
    let ended = match args.command {
        Command::Doctor(args) => doctor::run(&args, out),
        Command::Stats(args) => stats::run(&args, out),
        Command::Top(args) => top::run(&args),
        Command::Sub(command) => sub::run(command, out),
        Command::Lanes(args) => lanes::run(&args, out),
        Command::Publish(args) => publish::run(registry, &args, out),
        Command::Tail(args) => tail::run(&args, out),
        Command::Explain(args) => explain::run(registry, &args, out),
        Command::Dlq(command) => dlq::run(registry, command, out),
        Command::Serve(args) => serve::run(&args, out),
        Command::Probe(args) => probe::run(&args, out),
        Command::Demo(args) => demo::run(&args, out),
        Command::Audit(args) => audit::run(&args, out),
        Command::Config(command) => config::run(&command, out),
        Command::Completions(args) => completions::run(&args, out),
        Command::Schema(command) => schema::run(registry, command, out),
        Command::Event(command) => event::run(registry, command, out),
        Command::Asyncapi(args) => asyncapi::run(registry, args, out),
    }?;
    out.flush()?;
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn each_cause_of_an_error_is_told_once() {
        let refused = || anyhow!("refused");
        let table = [
            (refused(), "refused"),
            (refused().context("no way there"), "no way there: refused"),
            (refused().context("no way there (refused)"), "no way there (refused)"),
            (refused().context("no way there (refused)").context("half done"), "half done: no way there (refused)"),
        ];
        for (error, told) in table {
            assert_eq!(whole(&error), told);
        }
    }
}
