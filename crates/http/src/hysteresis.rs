//! Whether a process is ready, by more than one look: pure, so that a table tests it.

/// How many looks in a row it takes to change one's mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hysteresis {
    /// Bad ones, to become unready.
    pub(crate) unready_after: u32,
    /// Good ones, to become ready.
    pub(crate) ready_after: u32,
}

impl Default for Hysteresis {
    fn default() -> Self {
        Self { unready_after: 3, ready_after: 1 }
    }
}

/// What is thought after the looks so far. Nobody is ready before the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Opinion {
    pub(crate) is_ready: bool,
    /// How many of the last looks in a row say otherwise.
    against: u32,
}

impl Opinion {
    /// After another look.
    pub(crate) fn next(self, is_good: bool, hysteresis: Hysteresis) -> Self {
        if is_good == self.is_ready {
            return Self { against: 0, ..self };
        }
        let against = self.against.saturating_add(1);
        let needed = if self.is_ready { hysteresis.unready_after } else { hysteresis.ready_after };
        if against >= needed { Self { is_ready: is_good, against: 0 } } else { Self { against, ..self } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_looks_in_a_row_change_the_opinion() {
        // (unready after, ready after, looks, opinions): `+` is good or ready, `-` is bad or unready.
        let table = [
            (3, 1, "+", "+"),
            (3, 1, "-", "-"),
            (3, 1, "--+", "--+"),
            (3, 1, "+--+--+", "+++++++"),
            (3, 1, "+---+", "+++-+"),
            (3, 1, "+------+", "+++----+"),
            (3, 2, "+", "-"),
            (3, 2, "++", "-+"),
            (3, 2, "+-+-+", "-----"),
            (3, 2, "++---+-++", "-+++----+"),
            (1, 1, "+-+-", "+-+-"),
            (0, 0, "+-+-", "+-+-"),
            (u32::MAX, 1, "+----", "+++++"),
        ];
        for (unready_after, ready_after, looks, opinions) in table {
            let hysteresis = Hysteresis { unready_after, ready_after };
            let mut opinion = Opinion::default();
            let told: String = looks
                .chars()
                .map(|look| {
                    opinion = opinion.next(look == '+', hysteresis);
                    if opinion.is_ready { '+' } else { '-' }
                })
                .collect();
            assert_eq!(told, opinions, "{looks}, unready after {unready_after}, ready after {ready_after}");
        }
    }
}
