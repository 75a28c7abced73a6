use std::io::Write;

use tekup_contracts::{Lock, Registry};
use tekup_core::ErrorKind;

use crate::{Ended, args::LockArgs};

pub(super) fn run(registry: &Registry, args: &LockArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    match Lock::at(&args.lock).update(registry, args.mode) {
        Ok(written) => {
            for path in &written {
                writeln!(out, "wrote {}", path.display())?;
            }
            if written.is_empty() {
                writeln!(out, "all {} events are locked as they are", registry.newest().count())?;
            }
            Ok(Ended::Well)
        }
        Err(error) if error.kind() == ErrorKind::Incompatible => {
            for problem in error.problems() {
                writeln!(out, "breaks: {problem}")?;
            }
            writeln!(out, "nothing was written")?;
            Ok(Ended::WithFindings)
        }
        Err(error) => Err(error.into()),
    }
}
