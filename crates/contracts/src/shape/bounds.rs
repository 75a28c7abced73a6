use std::fmt;

/// From one value to another, both included where they are there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds<T> {
    pub(crate) least: Option<T>,
    pub(crate) most: Option<T>,
}

impl<T> Bounds<T> {
    pub(crate) const NONE: Self = Self { least: None, most: None };
}

impl<T: PartialOrd + Copy> Bounds<T> {
    /// Whether all that lies within these lies within the others.
    pub(crate) fn lie_within(&self, others: &Self) -> bool {
        let is_above = others.least.is_none_or(|least| self.least.is_some_and(|own| own >= least));
        let is_below = others.most.is_none_or(|most| self.most.is_some_and(|own| own <= most));
        is_above && is_below
    }

    /// Both bounds must hold.
    pub(crate) fn and(self, other: Self) -> Self {
        let greater = |a: T, b: T| if a > b { a } else { b };
        let smaller = |a: T, b: T| if a < b { a } else { b };
        Self { least: either(self.least, other.least, greater), most: either(self.most, other.most, smaller) }
    }
}

fn either<T>(a: Option<T>, b: Option<T>, both: impl FnOnce(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(both(a, b)),
        (a, b) => a.or(b),
    }
}

/// A float as it is written in Rust, for the least of all has three hundred zeros else.
impl<T: fmt::Debug> fmt::Display for Bounds<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.least, &self.most) {
            (None, None) => Ok(()),
            (Some(least), None) => write!(f, " of {least:?} or more"),
            (None, Some(most)) => write!(f, " of {most:?} or less"),
            (Some(least), Some(most)) => write!(f, " of {least:?} to {most:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_lie_within_others_if_nothing_of_them_is_outside() {
        let of = |least, most| Bounds { least, most };
        let table = [
            (of(Some(1), Some(2)), of(Some(1), Some(2)), true),
            (of(Some(1), Some(2)), of(Some(0), None), true),
            (of(Some(1), Some(2)), Bounds::NONE, true),
            (Bounds::NONE, of(Some(1), None), false),
            (of(None, Some(2)), of(Some(1), Some(2)), false),
            (of(Some(1), Some(3)), of(Some(1), Some(2)), false),
        ];
        for (own, others, lie_within) in table {
            assert_eq!(own.lie_within(&others), lie_within, "{own:?} {others:?}");
        }
    }
}
