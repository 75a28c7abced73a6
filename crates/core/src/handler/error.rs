use std::{fmt, time::Duration};

use crate::error::BoxError;

/// What a handler returns: `?` takes any error.
///
/// ```
/// use tekup_core::HandlerResult;
///
/// fn parse(text: &str) -> HandlerResult<u32> {
///     Ok(text.parse()?)
/// }
/// assert!(parse("7").is_ok() && parse("seven").is_err());
/// ```
pub type HandlerResult<T = ()> = Result<T, HandlerError>;

/// A handler's failure: any error, with what shall follow from it.
///
/// Is made by `?` from any error, `anyhow::Error` included; that is why it is no [`std::error::Error`] itself.
///
/// ```
/// use tekup_core::HandlerError;
///
/// let error = HandlerError::from("the ledger is closed");
/// assert_eq!(error.to_string(), "the ledger is closed");
/// ```
#[derive(Debug)]
pub struct HandlerError {
    pub(crate) source: BoxError,
    pub(crate) advice: Advice,
}

/// What shall follow from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    /// What the subscription's retry policy says.
    Policy,
    /// Another attempt after this long, if the policy allows another one.
    After(Duration),
    /// No attempt will ever succeed.
    Permanent,
}

impl HandlerError {
    /// No attempt will ever succeed: the event goes to the dead letters.
    ///
    /// ```
    /// use tekup_core::{HandlerError, HandlerResult};
    ///
    /// fn check(amount: f64) -> HandlerResult {
    ///     if amount < 0.0 {
    ///         return Err(HandlerError::from("a negative invoice").permanent());
    ///     }
    ///     Ok(())
    /// }
    /// assert!(check(-1.0).is_err());
    /// ```
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.advice = Advice::Permanent;
        self
    }

    /// The next attempt, if the policy allows one, comes after this long instead of the policy's delay; at most 7
    /// days.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::HandlerError;
    ///
    /// let error = HandlerError::from("429 Too Many Requests").retry_after(Duration::from_secs(60));
    /// assert_eq!(error.to_string(), "429 Too Many Requests");
    /// ```
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.advice = Advice::After(delay);
        self
    }
}

impl<E: Into<BoxError>> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self { source: error.into(), advice: Advice::Policy }
    }
}

/// One line: the error and its causes.
impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        let mut cause = self.source.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
