//! The command line.

use clap::{Parser, Subcommand};

use crate::{
    asyncapi::AsyncapiArgs, audit::AuditArgs, completions::CompletionsArgs, config::ConfigCommand, demo::DemoArgs,
    dlq::DlqCommand, doctor::DoctorArgs, event::EventCommand, explain::ExplainArgs, lanes::LanesArgs, output::Format,
    probe::ProbeArgs, publish::PublishArgs, schema::SchemaCommand, serve::ServeArgs, stats::StatsArgs, sub::SubCommand,
    tail::TailArgs, top::TopArgs,
};

/// Looks at a Tekup event bus and at its events, and tends it.
///
/// Ends with 0 if all is well, 1 if it could not be done, 2 if the command line is not understood, 3 if what was looked at
/// is not as it should be, or was done in part.
#[derive(Debug, Parser)]
#[command(name = "tekup", version, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What is wrong with the bus, and how to mend it.
    Doctor(DoctorArgs),
    /// What was counted, and what waits for each subscription.
    Stats(StatsArgs),
    /// The bus, live: rates, depths and ages, by subscription and tenant.
    Top(TopArgs),
    /// Subscriptions: which there are, how each stands; pause, resume and remove them.
    #[command(subcommand)]
    Sub(SubCommand),
    /// What waits in which lane.
    Lanes(LanesArgs),
    /// Single events: what became of one, what it caused; and events in files.
    #[command(subcommand)]
    Event(EventCommand),
    /// Publishes events from a file, when all of them are valid.
    Publish(PublishArgs),
    /// Shows events as they are published. Nobody else gets fewer for it.
    Tail(TailArgs),
    /// Tells which subscriptions get events of a type, and why the others don't.
    ///
    /// What a filter in the code of a subscription leaves out is not known here: it gets it, and finishes it unhandled.
    Explain(ExplainArgs),
    /// Dead letters: count, look, replay and purge.
    #[command(subcommand)]
    Dlq(DlqCommand),
    /// Who did what, and which sensitive events were published.
    Audit(AuditArgs),
    /// The schemas of events, and whether a change of them breaks who reads them.
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Prints what a service sends and receives, as an AsyncAPI 3.0 document.
    ///
    /// Of each event it shows the newest version that this program knows.
    Asyncapi(AsyncapiArgs),
    /// Serves probes, health and Prometheus metrics of the bus over HTTP.
    Serve(ServeArgs),
    /// Asks a probe by HTTP, as the health check of a container does.
    ///
    /// Ends with 0 if the answer is 200, with 3 if it is another, and with 1 if nobody answers in time.
    Probe(ProbeArgs),
    /// Runs a bus with sample traffic to look at, in a namespace of its own, until it is interrupted.
    Demo(DemoArgs),
    /// Settings of this program, and who has said them.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prints what makes a shell complete the command line.
    Completions(CompletionsArgs),
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Output {
    /// For people, or for programs; an error is a text on the standard error output either way.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Format,
}
