//! Which lanes are read next, and how much of each.

use tekup_core::Priority;

/// One read: so many entries at most from each of these lanes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) lanes: Vec<usize>,
    pub(super) count: usize,
    /// Whether each of them is taken to hold so much, so that others were left for another time.
    pub(super) is_narrow: bool,
}

/// What is worth a read: where each lane holds more than its share would be, fewer lanes are read, and more of each.
/// With less room every lane is read: whoever fetches little is slow for another reason.
const WORTH_A_READ: usize = 128;

/// The lanes of one class that may hold something.
#[derive(Debug, Default, Clone)]
pub(super) struct Hot {
    pub(super) lanes: Vec<usize>,
    /// Whether all of them gave all that they were last asked for.
    pub(super) all_deep: bool,
}

/// Whose turn it is, from one read to the next.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// What each class has coming: smooth weighted rounds, so that a reader of one at a time starves nobody either.
    credits: [i64; 4],
    /// Where each class goes on among its lanes.
    next_lane: [usize; 4],
}

impl Turns {
    /// Shares `most` entries among the lanes that may hold some, by class from the highest priority: never more than
    /// `most` in all, for Redis counts for each stream.
    pub(super) fn share(&mut self, hot: &[Hot; 4], most: usize) -> Vec<Share> {
        let mut units = self.units(hot, most);
        let mut shares = Vec::with_capacity(4);
        let mut rest = 0;
        for class in 0..4 {
            if hot[class].lanes.is_empty() {
                continue;
            }
            let available = std::mem::take(&mut units[class]) + rest;
            let share = self.spread(class, &hot[class], available);
            rest = available - share.lanes.len() * share.count;
            if !share.lanes.is_empty() {
                shares.push(share);
            }
        }
        shares
    }

    fn units(&mut self, hot: &[Hot; 4], most: usize) -> [usize; 4] {
        let weights = Priority::ALL.map(|priority| i64::from(priority.weight()));
        let mut units = [0; 4];
        let waiting: Vec<usize> = (0..4).filter(|class| !hot[*class].lanes.is_empty()).collect();
        if let [only] = waiting[..] {
            units[only] = most;
            return units;
        }
        let total: i64 = waiting.iter().map(|class| weights[*class]).sum();
        for _ in 0..most {
            waiting.iter().for_each(|class| self.credits[*class] += weights[*class]);
            // The first of equals: the highest priority.
            let Some(next) = waiting.iter().copied().rev().max_by_key(|class| self.credits[*class]) else { break };
            self.credits[next] -= total;
            units[next] += 1;
        }
        units
    }

    fn spread(&mut self, class: usize, hot: &Hot, units: usize) -> Share {
        let lanes = &hot.lanes;
        let worth_it = units / WORTH_A_READ;
        let is_narrow = hot.all_deep && (2..lanes.len()).contains(&worth_it);
        let turns = if is_narrow { worth_it } else { lanes.len().min(units) };
        if turns == 0 {
            return Share { lanes: Vec::new(), count: 0, is_narrow };
        }
        let first = self.next_lane[class] % lanes.len();
        self.next_lane[class] = first + turns;
        let turn = lanes.iter().cycle().skip(first).take(turns).copied().collect();
        Share { lanes: turn, count: units / turns, is_narrow }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hot(lanes: &[usize]) -> Hot {
        Hot { lanes: lanes.to_vec(), all_deep: false }
    }

    fn classes(lanes: [&[usize]; 4]) -> [Hot; 4] {
        lanes.map(hot)
    }

    fn total(shares: &[Share]) -> usize {
        shares.iter().map(|share| share.lanes.len() * share.count).sum()
    }

    #[test]
    fn never_more_is_asked_for_than_there_is_room() {
        let mut turns = Turns::default();
        for most in [1, 2, 7, 10, 16, 100, 1_000] {
            for lanes in [1, 3, 50, 150] {
                for all_deep in [false, true] {
                    let hot = [0, 1, 2, 3]
                        .map(|class| Hot { lanes: (class * 1_000..class * 1_000 + lanes).collect(), all_deep });
                    let shares = turns.share(&hot, most);
                    assert!(total(&shares) <= most && total(&shares) > 0, "{most} of {lanes}: {shares:?}");
                }
            }
        }
    }

    #[test]
    fn higher_classes_get_more_and_none_gets_nothing() {
        let mut turns = Turns::default();
        let shares = turns.share(&classes([&[0], &[1], &[2], &[3]]), 15);
        let counts: Vec<usize> = shares.iter().map(|share| share.count).collect();
        assert_eq!(counts, [8, 4, 2, 1]);
    }

    #[test]
    fn a_reader_of_one_at_a_time_reads_all_classes_in_their_shares() {
        let mut turns = Turns::default();
        let mut counts = [0; 4];
        for _ in 0..150 {
            for share in turns.share(&classes([&[0], &[1], &[2], &[3]]), 1) {
                counts[share.lanes[0]] += 1;
            }
        }
        assert_eq!(counts, [80, 40, 20, 10]);
    }

    #[test]
    fn lanes_of_a_class_take_turns() {
        let mut turns = Turns::default();
        let lanes: Vec<usize> = (0..10).collect();
        let mut seen = vec![0; 10];
        for _ in 0..10 {
            for share in turns.share(&classes([&lanes, &[], &[], &[]]), 3) {
                share.lanes.iter().for_each(|lane| seen[*lane] += 1);
            }
        }
        assert_eq!(seen, vec![3; 10]);
    }

    #[test]
    fn of_deep_lanes_few_are_read_at_once_and_much_of_each_in_turn() {
        let mut turns = Turns::default();
        let deep = [Hot { lanes: (0..8).collect(), all_deep: true }, Hot::default(), Hot::default(), Hot::default()];
        let mut seen = vec![0; 8];
        for _ in 0..4 {
            let shares = turns.share(&deep, 300);
            assert_eq!((shares[0].lanes.len(), shares[0].count), (2, 150));
            shares[0].lanes.iter().for_each(|lane| seen[*lane] += 1);
        }
        assert_eq!(seen, vec![1; 8]);
    }

    #[test]
    fn with_little_room_every_lane_has_its_turn_however_deep() {
        let mut turns = Turns::default();
        let deep = [Hot { lanes: (0..30).collect(), all_deep: true }, Hot::default(), Hot::default(), Hot::default()];
        for (most, count) in [(60, 2), (255, 8)] {
            let shares = turns.share(&deep, most);
            assert_eq!((shares[0].lanes.len(), shares[0].count, shares[0].is_narrow), (30, count, false));
        }
    }

    #[test]
    fn what_a_class_cannot_use_goes_to_the_next() {
        let mut turns = Turns::default();
        let shares = turns.share(&classes([&[0, 1, 2], &[], &[3], &[]]), 5);
        assert_eq!(total(&shares), 5);
    }
}
