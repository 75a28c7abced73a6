//! `tekup completions`.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::{Ended, args::Args};

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell. For bash: `tekup completions bash > ~/.local/share/bash-completion/completions/tekup`.
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    // Made as a whole, for the generator takes a writer that fails for a bug.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "tekup", &mut script);
    out.write_all(&script)?;
    Ok(Ended::Well)
}
