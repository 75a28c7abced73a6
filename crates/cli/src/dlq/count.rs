//! How many dead letters are meant.

use std::{fmt, time::Duration};

use serde::Serialize;
use tekup_core::letters::SelectedLetters;
use tokio::time::{Instant, timeout};

/// How long it is counted, in all and then of what was found.
const COUNTING: Duration = Duration::from_millis(600);
/// How many letters one look at them takes.
const LOOKED_AT: usize = 1_000;

/// What was counted in a second.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Count {
    pub(super) counted: u64,
    /// Whether that is all: of very many only those are counted that are found in time.
    counted_all: bool,
}

impl Count {
    pub(super) async fn of(selected: &SelectedLetters) -> tekup_core::Result<Self> {
        if let Ok(all) = timeout(COUNTING, selected.count()).await {
            return Ok(Self { counted: all?, counted_all: true });
        }
        let (mut counted, mut after, until) = (0, None, Instant::now() + COUNTING);
        while Instant::now() < until {
            let page = selected.list(after, LOOKED_AT).await?;
            counted += page.letters.len() as u64;
            after = page.next;
            if after.is_none() {
                return Ok(Self { counted, counted_all: true });
            }
        }
        Ok(Self { counted, counted_all: false })
    }

    pub(super) const fn is_none(self) -> bool {
        self.counted == 0 && self.counted_all
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_least = if self.counted_all { "" } else { "at least " };
        write!(f, "{at_least}{}", self.counted)
    }
}
