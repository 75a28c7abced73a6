use std::fmt;

/// What a map takes as its keys, as far as schemars tells: it tells whole numbers and patterns only.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Keys {
    Any,
    /// The decimal digits of a whole number.
    Whole {
        is_signed: bool,
    },
    /// What a pattern matches.
    Like(String),
}

impl Keys {
    /// Of a name in `patternProperties`.
    pub(super) fn of(pattern: &str) -> Self {
        match pattern {
            r"^\d+$" => Self::Whole { is_signed: false },
            r"^-?\d+$" => Self::Whole { is_signed: true },
            other => Self::Like(other.into()),
        }
    }

    /// Whether all of these are among the others.
    pub(crate) fn are_among(&self, others: &Self) -> bool {
        match (self, others) {
            (_, Self::Any) | (Self::Whole { is_signed: false }, Self::Whole { .. }) => true,
            (own, others) => own == others,
        }
    }

    /// Whether a name is one of these for sure. No pattern is run.
    pub(crate) fn hold(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Whole { is_signed } => is_whole(name, *is_signed),
            Self::Like(_) => false,
        }
    }

    /// Whether a name may be one of these.
    pub(crate) fn may_hold(&self, name: &str) -> bool {
        matches!(self, Self::Like(_)) || self.hold(name)
    }
}

fn is_whole(name: &str, is_signed: bool) -> bool {
    let digits = name.strip_prefix('-').filter(|_| is_signed).unwrap_or(name);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// In few words, for a finding.
impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any key"),
            Self::Whole { is_signed: true } => f.write_str("whole numbers as keys"),
            Self::Whole { is_signed: false } => f.write_str("whole numbers of 0 or more as keys"),
            Self::Like(pattern) => write!(f, "keys that match {pattern}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNSIGNED: Keys = Keys::Whole { is_signed: false };
    const SIGNED: Keys = Keys::Whole { is_signed: true };

    #[test]
    fn keys_are_among_others_if_those_take_all_of_them() {
        let (a, b) = (Keys::Like("^a".into()), Keys::Like("^b".into()));
        let table = [
            (&a, &Keys::Any, true),
            (&a, &a, true),
            (&a, &b, false),
            (&Keys::Any, &a, false),
            (&Keys::Any, &UNSIGNED, false),
            (&UNSIGNED, &SIGNED, true),
            (&SIGNED, &UNSIGNED, false),
            (&SIGNED, &Keys::Any, true),
        ];
        for (own, others, are_among) in table {
            assert_eq!(own.are_among(others), are_among, "{own:?} {others:?}");
        }
    }

    #[test]
    fn a_name_is_a_whole_number_if_it_is_digits_and_at_most_a_sign() {
        let table =
            [("0", true, true), ("12", true, true), ("-3", false, true), ("", false, false), ("-", false, false)];
        for (name, unsigned, signed) in table.into_iter().chain([("a1", false, false), ("1.5", false, false)]) {
            assert_eq!((UNSIGNED.hold(name), SIGNED.hold(name)), (unsigned, signed), "{name}");
        }
    }
}
