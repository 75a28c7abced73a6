use std::fmt;

use super::HandlerError;
use crate::error::Error;

/// A failure that was found around the handler, not said by it.
#[derive(Debug)]
pub(crate) struct Found {
    what: &'static str,
    told: String,
}

impl Found {
    pub(crate) fn timeout(told: String) -> Self {
        Self { what: "timeout", told }
    }

    pub(super) fn panic(told: String) -> Self {
        Self { what: "panic", told }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

impl std::error::Error for Found {}

impl HandlerError {
    /// One of a few words that stand for the kind of failure, as `error.type` of OpenTelemetry's conventions; theirs for
    /// what is not known.
    pub(crate) fn error_type(&self) -> &'static str {
        let found = self.source.downcast_ref::<Found>().map(|found| found.what);
        let of_the_bus = || self.source.downcast_ref::<Error>().map(|error| error.kind().code());
        found.or_else(of_the_bus).unwrap_or("_OTHER")
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Outcome, *};
    use crate::ErrorKind;

    #[test]
    fn the_kind_of_a_failure_is_one_of_a_few_words() {
        let panic: Box<dyn std::any::Any + Send> = Box::new("oops");
        let Outcome::Failed(panicked) = Outcome::panicked(&*panic) else { panic!("a panic is a failure") };
        for (error, expected) in [
            (panicked, "panic"),
            (Found::timeout("late".into()).into(), "timeout"),
            (Error::new(ErrorKind::Unavailable, "no server").into(), "unavailable"),
            ("tenant-123's ledger is closed".into(), "_OTHER"),
        ] {
            assert_eq!(error.error_type(), expected, "{error}");
        }
    }
}
