use std::io::{self, Write};

use serde::Serialize;
use tekup_contracts::{Lock, Registry};
use tekup_core::ErrorKind;

use super::args::LockArgs;
use crate::{Ended, output::Format};

#[derive(Serialize)]
struct Answer {
    /// The files.
    written: Vec<String>,
    /// Why none was.
    refused: Vec<String>,
}

pub(super) fn run(
    registry: &Registry,
    args: &LockArgs,
    amends: bool,
    format: Format,
    out: &mut impl Write,
) -> anyhow::Result<Ended> {
    let answer = write(registry, args, amends)?;
    format.one(out, &answer, |out| Ok(tell(&answer, registry, out)?))?;
    Ok(if answer.refused.is_empty() { Ended::Well } else { Ended::WithFindings })
}

fn write(registry: &Registry, args: &LockArgs, amends: bool) -> tekup_core::Result<Answer> {
    let lock = Lock::at(&args.lock);
    let written = if amends { lock.amend(registry, args.mode) } else { lock.update(registry, args.mode) };
    match written {
        Ok(paths) => {
            let written = paths.iter().map(|path| path.display().to_string()).collect();
            Ok(Answer { written, refused: Vec::new() })
        }
        Err(error) if error.kind() == ErrorKind::Incompatible => {
            Ok(Answer { written: Vec::new(), refused: error.problems().to_vec() })
        }
        Err(error) => Err(error),
    }
}

fn tell(answer: &Answer, registry: &Registry, out: &mut impl Write) -> io::Result<()> {
    for path in &answer.written {
        writeln!(out, "wrote {path}")?;
    }
    for problem in &answer.refused {
        writeln!(out, "refused: {problem}")?;
    }
    match (answer.written.is_empty(), answer.refused.is_empty()) {
        (_, false) => writeln!(out, "nothing was written"),
        (true, true) => writeln!(out, "all {} events are locked as they are", registry.newest().count()),
        (false, true) => Ok(()),
    }
}
