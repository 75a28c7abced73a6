use std::io::{self, Write};

use serde::Serialize;

use crate::{output::shown, server::Shell};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// Events are lost or held up, or will be.
    Error,
    /// Somebody should look.
    Warning,
}

/// What mends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Cure {
    /// A command, as a shell takes it.
    Run(String),
    /// A command that deletes something for good: only if that is meant.
    IfMeant(String),
    /// What no command does by itself.
    Do(String),
}

/// Something that is wrong, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// A name that stays, for those who search for it.
    pub(super) code: &'static str,
    pub(super) what: String,
    /// In their order.
    pub(super) cures: Vec<Cure>,
}

impl Finding {
    pub(super) fn error(code: &'static str, what: impl Into<String>) -> Self {
        Self { level: Level::Error, code, what: what.into(), cures: Vec::new() }
    }

    pub(super) fn warning(code: &'static str, what: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(code, what) }
    }

    pub(super) fn run(self, command: Shell) -> Self {
        self.command(command, Cure::Run)
    }

    pub(super) fn if_meant(self, command: Shell) -> Self {
        self.command(command, Cure::IfMeant)
    }

    fn command(mut self, command: Shell, as_it_is: fn(String) -> Cure) -> Self {
        self.cures.push(match command {
            Shell::Whole(text) => as_it_is(text),
            Shell::Part(text) => Cure::Do(text),
        });
        self
    }

    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.cures.push(Cure::Do(advice.into()));
        self
    }

    pub(super) fn tell(&self, out: &mut impl Write) -> io::Result<()> {
        let level = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        writeln!(out, "{level}: {}: {}", self.code, shown(&self.what, 1_000))?;
        for cure in &self.cures {
            match cure {
                Cure::Run(command) => writeln!(out, "    run: {command}")?,
                Cure::IfMeant(command) => writeln!(out, "    if that is meant: {command}")?,
                Cure::Do(advice) => writeln!(out, "    do: {advice}")?,
            }
        }
        Ok(())
    }
}
