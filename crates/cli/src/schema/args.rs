//! The command line of `tekup schema`.

use std::path::PathBuf;

use clap::Subcommand;
use tekup_contracts::Mode;
use tekup_core::{EventType, SchemaVersion};

use crate::args::Output;

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
