//! What comes in.

use std::{mem::replace, pin::pin, time::Duration};

use tekup_core::{EventBus, TekupEvent};
use tekup_events_crm::LeadCreated;
use tokio::time::{MissedTickBehavior, interval};

use crate::output::note;

const TENANTS: [&str; 4] = ["acme", "globex", "initech", "umbrella"];
const SOURCES: [&str; 3] = ["website", "referral", "csv"];

/// Leads at a rate, until it is enough; while the server is away, none.
pub(super) async fn until(
    buses: &[EventBus],
    per_second: u32,
    enough: impl Future<Output = tekup_core::Result<()>>,
) -> anyhow::Result<()> {
    let Some(web) = buses.first() else { return Ok(()) };
    let mut ticks = interval(Duration::from_secs(1) / per_second);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut enough = pin!(enough);
    let mut is_away = false;
    for number in 0_u64.. {
        tokio::select! {
            ended = &mut enough => return Ok(ended?),
            _ = ticks.tick() => {}
        }
        match web.publish(lead(number).event(tenant()).user("demo")).await {
            Ok(_) => is_away = false,
            Err(error) if error.is_retryable() => {
                if !replace(&mut is_away, true) {
                    note(&format!("waits: {error}"));
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn lead(number: u64) -> LeadCreated {
    let source = fastrand::choice(SOURCES).unwrap_or_default();
    LeadCreated::new(format!("lead-{number}"), source, fastrand::f64() * 70.0)
}

/// The first of them has half of all.
fn tenant() -> &'static str {
    if fastrand::bool() { TENANTS[0] } else { fastrand::choice(TENANTS).unwrap_or_default() }
}
