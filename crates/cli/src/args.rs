//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use tekup_contracts::Mode;
use tekup_core::{EventType, SchemaVersion};

/// Looks at the events of the Tekup event bus.
///
/// Ends with 0 if all is well, 1 if it could not be done, 2 if the command line is not understood, 3 if what was looked at
/// is not as it should be.
#[derive(Debug, Parser)]
#[command(name = "tekup", version, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The schemas of events, and whether a change of them breaks who reads them.
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Events in files.
    #[command(subcommand)]
    Event(EventCommand),
    /// Prints what a service sends and receives, as an AsyncAPI 3.0 document.
    ///
    /// Of each event it shows the newest version that this program knows.
    Asyncapi(AsyncapiArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct AsyncapiArgs {
    /// The service, as it joins the bus: `lead-scoring`.
    pub(crate) service: String,
    /// The version of the service, as its team counts it.
    #[arg(long, value_name = "VERSION")]
    pub(crate) service_version: String,
    /// What the service is for.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// The events that it publishes, such as `lead.scored` or `lead.*`; may be given again.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) sends: Vec<String>,
    /// A subscription and the events that it takes, such as `scoring=lead.created`; may be given again.
    #[arg(long, value_name = "SUBSCRIPTION=PATTERN", value_parser = subscription_and_pattern)]
    pub(crate) receives: Vec<(String, String)>,
    /// Where its Redis is; a user and a password are left out of the document.
    #[arg(long, value_name = "URL")]
    pub(crate) redis: Option<String>,
    /// The first part of every key.
    #[arg(long, default_value = "tekup")]
    pub(crate) namespace: String,
    /// In how many partitions the namespace was made.
    #[arg(long, default_value_t = 8)]
    pub(crate) partitions: u16,
}

fn subscription_and_pattern(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').map(|(name, pattern)| (name.to_owned(), pattern.to_owned()));
    parts.ok_or_else(|| "write the subscription, `=` and a pattern, such as `scoring=lead.created`".into())
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchemaCommand {
    /// Lists the newest version of each event.
    Ls {
        #[command(flatten)]
        output: Output,
    },
    /// Prints the JSON Schema of an event, which is the same for people and for programs.
    Show {
        /// The event, such as `lead.created`, or a version of it: `lead.created@1.0.0`.
        event: EventName,
        /// What is written instead of what is read: fields with a default are always there.
        #[arg(long)]
        written: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Tells which readers the events of this program would break, beside those that are locked.
    Check {
        #[command(flatten)]
        lock: LockArgs,
        /// Ends with 3 too if an event is not locked as it is, though it breaks nobody.
        #[arg(long)]
        locked: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Shows how events have changed since they were locked, and whom that breaks.
    Diff {
        /// The event, such as `lead.created`; else all that have changed.
        event: Option<EventType>,
        #[command(flatten)]
        lock: LockArgs,
        #[command(flatten)]
        output: Output,
    },
    /// Locks the events as they are, unless they break a reader or a locked version has other data.
    Lock {
        #[command(flatten)]
        lock: LockArgs,
        /// Overwrites locked versions that have other data; only for versions that were never deployed.
        #[arg(long)]
        amend: bool,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventCommand {
    /// Holds events to the schemas of their types.
    ///
    /// A file holds one event, a list of them, an object of them by any names, or one event a line.
    Validate {
        /// The file; `-` for the standard input.
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    /// For people, or for programs; an error is a text on the standard error output either way.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LockArgs {
    /// The folder of the lock.
    #[arg(long, default_value = "schemas")]
    pub(crate) lock: PathBuf,
    /// Which readers must not break: backward, forward or full, each also -transitive.
    #[arg(long, default_value_t)]
    pub(crate) mode: Mode,
}

/// An event, or one version of it.
#[derive(Debug, Clone)]
pub(crate) struct EventName {
    pub(crate) event_type: EventType,
    pub(crate) version: Option<SchemaVersion>,
}

impl std::str::FromStr for EventName {
    type Err = tekup_core::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (event_type, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
        Ok(Self { event_type: event_type.parse()?, version: version.map(str::parse).transpose()? })
    }
}
