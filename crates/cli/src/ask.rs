//! Whether what can't be undone is meant.

use std::io::{IsTerminal, Write, stderr, stdin};

use anyhow::bail;

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Consent {
    /// Does it without asking.
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Only tells what would be done.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl Consent {
    /// Asks on a terminal, unless the answer was given on the command line; elsewhere it must have been given.
    pub(crate) fn to(self, what: &str) -> anyhow::Result<bool> {
        if self.yes {
            return Ok(true);
        }
        if !stdin().is_terminal() {
            bail!("{what}: nobody can be asked here, so nothing was done; give --yes to do it, or --dry-run to see it");
        }
        write!(stderr(), "{what}. Go on? [y/N] ")?;
        stderr().flush()?;
        let mut answer = String::new();
        stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}
