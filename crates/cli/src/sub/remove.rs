use std::{io::Write, pin::pin, time::Duration};

use anyhow::bail;
use serde::Serialize;
use tekup_core::{SubscriptionId, transport::Books};

use tokio::time::timeout;

use super::OneArgs;
use crate::{Ended, ask::Consent, output::note};

/// Who waits for longer than this is told why.
const SOON: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    one: OneArgs,
    #[command(flatten)]
    consent: Consent,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    subscription: &'a SubscriptionId,
    removed: bool,
    /// What it had.
    books: Books,
}

pub(super) fn run(args: &RemoveArgs, out: &mut impl Write) -> anyhow::Result<Ended> {
    let RemoveArgs { one: OneArgs { subscription, bus: bus_args }, consent } = args;
    bus_args.with_bus(async |bus| {
        let name = subscription.to_string();
        let removal = bus.removal(&name).await?;
        let format = bus_args.format();
        if consent.dry_run {
            let answer = Answer { subscription, removed: false, books: removal.books() };
            format.one(out, &answer, |out| Ok(writeln!(out, "{removal}")?))?;
            return Ok(Ended::Well);
        }
        if !consent.to(&removal.to_string())? {
            bail!("nothing was removed");
        }
        let mut removing = pin!(removal.confirm(&name));
        let books = match timeout(SOON, &mut removing).await {
            Ok(done) => done?,
            Err(_) => {
                note("waits a few seconds for a sign of life of its replicas");
                removing.await?
            }
        };
        let answer = Answer { subscription, removed: true, books };
        format.one(out, &answer, |out| Ok(writeln!(out, "`{subscription}` is removed")?))?;
        Ok(Ended::Well)
    })
}
