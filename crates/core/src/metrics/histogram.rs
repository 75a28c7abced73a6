//! Durations, counted in buckets that grow by a tenth of a decade.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

const BUCKETS: usize = 64;
const A_DECADE: usize = 10;

/// 10 to the power of 0, 0.1, … 0.9, in thousandths: where buckets end.
const ENDS: [u64; A_DECADE] = [1_000, 1_259, 1_585, 1_995, 2_512, 3_162, 3_981, 5_012, 6_310, 7_943];
/// The same half a step later: what stands for a bucket that begins there.
const MIDDLES: [u64; A_DECADE] = [1_122, 1_413, 1_778, 2_239, 2_818, 3_548, 4_467, 5_623, 7_079, 8_913];

/// Durations, counted in 64 buckets: so small that every process can keep one for each type of event, and summed by
/// adding what they hold.
///
/// The first bucket ends at `LEAST` microseconds; each of the next 62 is 26 % longer than the one before; the last has no
/// end. A percentile is the middle of its bucket, so it is at most 13 % off; in the first bucket it is that bucket's end
/// ("at most this"), in the last one its beginning ("at least this").
///
/// ```
/// use std::time::Duration;
/// use tekup_core::transport::HandlingTimes;
///
/// let mut times = HandlingTimes::default();
/// (1..=100).for_each(|ms| times.record(Duration::from_millis(ms)));
/// assert_eq!(times.count(), 100);
/// assert!(times.p50().unwrap().abs_diff(Duration::from_millis(50)) < Duration::from_millis(7));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<u64>", try_from = "Vec<u64>")]
pub struct Histogram<const LEAST: u64>([u64; BUCKETS]);

/// How long handlers take: from 100 µs to 158 s.
///
/// ```
/// use tekup_core::transport::HandlingTimes;
/// assert_eq!(HandlingTimes::default().p99(), None);
/// ```
pub type HandlingTimes = Histogram<100>;

/// How long it takes from publish to handled: from 1 ms to 26 min.
///
/// ```
/// use tekup_core::transport::EndToEndTimes;
/// assert!(EndToEndTimes::default().is_empty());
/// ```
pub type EndToEndTimes = Histogram<1_000>;

impl<const LEAST: u64> Histogram<LEAST> {
    /// Where all buckets but the last end, in microseconds.
    const BOUNDS: [u64; BUCKETS - 1] = {
        let mut bounds = [0; BUCKETS - 1];
        let mut bucket = 0;
        while bucket < bounds.len() {
            bounds[bucket] = LEAST * 10_u64.pow((bucket / A_DECADE) as u32) * ENDS[bucket % A_DECADE] / 1_000;
            bucket += 1;
        }
        bounds
    };

    /// Counts a duration.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tekup_core::transport::HandlingTimes;
    /// let mut times = HandlingTimes::default();
    /// times.record(Duration::from_millis(5));
    /// assert_eq!(times.count(), 1);
    /// ```
    pub fn record(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // Most handlers that are quick are quicker than the first bucket's end: they need no search.
        let bucket = if micros <= LEAST { 0 } else { Self::BOUNDS.partition_point(|end| *end < micros) };
        self.count_in(bucket, 1);
    }

    /// Counts so many in a bucket, by its number from 0: how transports read what they stored. A number that no bucket
    /// has means the last one.
    ///
    /// ```
    /// # use tekup_core::transport::HandlingTimes;
    /// let mut times = HandlingTimes::default();
    /// times.count_in(12, 3);
    /// assert_eq!(times.buckets().collect::<Vec<_>>(), [(12, 3)]);
    /// ```
    pub fn count_in(&mut self, bucket: usize, count: u64) {
        if let Some(counted) = self.0.get_mut(bucket.min(BUCKETS - 1)) {
            *counted = counted.saturating_add(count);
        }
    }

    /// The buckets that are not empty, each with its number and count.
    ///
    /// ```
    /// # use tekup_core::transport::HandlingTimes;
    /// assert_eq!(HandlingTimes::default().buckets().count(), 0);
    /// ```
    pub fn buckets(&self) -> impl Iterator<Item = (usize, u64)> {
        self.0.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }

    /// How many durations were counted.
    ///
    /// ```
    /// # use tekup_core::transport::HandlingTimes;
    /// assert_eq!(HandlingTimes::default().count(), 0);
    /// ```
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Whether none was.
    ///
    /// ```
    /// # use tekup_core::transport::HandlingTimes;
    /// assert!(HandlingTimes::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// Adds what another has counted.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tekup_core::transport::HandlingTimes;
    /// let (mut sum, mut other) = (HandlingTimes::default(), HandlingTimes::default());
    /// other.record(Duration::from_millis(5));
    /// sum.add(&other);
    /// assert_eq!(sum, other);
    /// ```
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_add(count);
        }
    }

    /// What was counted since an earlier look.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tekup_core::transport::HandlingTimes;
    /// let mut times = HandlingTimes::default();
    /// times.record(Duration::from_millis(5));
    /// let earlier = times.clone();
    /// times.record(Duration::from_secs(1));
    /// assert!(times.since(&earlier).p50() > Some(Duration::from_millis(870)));
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut difference = self.clone();
        for (count, before) in difference.0.iter_mut().zip(earlier.0) {
            *count = count.saturating_sub(before);
        }
        difference
    }

    /// The duration that so many percent of all do not exceed, 0 to 100 (more counts as 100); `None` before the first,
    /// and for what is no number.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tekup_core::transport::HandlingTimes;
    /// let mut times = HandlingTimes::default();
    /// (1..=1_000).for_each(|ms| times.record(Duration::from_millis(ms)));
    /// assert!(times.percentile(99.9) > times.percentile(10.0));
    /// ```
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        if percent.is_nan() {
            return None;
        }
        // Beyond 2^53 a float is no longer exact, nor does it matter there.
        let rank = (self.count() as f64 * percent.clamp(0.0, 100.0) / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0_u64;
        let found = self.buckets().find(|(_, count)| {
            seen = seen.saturating_add(*count);
            seen >= rank
        });
        found.map(|(bucket, _)| Self::stands_for(bucket))
    }

    /// Half of all took no longer.
    ///
    /// ```
    /// # use tekup_core::transport::HandlingTimes;
    /// assert_eq!(HandlingTimes::default().p50(), None);
    /// ```
    #[must_use]
    pub fn p50(&self) -> Option<Duration> {
        self.percentile(50.0)
    }

    /// 90 of 100 took no longer.
    ///
    /// ```
    /// # use tekup_core::transport::HandlingTimes;
    /// assert_eq!(HandlingTimes::default().p90(), None);
    /// ```
    #[must_use]
    pub fn p90(&self) -> Option<Duration> {
        self.percentile(90.0)
    }

    /// 99 of 100 took no longer.
    ///
    /// ```
    /// # use tekup_core::transport::HandlingTimes;
    /// assert_eq!(HandlingTimes::default().p99(), None);
    /// ```
    #[must_use]
    pub fn p99(&self) -> Option<Duration> {
        self.percentile(99.0)
    }

    /// The longest, as exactly as a percentile is.
    ///
    /// ```
    /// # use tekup_core::transport::HandlingTimes;
    /// assert_eq!(HandlingTimes::default().max(), None);
    /// ```
    #[must_use]
    pub fn max(&self) -> Option<Duration> {
        self.percentile(100.0)
    }

    fn stands_for(bucket: usize) -> Duration {
        Duration::from_micros(match bucket {
            0 => LEAST,
            last if last >= BUCKETS - 1 => Self::BOUNDS[BUCKETS - 2],
            inner => LEAST * 10_u64.pow(((inner - 1) / A_DECADE) as u32) * MIDDLES[(inner - 1) % A_DECADE] / 1_000,
        })
    }
}

impl<const LEAST: u64> Default for Histogram<LEAST> {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

/// The counts from the first bucket on, without the empty ones at the end.
impl<const LEAST: u64> From<Histogram<LEAST>> for Vec<u64> {
    fn from(Histogram(counts): Histogram<LEAST>) -> Self {
        let used = counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        counts.iter().take(used).copied().collect()
    }
}

impl<const LEAST: u64> TryFrom<Vec<u64>> for Histogram<LEAST> {
    type Error = Error;

    fn try_from(counts: Vec<u64>) -> Result<Self> {
        if counts.len() > BUCKETS {
            let message = format!("a histogram of {} buckets is none of ours: give at most {BUCKETS}", counts.len());
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let mut histogram = Self::default();
        counts.into_iter().enumerate().for_each(|(bucket, count)| histogram.count_in(bucket, count));
        Ok(histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_micros(all: impl IntoIterator<Item = u64>) -> HandlingTimes {
        let mut times = HandlingTimes::default();
        all.into_iter().for_each(|micros| times.record(Duration::from_micros(micros)));
        times
    }

    #[test]
    fn bounds_grow_and_have_ten_steps_a_decade() {
        let bounds = HandlingTimes::BOUNDS;
        assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]), "{bounds:?}");
        assert_eq!((bounds[0], bounds[10], bounds[62]), (100, 1_000, 158_500_000));
        assert_eq!(EndToEndTimes::BOUNDS[62], 1_585_000_000);
    }

    #[test]
    fn every_duration_within_the_range_is_told_to_13_percent() {
        let mut micros = 101.0_f64;
        while micros < 158_000_000.0 {
            let told = of_micros([micros as u64]).p50().unwrap().as_micros() as f64;
            assert!((told / micros - 1.0).abs() < 0.13, "{micros} is told as {told}");
            micros *= 1.013;
        }
    }

    #[test]
    fn what_is_out_of_range_is_told_as_the_end_of_the_range() {
        let table = [(0, 100), (100, 100), (158_500_001, 158_500_000), (u64::MAX, 158_500_000)];
        for (micros, told) in table {
            assert_eq!(of_micros([micros]).max(), Some(Duration::from_micros(told)), "{micros}");
        }
    }

    #[test]
    fn percentiles_are_of_the_rank_that_the_nearest_rank_method_says() {
        let times = of_micros((1..=1_000).map(|ms| ms * 1_000));
        let table =
            [(0.0, 1), (1.0, 10), (50.0, 500), (90.0, 900), (99.0, 990), (99.9, 999), (100.0, 1_000), (1e9, 1_000)];
        for (percent, ms) in table {
            let (told, exact) = (times.percentile(percent).unwrap().as_secs_f64(), f64::from(ms) / 1_000.0);
            assert!((told / exact - 1.0).abs() < 0.13, "{percent}: {told}");
        }
        assert_eq!(times.percentile(-5.0), times.percentile(0.0));
        assert_eq!((times.percentile(f64::NAN), HandlingTimes::default().max()), (None, None));
    }

    #[test]
    fn a_sum_holds_both_and_the_difference_to_one_is_the_other() {
        let (one, other) = (of_micros([100, 5_000, 5_000]), of_micros([5_000, 80_000_000]));
        let mut sum = one.clone();
        sum.add(&other);
        assert_eq!(sum, of_micros([100, 5_000, 5_000, 5_000, 80_000_000]));
        assert_eq!((sum.since(&one), one.since(&sum)), (other, HandlingTimes::default()));
    }

    #[test]
    fn absurd_counts_neither_wrap_nor_panic() {
        let mut times = HandlingTimes::default();
        times.count_in(3, u64::MAX);
        times.count_in(3, 1);
        times.count_in(usize::MAX, u64::MAX);
        assert_eq!((times.count(), times.p50().is_some()), (u64::MAX, true));
    }

    #[test]
    fn json_is_the_counts_and_too_many_of_them_are_refused() {
        let times = of_micros([100, 100, 150]);
        assert_eq!(serde_json::to_string(&times).unwrap(), "[2,0,1]");
        assert_eq!(serde_json::from_str::<HandlingTimes>("[2,0,1]").unwrap(), times);
        let error = serde_json::from_value::<HandlingTimes>(vec![0; 65].into()).unwrap_err();
        assert!(error.to_string().contains("65 buckets"), "{error}");
    }
}
