use crate::priority::Priority;

/// Chooses whose turn it is among the priorities that have something waiting: by weight, evenly spread, and the share
/// of those that have nothing goes to the others.
///
/// Smooth weighted round robin: each that waits gains its weight, and whoever has gained most is taken and pays what all
/// gained. What is owed to a priority while it has nothing stays owed, but never grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct WeightedPick {
    /// By rank. They always add up to 0.
    credit: [i64; 4],
}

impl WeightedPick {
    /// Whose turn it is; `waiting` says by rank who has something. `None` if nobody has.
    pub(crate) fn next(&mut self, waiting: [bool; 4]) -> Option<Priority> {
        let mut all = 0;
        let mut best: Option<(Priority, &mut i64)> = None;
        for ((priority, credit), waits) in Priority::ALL.into_iter().zip(&mut self.credit).zip(waiting) {
            if !waits {
                continue;
            }
            let weight = i64::from(priority.weight());
            all += weight;
            *credit += weight;
            if best.as_ref().is_none_or(|(_, most)| *credit > **most) {
                best = Some((priority, credit));
            }
        }
        let (priority, credit) = best?;
        *credit -= all;
        Some(priority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [bool; 4] = [true; 4];

    fn taken(pick: &mut WeightedPick, waiting: [bool; 4], times: usize) -> [usize; 4] {
        let mut counts = [0; 4];
        for _ in 0..times {
            counts[pick.next(waiting).unwrap().rank()] += 1;
        }
        counts
    }

    #[test]
    fn shares_follow_the_weights_of_those_that_wait() {
        let table: [([bool; 4], usize, [usize; 4]); 6] = [
            (ALL, 15, [8, 4, 2, 1]),
            (ALL, 1_500, [800, 400, 200, 100]),
            ([false, true, true, true], 7, [0, 4, 2, 1]),
            ([true, false, false, true], 9, [8, 0, 0, 1]),
            ([false, false, true, true], 3, [0, 0, 2, 1]),
            ([false, false, false, true], 5, [0, 0, 0, 5]),
        ];
        for (waiting, times, expected) in table {
            assert_eq!(taken(&mut WeightedPick::default(), waiting, times), expected, "{waiting:?}");
        }
    }

    #[test]
    fn turns_are_spread_instead_of_coming_in_blocks() {
        let mut pick = WeightedPick::default();
        let order: String = (0..15).map(|_| &pick.next(ALL).unwrap().as_str()[..1]).collect();
        assert_eq!(order, "chcmchclchcmchc");
    }

    #[test]
    fn with_nothing_waiting_nobody_is_chosen_and_nothing_changes() {
        let mut pick = WeightedPick::default();
        assert_eq!(pick.next([false; 4]), None);
        assert_eq!(pick.next(ALL), Some(Priority::Critical));
    }

    #[test]
    fn nobody_waits_for_long_however_the_others_come_and_go() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut pick = WeightedPick::default();
        let mut passed_over = [0; 4];
        let mut waiting = [false; 4];
        for _ in 0..100_000 {
            for (waits, passed) in waiting.iter_mut().zip(&passed_over) {
                // Who waits goes on waiting until it has been chosen.
                *waits = *passed > 0 || random.bool();
            }
            let Some(chosen) = pick.next(waiting) else { continue };
            for priority in Priority::ALL {
                let passed = &mut passed_over[priority.rank()];
                *passed = if priority == chosen || !waiting[priority.rank()] { 0 } else { *passed + 1 };
                assert!(*passed < 32, "{priority} was passed over {passed} times");
            }
        }
    }
}
