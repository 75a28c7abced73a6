//! `tekup probe`.

use std::{io::Write, time::Duration};

use crate::{Ended, output::shown, server::in_runtime};

/// How much of an answer is printed, in characters.
const TEXT: usize = 4_096;

#[derive(Debug, clap::Args)]
pub(crate) struct ProbeArgs {
    /// What to ask, by plain HTTP.
    #[arg(value_name = "URL", default_value = "http://127.0.0.1:9464/readyz?verbose")]
    url: String,
    /// How long the answer may take: less than who runs the check has patience.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

pub(crate) fn run(args: &ProbeArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let answer = in_runtime(async { Ok(tekup_http::probe(&args.url, args.timeout).await?) })?;
    writeln!(out, "{}", shown(&answer.to_string(), TEXT))?;
    Ok(if answer.is_good() { Ended::Well } else { Ended::WithFindings })
}
