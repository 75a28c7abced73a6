use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use tekup_redis_transport::Safeguard;

use crate::errand::Errand;

/// Where a worker finds its orders.
pub(crate) const VARIABLE: &str = "TEKUP_TEST_WORKER";

/// What a worker is told when it is started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Orders {
    pub(crate) name: String,
    pub(crate) url: String,
    /// Where the ledger, the gates and the logs are.
    pub(crate) dir: PathBuf,
    pub(crate) lease: Duration,
    pub(crate) concurrency: usize,
    pub(crate) crash_limit: u32,
    /// Whether a job that waits fails after its wait.
    pub(crate) fails_waiting: bool,
    pub(crate) errand: Option<Errand>,
    /// Replays all dead letters of the jobs, so many per second, instead of doing jobs.
    pub(crate) replays: Option<f64>,
    /// Whether it pauses the jobs before it is ready.
    pub(crate) pauses: bool,
    /// How many jobs a second it allows before it is ready.
    pub(crate) limit: Option<u32>,
    without: Option<u8>,
}

const SAFEGUARDS: [Safeguard; 4] = [Safeguard::Sweep, Safeguard::Fence, Safeguard::HandBack, Safeguard::StartOneByOne];

impl Orders {
    pub(crate) fn new(name: &str, url: String, dir: PathBuf) -> Self {
        Self {
            name: name.into(),
            url,
            dir,
            lease: Duration::from_millis(500),
            concurrency: 1,
            crash_limit: 5,
            fails_waiting: false,
            errand: None,
            replays: None,
            pauses: false,
            limit: None,
            without: None,
        }
    }

    pub(crate) fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    pub(crate) fn concurrency(self, concurrency: usize) -> Self {
        Self { concurrency, ..self }
    }

    pub(crate) fn crash_limit(self, crash_limit: u32) -> Self {
        Self { crash_limit, ..self }
    }

    pub(crate) fn fails_waiting(self) -> Self {
        Self { fails_waiting: true, ..self }
    }

    pub(crate) fn errand(self, errand: Errand) -> Self {
        Self { errand: Some(errand), ..self }
    }

    pub(crate) fn replaying(self, per_second: f64) -> Self {
        Self { replays: Some(per_second), ..self }
    }

    pub(crate) fn pauses(self) -> Self {
        Self { pauses: true, ..self }
    }

    pub(crate) fn limits(self, per_second: u32) -> Self {
        Self { limit: Some(per_second), ..self }
    }

    /// With all safeguards but one; with all, for `None`.
    pub(crate) fn without(self, safeguard: Option<Safeguard>) -> Self {
        let place = |safeguard| SAFEGUARDS.iter().position(|one| *one == safeguard).unwrap() as u8;
        Self { without: safeguard.map(place), ..self }
    }

    pub(crate) fn left_out(&self) -> Option<Safeguard> {
        self.without.map(|place| SAFEGUARDS[usize::from(place)])
    }

    pub(crate) fn gate(&self) -> PathBuf {
        self.dir.join(format!("{}.open", self.name))
    }

    /// What it has to say of its errand.
    pub(crate) fn word(&self) -> PathBuf {
        self.dir.join(format!("{}.word", self.name))
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.dir.join(format!("{}.log", self.name))
    }
}
