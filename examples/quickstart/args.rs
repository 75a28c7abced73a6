use std::path::PathBuf;

use anyhow::{Context, Result, bail};

pub(crate) const USAGE: &str = "\
usage: cargo run --release --example quickstart [-- [--redis <url>] [--leads <file>]]
  --redis <url>   a server to run on, such as redis://localhost:6379; default: within this process
  --leads <file>  one lead in JSON a line; default: examples/quickstart/leads.jsonl";

/// What the command line asks for.
pub(crate) struct Args {
    /// `None`: the bus lives within this process.
    pub(crate) redis: Option<String>,
    pub(crate) leads: PathBuf,
}

impl Args {
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut arguments = arguments.into_iter();
        let mut args =
            Self { redis: None, leads: concat!(env!("CARGO_MANIFEST_DIR"), "/quickstart/leads.jsonl").into() };
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("`{name}` needs a value after it\n{USAGE}"));
            match name.as_str() {
                "--redis" => args.redis = Some(value()?),
                "--leads" => args.leads = value()?.into(),
                other => bail!("`{other}` is not known\n{USAGE}"),
            }
        }
        Ok(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Args> {
        Args::parse(arguments.iter().map(ToString::to_string))
    }

    #[test]
    fn without_arguments_the_bus_lives_in_this_process_and_the_shipped_leads_are_read() {
        let args = parse(&[]).unwrap();
        assert!(args.redis.is_none() && args.leads.is_file());
    }

    #[test]
    fn the_server_and_the_file_can_be_named() {
        let args = parse(&["--leads", "mine.jsonl", "--redis", "redis://localhost"]).unwrap();
        assert_eq!((args.redis.as_deref(), args.leads), (Some("redis://localhost"), "mine.jsonl".into()));
    }

    #[test]
    fn a_mistake_is_named_with_what_can_be_written() {
        for (arguments, part) in [(&["--redsi", "x"][..], "`--redsi` is not known"), (&["--redis"], "`--redis` needs")]
        {
            let error = parse(arguments).err().unwrap().to_string();
            assert!(error.contains(part) && error.contains("usage:"), "{error}");
        }
    }
}
