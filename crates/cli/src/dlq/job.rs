//! A replay or a purge, and how far it is.

use std::{io::Write, pin::pin, time::Duration};

use anyhow::bail;
use serde::Serialize;
use tekup_contracts::{Registry, Validation};
use tekup_core::{
    EventBus, SubscriptionId,
    letters::{LetterJob, LetterProgress, SelectedLetters},
};
use tokio::time::timeout;

use super::{Whose, chosen::Chosen};
use crate::{Ended, ask::Consent, output::shown, progress, signals};

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
    #[arg(long, value_name = "LETTERS")]
    rate: Option<f64>,
    #[command(flatten)]
    consent: Consent,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    subscription: &'a SubscriptionId,
    /// What was counted before anything was done.
    counted: u64,
    dry_run: bool,
    /// It was stopped before its end.
    stopped: bool,
    #[serde(flatten)]
    progress: LetterProgress,
}

pub(super) fn replay(registry: &Registry, args: &ReplayArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    run(&args.common, "replay", out, |bus| {
        bus.use_schemas(Validation::of(registry)?)?;
        let letters = bus.dead_letters(args.common.whose.subscription.to_string())?;
        let letters = if args.force { letters.forced() } else { letters };
        let selected = letters.filter(args.common.chosen.filter());
        Ok((selected.replay(), selected))
    })
}

pub(super) fn purge(args: &PurgeArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    run(&args.common, "purge", out, |bus| {
        let letters = bus.dead_letters(args.common.whose.subscription.to_string())?;
        let selected = letters.filter(args.common.chosen.filter());
        Ok((selected.purge(), selected))
    })
}

fn run(
    args: &JobArgs,
    what: &str,
    out: &mut impl Write,
    make: impl FnOnce(&EventBus) -> anyhow::Result<(LetterJob, SelectedLetters)>,
) -> anyhow::Result<Ended> {
    if args.chosen.is_silent() != args.all {
        bail!("say which dead letters to {what}: by filters, or --all of them");
    }
    let Whose { subscription, bus: bus_args } = &args.whose;
    bus_args.with_bus(async |bus| {
        let (job, selected) = make(bus)?;
        let counted = selected.count().await?;
        let mut answer = Answer {
            subscription,
            counted,
            dry_run: args.consent.dry_run,
            stopped: false,
            progress: LetterProgress::default(),
        };
        if !args.consent.dry_run && counted > 0 {
            if !args.consent.to(&format!("{what} {counted} dead letters of `{subscription}`"))? {
                bail!("nothing was done");
            }
            let job = args.rate.into_iter().fold(job, LetterJob::per_second);
            (answer.progress, answer.stopped) = work(job, counted).await?;
        }
        bus_args.format().one(out, &answer, |out| tell(&answer, what, out))?;
        let is_whole = !answer.stopped && answer.progress.refused == 0;
        Ok(if is_whole { Ended::Well } else { Ended::WithFindings })
    })
}

/// How long a step that was begun may take when it is wanted to stop.
const LAST_STEP: Duration = Duration::from_secs(2);

/// Until its end, or until somebody wants it to stop.
async fn work(job: LetterJob, counted: u64) -> anyhow::Result<(LetterProgress, bool)> {
    let mut job = job.start().await?;
    let bar = progress::bar(counted);
    let mut stop = pin!(signals::asked_to_stop()?);
    let stopped = loop {
        let mut step = pin!(job.next());
        let made = tokio::select! {
            () = &mut stop => {
                // What it has moved is to be counted; one that waits for its rate has moved nothing.
                let _in_vain = timeout(LAST_STEP, step).await;
                break true;
            }
            made = &mut step => made?,
        };
        let Some(progress) = made else { break false };
        bar.set_position(progress.done + progress.refused + progress.gone);
    };
    bar.finish_and_clear();
    let progress = if stopped { job.stop().await? } else { job.progress().clone() };
    Ok((progress, stopped))
}

fn tell(answer: &Answer<'_>, what: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let Answer { subscription, counted, progress: LetterProgress { done, refused, gone, refusals, .. }, .. } = answer;
    if answer.dry_run || *counted == 0 {
        writeln!(out, "{counted} dead letters of `{subscription}` are meant")?;
        return Ok(());
    }
    for refusal in refusals {
        writeln!(out, "refused: {}", shown(&refusal.why, 300))?;
    }
    let stopped = if answer.stopped { ", then it was stopped" } else { "" };
    writeln!(out, "{what}: {done} of {counted} done, {refused} refused, {gone} gone meanwhile{stopped}")?;
    Ok(())
}
