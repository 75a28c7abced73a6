use std::{io::Write, time::Duration};

use serde::Serialize;
use tekup_core::{RateLimit, SubscriptionId};

use super::OneArgs;
use crate::Ended;

#[derive(Debug, clap::Args)]
pub(crate) struct LimitArgs {
    #[command(flatten)]
    one: OneArgs,
    /// How many in what time, such as `100/s`, `6000/min` or `50/10s`; or `none`.
    #[arg(value_parser = limit)]
    limit: Limit,
    /// Only tells what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// A limit, or none.
#[derive(Debug, Clone, Copy)]
struct Limit(Option<RateLimit>);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    subscription: &'a SubscriptionId,
    rate_limit: Option<RateLimit>,
    changed: bool,
    dry_run: bool,
}

pub(super) fn run(args: &LimitArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let LimitArgs { one: OneArgs { subscription, bus: bus_args }, limit: Limit(limit), dry_run } = args;
    bus_args.with_bus(async |bus| {
        let name = subscription.to_string();
        let changed = match dry_run {
            true => bus.subscription_state(&name).await?.rate_limit != *limit,
            false => bus.set_rate_limit(&name, *limit).await?,
        };
        let answer = Answer { subscription, rate_limit: *limit, changed, dry_run: *dry_run };
        bus_args.format().one(out, &answer, |out| Ok(writeln!(out, "{}", told(&answer))?))?;
        Ok(Ended::Well)
    })
}

fn told(answer: &Answer<'_>) -> String {
    let Answer { subscription, rate_limit, changed, dry_run } = answer;
    let limit = rate_limit.map_or_else(|| "without a limit".into(), |limit| format!("limited to {limit}"));
    match (changed, dry_run) {
        (true, false) => format!("`{subscription}` is {limit} now"),
        (true, true) => format!("`{subscription}` would be {limit}"),
        (false, _) => format!("`{subscription}` is {limit} already"),
    }
}

fn limit(text: &str) -> Result<Limit, String> {
    if text == "none" {
        return Ok(Limit(None));
    }
    let rule = || "write how many in what time, such as `100/s` or `50/10s`, or `none`".to_owned();
    let (events, period) = text.split_once('/').ok_or_else(rule)?;
    let events = events.parse().map_err(|_| rule())?;
    let period = if period.starts_with(|c: char| c.is_ascii_digit()) { period.into() } else { format!("1{period}") };
    let period: Duration = humantime::parse_duration(&period).map_err(|_| rule())?;
    let limit = RateLimit::new(events, period);
    limit.check().map_err(|error| error.to_string())?;
    Ok(Limit(Some(limit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_written_as_how_many_in_what_time() {
        let table = [
            ("none", None),
            ("100/s", Some(RateLimit::per_second(100))),
            ("100/min", Some(RateLimit::per_minute(100))),
            ("50/10s", Some(RateLimit::new(50, Duration::from_secs(10)))),
        ];
        for (text, expected) in table {
            assert_eq!(limit(text).unwrap().0, expected, "{text}");
        }
        for wrong in ["", "100", "/s", "0/s", "-1/s", "many/s", "100/", "100/fortnight", "100/1ms"] {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
    }
}
