//! Values counted in buckets, as Prometheus and OpenTelemetry count them.

use std::time::Duration;

/// Buckets for durations in seconds: OpenTelemetry's for messaging, 5 ms to 10 s, and finer ones below.
const SECONDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5,
    10.0,
];
/// Buckets for what may have waited for other attempts, or for its time: up to an hour.
const WAITING: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0, 300.0,
    1_800.0, 3_600.0,
];
/// Buckets for how many events or deliveries a call takes.
const SIZES: &[f64] = &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0];

/// Values counted in buckets with fixed bounds, and their sum: exactly what a Prometheus histogram tells.
///
/// ```
/// use tekup_core::metrics::ProcessMetrics;
///
/// let durations = ProcessMetrics::default().publish_seconds;
/// assert_eq!((durations.count(), durations.sum()), (0, 0.0));
/// assert!(durations.buckets().any(|(bound, _)| bound == 0.005));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    bounds: &'static [f64],
    /// One more than there are bounds: what is above all of them.
    counts: Vec<u64>,
    sum: f64,
}

impl Distribution {
    pub(crate) fn of_durations() -> Self {
        Self::with(SECONDS)
    }

    pub(crate) fn of_waiting() -> Self {
        Self::with(WAITING)
    }

    pub(crate) fn of_sizes() -> Self {
        Self::with(SIZES)
    }

    fn with(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1], sum: 0.0 }
    }

    pub(crate) fn time(&mut self, took: Duration) {
        self.record(took.as_secs_f64());
    }

    pub(crate) fn size(&mut self, count: usize) {
        self.record(count as f64);
    }

    fn record(&mut self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.sum += value;
    }

    /// Adds what another has counted, of the same kind of value; what has other bounds is left out.
    ///
    /// ```
    /// use tekup_core::metrics::ProcessMetrics;
    ///
    /// let metrics = ProcessMetrics::default();
    /// let mut sum = metrics.publish_seconds.clone();
    /// sum.add(&metrics.publish_seconds);
    /// assert_eq!(sum.count(), 0);
    /// ```
    pub fn add(&mut self, other: &Self) {
        if self.bounds != other.bounds {
            return;
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, count)| *sum += count);
        self.sum += other.sum;
    }

    /// Each bound with how many values did not exceed it; the last bound is infinity.
    ///
    /// ```
    /// use tekup_core::metrics::ProcessMetrics;
    /// assert_eq!(ProcessMetrics::default().publish_seconds.buckets().last(), Some((f64::INFINITY, 0)));
    /// ```
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(&self.counts).scan(0, |below, (bound, count)| {
            *below += count;
            Some((bound, *below))
        })
    }

    /// How many values were counted.
    ///
    /// ```
    /// use tekup_core::metrics::ProcessMetrics;
    /// assert_eq!(ProcessMetrics::default().settle_seconds.count(), 0);
    /// ```
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Their sum: of durations in seconds.
    ///
    /// ```
    /// use tekup_core::metrics::ProcessMetrics;
    /// assert_eq!(ProcessMetrics::default().settle_seconds.sum(), 0.0);
    /// ```
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_grow_and_hold_those_of_open_telemetry() {
        for bounds in [SECONDS, WAITING, SIZES] {
            assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]), "{bounds:?}");
        }
        let messaging = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
        for bounds in [SECONDS, WAITING] {
            assert!(messaging.iter().all(|bound| bounds.contains(bound)), "{bounds:?}");
        }
    }

    #[test]
    fn a_value_counts_up_to_its_bound_and_in_all_that_are_larger() {
        let mut durations = Distribution::of_durations();
        [0, 5_000, 5_001, 11_000_000].into_iter().for_each(|micros| durations.time(Duration::from_micros(micros)));
        let at = |bound: f64| durations.buckets().find(|(known, _)| *known == bound).unwrap().1;
        assert_eq!((at(0.0001), at(0.005), at(0.01), at(10.0), at(f64::INFINITY)), (1, 2, 3, 3, 4));
        assert_eq!(durations.count(), 4);
        assert!((durations.sum() - 11.010_001).abs() < 1e-9);
    }

    #[test]
    fn a_sum_holds_both_and_what_is_of_another_kind_is_left_out() {
        let (mut sizes, mut more) = (Distribution::of_sizes(), Distribution::of_sizes());
        sizes.size(3);
        more.size(2_000);
        sizes.add(&more);
        sizes.add(&Distribution::of_durations());
        assert_eq!((sizes.count(), sizes.sum()), (2, 2_003.0));
    }
}
