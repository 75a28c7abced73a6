//! The program's arguments.

use anyhow::{Context, Result, bail, ensure};

use crate::scenario::Scenario;

/// How to call the program.
pub const USAGE: &str = "\
usage: bench [--json] [--rounds N] [--events N] [--only NAME]
  --json       print JSON instead of a table
  --rounds N   rounds, of which medians are taken: 1 to 1000, default 5
  --events N   events in each round: 500 to 10000000, default 100000
  --only NAME  one scenario: drain_one, publish_batch, drain_one_single_tenant, publish_batch_single_tenant,
               publish_concurrent_64";

/// What the program is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args {
    /// Print JSON instead of a table.
    pub json: bool,
    /// Rounds, of which medians are taken: 1 to 1,000.
    pub rounds: usize,
    /// Events in each round: 500 to 10,000,000.
    pub events: usize,
    /// What to measure.
    pub scenarios: Vec<Scenario>,
}

impl Default for Args {
    fn default() -> Self {
        Self { json: false, rounds: 5, events: 100_000, scenarios: Scenario::ALL.to_vec() }
    }
}

impl Args {
    /// Reads the arguments, without the program's name.
    ///
    /// # Errors
    /// What is wrong with the first argument that can't be used.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut args = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("`{word}` needs a value"));
            match word.as_str() {
                "--json" => args.json = true,
                "--rounds" => args.rounds = number("--rounds", &value()?, 1, 1_000)?,
                "--events" => args.events = number("--events", &value()?, 500, 10_000_000)?,
                "--only" => args.scenarios = vec![scenario(&value()?)?],
                _ => bail!("unknown argument `{word}`"),
            }
        }
        Ok(args)
    }
}

fn number(name: &str, text: &str, least: usize, most: usize) -> Result<usize> {
    let number = text.parse().with_context(|| format!("{name} `{text}` is no whole number"))?;
    ensure!((least..=most).contains(&number), "{name} is {number}: use {least} to {most}");
    Ok(number)
}

fn scenario(name: &str) -> Result<Scenario> {
    let names = Scenario::ALL.map(Scenario::name).join(", ");
    Scenario::named(name).with_context(|| format!("--only `{name}` is no scenario: use one of {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args> {
        Args::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_argument_is_read() {
        let args = parse("--json --rounds 3 --events 1000 --only drain_one").unwrap();
        assert_eq!(args, Args { json: true, rounds: 3, events: 1_000, scenarios: vec![Scenario::DrainOne] });
        assert_eq!(parse("").unwrap(), Args::default());
    }

    #[test]
    fn a_wrong_argument_is_named_with_what_would_be_right() {
        let table = [
            ("--fast", "unknown argument `--fast`"),
            ("--rounds", "`--rounds` needs a value"),
            ("--rounds many", "--rounds `many` is no whole number"),
            ("--events 0", "--events is 0: use 500 to 10000000"),
            ("--only all", "use one of drain_one, publish_batch"),
        ];
        for (line, said) in table {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(said), "{line}: {error}");
        }
    }

    #[test]
    fn the_usage_names_every_scenario() {
        assert!(Scenario::ALL.iter().all(|scenario| USAGE.contains(scenario.name())));
    }
}
