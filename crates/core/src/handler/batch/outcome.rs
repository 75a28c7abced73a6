use super::super::{HandlerResult, Outcome};

/// What shall happen to the events of a batch.
///
/// ```
/// use tekup_core::{BatchOutcome, Outcome};
///
/// let some_failed = BatchOutcome::Each(vec![Outcome::Done, Outcome::retry("the ledger is closed")]);
/// assert!(matches!(some_failed, BatchOutcome::Each(each) if each.len() == 2));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum BatchOutcome {
    /// The same for all of them. Each still has its own attempts.
    All(Outcome),
    /// One for each, in the order in which they were given. Another number of outcomes fails the attempt of all.
    Each(Vec<Outcome>),
}

/// What a batch handler may return: `()`, [`Outcome`] or [`HandlerResult`]`<()>` for all events alike; `Vec<Outcome>` or
/// [`HandlerResult`]`<Vec<Outcome>>` for each; [`BatchOutcome`] for either.
///
/// ```
/// use tekup_core::{BatchOutcome, HandlerResult, IntoBatchOutcome, Outcome};
///
/// let result: HandlerResult = Ok(());
/// assert!(matches!(result.into_batch_outcome(), BatchOutcome::All(Outcome::Done)));
/// ```
#[diagnostic::on_unimplemented(
    message = "a batch handler can't return `{Self}`",
    label = "this batch handler returns `{Self}`",
    note = "return `()`, `Outcome` or `HandlerResult<()>` for all events alike, `Vec<Outcome>` or `HandlerResult<Vec<Outcome>>` for each of them",
    note = "end a batch handler that uses `?` with `Ok(())`, or with `Ok(outcomes)`"
)]
pub trait IntoBatchOutcome {
    /// What shall happen.
    ///
    /// ```
    /// use tekup_core::{BatchOutcome, IntoBatchOutcome, Outcome};
    /// assert!(matches!(vec![Outcome::Done].into_batch_outcome(), BatchOutcome::Each(_)));
    /// ```
    fn into_batch_outcome(self) -> BatchOutcome;
}

impl IntoBatchOutcome for () {
    fn into_batch_outcome(self) -> BatchOutcome {
        BatchOutcome::All(Outcome::Done)
    }
}

impl IntoBatchOutcome for Outcome {
    fn into_batch_outcome(self) -> BatchOutcome {
        BatchOutcome::All(self)
    }
}

impl IntoBatchOutcome for Vec<Outcome> {
    fn into_batch_outcome(self) -> BatchOutcome {
        BatchOutcome::Each(self)
    }
}

impl IntoBatchOutcome for BatchOutcome {
    fn into_batch_outcome(self) -> BatchOutcome {
        self
    }
}

impl IntoBatchOutcome for HandlerResult<()> {
    fn into_batch_outcome(self) -> BatchOutcome {
        BatchOutcome::All(self.map_or_else(Outcome::Failed, |()| Outcome::Done))
    }
}

impl IntoBatchOutcome for HandlerResult<Vec<Outcome>> {
    fn into_batch_outcome(self) -> BatchOutcome {
        self.map_or_else(|error| BatchOutcome::All(Outcome::Failed(error)), BatchOutcome::Each)
    }
}
