//! A replay or a purge, and how far it is.

use std::{io::Write, pin::pin, time::Duration};

use anyhow::{Context, bail};
use serde::Serialize;
use tekup_contracts::{Registry, Validation};
use tekup_core::{
    EventBus, SubscriptionId, asked_to_stop,
    letters::{LetterFilter, LetterJob, LetterProgress},
};
use tokio::time::timeout;

use super::{Whose, chosen::Chosen, count::Count};
use crate::{Ended, ask::Consent, output::shown, progress};

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    common: JobArgs,
    /// Also what would only die again, because its data breaks the schema of its type.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PurgeArgs {
    #[command(flatten)]
    common: JobArgs,
}

#[derive(Debug, clap::Args)]
struct JobArgs {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    chosen: Chosen,
    /// All of them.
    #[arg(long)]
    all: bool,
    /// At most so many a second.
    #[arg(long, value_name = "LETTERS", value_parser = rate)]
    rate: Option<f64>,
    #[command(flatten)]
    consent: Consent,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| (1.0 / 86_400.0..=1e6).contains(rate));
    rate.ok_or_else(|| "use a number of letters a second, such as 20 or 0.5, up to a million".into())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    subscription: &'a SubscriptionId,
    /// Before anything was done.
    #[serde(flatten)]
    count: Count,
    dry_run: bool,
    /// It was stopped before its end.
    stopped: bool,
    #[serde(flatten)]
    progress: LetterProgress,
}

pub(super) fn replay(registry: &Registry, args: &ReplayArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    run(&args.common, "replay", out, |bus, filter| {
        bus.use_schemas(Validation::of(registry)?)?;
        let letters = bus.dead_letters(args.common.whose.subscription.to_string())?;
        let letters = if args.force { letters.forced() } else { letters };
        Ok(letters.filter(filter).replay())
    })
}

pub(super) fn purge(args: &PurgeArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    run(&args.common, "purge", out, |bus, filter| {
        let letters = bus.dead_letters(args.common.whose.subscription.to_string())?;
        Ok(letters.filter(filter).purge())
    })
}

fn run(
    args: &JobArgs,
    what: &str,
    out: &mut impl Write,
    make: impl FnOnce(&EventBus, LetterFilter) -> anyhow::Result<LetterJob>,
) -> anyhow::Result<Ended> {
    if args.chosen.is_silent() != args.all {
        bail!("say which dead letters to {what}: by filters, or --all of them");
    }
    let Whose { subscription, bus: bus_args } = &args.whose;
    bus_args.with_bus(async |bus| {
        // What dies after it was counted was not told, and is not meant.
        let now = bus.all_subscriptions(None, 1).await?.at;
        let job = make(bus, args.chosen.until(now))?;
        let letters = bus.dead_letters(subscription.to_string())?.filter(args.chosen.filter());
        let count = Count::of(&letters).await?;
        let mut answer = Answer {
            subscription,
            count,
            dry_run: args.consent.dry_run,
            stopped: false,
            progress: LetterProgress::default(),
        };
        if !args.consent.dry_run && !count.is_none() {
            if !args.consent.to(&format!("{what} {count} dead letters of `{subscription}`"))? {
                bail!("nothing was done");
            }
            let job = args.rate.into_iter().fold(job, LetterJob::per_second);
            (answer.progress, answer.stopped) = work(job, what, count.counted).await?;
        }
        bus_args.format().one(out, &answer, |out| tell(&answer, what, out))?;
        let is_whole = !answer.stopped && answer.progress.refused == 0;
        Ok(if is_whole { Ended::Well } else { Ended::WithFindings })
    })
}

/// How long a step that was begun may take when it is wanted to stop.
const LAST_STEP: Duration = Duration::from_secs(2);

/// Until its end, or until somebody wants it to stop.
async fn work(job: LetterJob, what: &str, counted: u64) -> anyhow::Result<(LetterProgress, bool)> {
    let mut job = job.start().await?;
    let mut done = 0;
    let bar = progress::bar(counted);
    let mut stop = pin!(asked_to_stop()?);
    let stopped = loop {
        let mut step = pin!(job.next());
        let made = tokio::select! {
            () = &mut stop => {
                // What it has moved is to be counted; one that waits for its rate has moved nothing.
                let _in_vain = timeout(LAST_STEP, step).await;
                break true;
            }
            made = &mut step => made.with_context(|| broken_off(what, done))?,
        };
        let Some(progress) = made else { break false };
        done = progress.done;
        bar.set_position(progress.done + progress.refused + progress.gone);
    };
    bar.finish_and_clear();
    let progress =
        if stopped { job.stop().await.with_context(|| broken_off(what, done))? } else { job.progress().clone() };
    Ok((progress, stopped))
}

/// What is done stays done.
fn broken_off(what: &str, done: u64) -> String {
    format!("the {what} of {done} dead letters or somewhat more is done, and then it broke off: run the same again")
}

fn tell(answer: &Answer<'_>, what: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let Answer { subscription, count, progress: LetterProgress { done, refused, gone, refusals, .. }, .. } = answer;
    if answer.dry_run || count.is_none() {
        writeln!(out, "{count} dead letters of `{subscription}` are meant")?;
        return Ok(());
    }
    for refusal in refusals {
        writeln!(out, "refused: {}", shown(&refusal.why, 300))?;
    }
    let stopped = if answer.stopped { ", then it was stopped" } else { "" };
    writeln!(out, "{what}: {done} of {count} done, {refused} refused, {gone} gone meanwhile{stopped}")?;
    Ok(())
}
