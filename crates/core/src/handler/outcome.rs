use std::{any::Any, time::Duration};

use super::{Found, HandlerError, HandlerResult};

/// What shall happen to an event, said as a value.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use std::time::Duration;
/// use tekup_core::{Outcome, Subscription, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct InvoicePaid { amount: f64 }
///
/// let subscription = Subscription::to::<InvoicePaid>("ledger").handler(async |event, _| match event.data.amount {
///     amount if amount < 0.0 => Outcome::dead_letter("a negative invoice"),
///     0.0 => Outcome::retry_after(Duration::from_secs(60), "the amount is not known yet"),
///     _ => Outcome::Done,
/// });
/// # drop(subscription);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The subscription has finished with the event.
    Done,
    /// It failed: what follows is said by the error, else by the retry policy.
    Failed(HandlerError),
}

impl Outcome {
    /// Another attempt, as the retry policy says.
    ///
    /// ```
    /// use tekup_core::Outcome;
    /// assert!(matches!(Outcome::retry("the ledger is closed"), Outcome::Failed(_)));
    /// ```
    #[must_use]
    pub fn retry(why: impl Into<HandlerError>) -> Self {
        Self::Failed(why.into())
    }

    /// Another attempt after this long, if the policy allows one.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::Outcome;
    /// assert!(matches!(Outcome::retry_after(Duration::from_secs(9), "busy"), Outcome::Failed(_)));
    /// ```
    #[must_use]
    pub fn retry_after(delay: Duration, why: impl Into<HandlerError>) -> Self {
        Self::Failed(why.into().retry_after(delay))
    }

    /// No further attempt: to the dead letters.
    ///
    /// ```
    /// use tekup_core::Outcome;
    /// assert!(matches!(Outcome::dead_letter("a negative invoice"), Outcome::Failed(_)));
    /// ```
    #[must_use]
    pub fn dead_letter(why: impl Into<HandlerError>) -> Self {
        Self::Failed(why.into().permanent())
    }

    /// The handler panicked: a failed attempt, with what the panic said, if it said it in words.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let text = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("without a message");
        Self::retry(Found::panic(format!("handler panicked: {text}")))
    }
}

/// What a handler may return: `()`, [`Outcome`], [`HandlerResult`]`<()>` or [`HandlerResult`]`<Outcome>`.
///
/// ```
/// use tekup_core::{HandlerResult, IntoOutcome, Outcome};
///
/// let result: HandlerResult = Ok(());
/// assert!(matches!(result.into_outcome(), Outcome::Done));
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler can't return `{Self}`",
    label = "this handler returns `{Self}`",
    note = "return `()`, `Outcome`, `HandlerResult<()>` or `HandlerResult<Outcome>`; end a handler that uses `?` with `Ok(())`",
    note = "for a function that returns another `Result<T, E>`, use `.handler_fn(..)` instead of `.handler(..)`"
)]
pub trait IntoOutcome {
    /// What shall happen.
    ///
    /// ```
    /// use tekup_core::{IntoOutcome, Outcome};
    /// assert!(matches!(().into_outcome(), Outcome::Done));
    /// ```
    fn into_outcome(self) -> Outcome;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Outcome {
        Outcome::Done
    }
}

impl IntoOutcome for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}

impl IntoOutcome for HandlerResult<()> {
    fn into_outcome(self) -> Outcome {
        self.map_or_else(Outcome::Failed, |()| Outcome::Done)
    }
}

impl IntoOutcome for HandlerResult<Outcome> {
    fn into_outcome(self) -> Outcome {
        self.unwrap_or_else(Outcome::Failed)
    }
}
