use std::io::Write;

use anyhow::bail;
use tekup_core::transport::{EventStatus, Stage, SubscriptionStatus};

use super::EventArgs;
use crate::{Ended, output};

#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    event: EventArgs,
}

pub(super) fn run(StatusArgs { event }: &StatusArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    event.bus.with_bus(async |bus| {
        let status = bus.status(&event.tenant, event.id).await?;
        if status.stage == Stage::Unknown {
            bail!(
                "no event {} of tenant `{}` is known: ids are remembered for the dedupe window, 24 h unless it was configured",
                event.id,
                event.tenant
            );
        }
        event.bus.format().one(out, &status, |out| tell(&status, out))?;
        Ok(if status.stage == Stage::Failed { Ended::WithFindings } else { Ended::Well })
    })
}

fn tell(status: &EventStatus, out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "{}", status.stage)?;
    if status.subscriptions.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    Ok(output::table(out, ["SUBSCRIPTION", "STAGE", "FAILURES"], status.subscriptions.iter().map(cells))?)
}

fn cells(status: &SubscriptionStatus) -> [String; 3] {
    [status.subscription.to_string(), status.stage.to_string(), status.failures.to_string()]
}
