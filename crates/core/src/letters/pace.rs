use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, ErrorKind, Result};

/// The most letters of one step: what a transport moves in one call.
pub(super) const STEP: usize = 100;
/// With a rate, a step is at most what is due in so long.
const TICK: Duration = Duration::from_millis(100);
const HIGHEST: f64 = 1_000_000.0;
const LONGEST: Duration = Duration::from_secs(86_400);

/// How fast a job may go.
#[derive(Debug)]
pub(super) struct Pace {
    /// `None`: as fast as the store allows.
    each: Option<Duration>,
    due: Instant,
}

impl Pace {
    /// # Errors
    /// [`ErrorKind::InvalidInput`] unless the rate is at least one a day, and at most a million a second.
    pub(super) fn new(per_second: Option<f64>) -> Result<Self> {
        let each = per_second.map(each_of).transpose()?;
        Ok(Self { each, due: Instant::now() })
    }

    /// When the next step may be made.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// How many letters the next step may have.
    pub(super) fn most(&self) -> usize {
        let Some(each) = self.each else { return STEP };
        usize::try_from(TICK.as_nanos() / each.as_nanos().max(1)).unwrap_or(STEP).clamp(1, STEP)
    }

    /// What was missed is not made up for: the rate is never exceeded.
    pub(super) fn spent(&mut self, letters: usize) {
        let pause = self.each.map_or(Duration::ZERO, |each| each * u32::try_from(letters).unwrap_or(u32::MAX));
        self.due = self.due.max(Instant::now()) + pause;
    }
}

fn each_of(per_second: f64) -> Result<Duration> {
    let refused = || {
        let message =
            format!("a rate of {per_second} letters per second is refused: give one a day (0.00002) up to 1,000,000");
        Error::new(ErrorKind::InvalidInput, message)
    };
    (per_second > 0.0 && per_second <= HIGHEST)
        .then(|| Duration::try_from_secs_f64(1.0 / per_second).ok())
        .flatten()
        .filter(|each| *each <= LONGEST)
        .ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn steps_are_as_large_as_a_tenth_of_a_second_allows() {
        for (rate, most) in [(None, 100), (Some(1.0), 1), (Some(50.0), 5), (Some(5_000.0), 100), (Some(0.5), 1)] {
            assert_eq!(Pace::new(rate).unwrap().most(), most, "{rate:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_missed_is_not_made_up_for() {
        let mut pace = Pace::new(Some(10.0)).unwrap();
        tokio::time::advance(Duration::from_secs(60)).await;
        pace.spent(1);
        assert_eq!(pace.due() - Instant::now(), Duration::from_millis(100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_that_is_none_is_refused_by_name() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9, 1e-300] {
            let error = Pace::new(Some(rate)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("letters per second"), "{error}");
        }
    }
}
