//! How fast what is counted grows.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// Of so many looks the rates are kept.
const KEPT: usize = 60;
/// Processes tell what they have counted about once a second: over less than this a rate would jump.
const SMOOTHED: Duration = Duration::from_secs(3);

/// A number that only grows, at several looks.
#[derive(Debug, Clone, Default)]
pub(super) struct Rates {
    counts: VecDeque<(Instant, u64)>,
    rates: VecDeque<f64>,
}

impl Rates {
    pub(super) fn note(&mut self, at: Instant, count: u64) {
        // A store that was emptied counts anew.
        if self.counts.back().is_some_and(|(_, before)| *before > count) {
            self.counts.clear();
        }
        while self.counts.get(1).is_some_and(|(second, _)| at.duration_since(*second) >= SMOOTHED) {
            self.counts.pop_front();
        }
        if let Some(rate) = self.since_then(at, count) {
            self.rates.push_back(rate);
        }
        self.counts.push_back((at, count));
        while self.rates.len() > KEPT {
            self.rates.pop_front();
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
    fn since_then(&self, at: Instant, count: u64) -> Option<f64> {
        let (then, before) = self.counts.front()?;
        let seconds = at.duration_since(*then).as_secs_f64();
        (seconds > 0.0).then(|| (count - before) as f64 / seconds)
    }

    /// How many a second; `None` before the second look.
    pub(super) fn now(&self) -> Option<f64> {
        self.rates.back().copied()
    }

    /// The oldest first.
    pub(super) fn all(&self) -> Vec<f64> {
        self.rates.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(looks: &[(f64, u64)]) -> Rates {
        let (begin, mut rates) = (Instant::now(), Rates::default());
        looks.iter().for_each(|(at, count)| rates.note(begin + Duration::from_secs_f64(*at), *count));
        rates
    }

    #[test]
    fn a_rate_is_that_of_the_last_seconds() {
        assert_eq!(rates(&[]).now(), None);
        assert_eq!(rates(&[(0.0, 100)]).now(), None);
        assert_eq!(rates(&[(0.0, 100), (2.0, 300)]).now(), Some(100.0));
        assert_eq!(rates(&[(0.0, 0), (1.0, 1_000), (2.0, 1_000), (3.0, 1_000), (4.0, 1_000)]).now(), Some(0.0));
    }

    #[test]
    fn a_number_that_is_smaller_than_it_was_begins_anew() {
        let rates = rates(&[(0.0, 1_000), (1.0, 5), (2.0, 15)]);
        assert_eq!(rates.now(), Some(10.0));
    }

    #[test]
    fn no_more_rates_are_kept_than_a_plot_shows() {
        let looks: Vec<(f64, u64)> = (0_u32..500).map(|at| (f64::from(at), at.into())).collect();
        assert_eq!(rates(&looks).all().len(), KEPT);
    }
}
