use std::time::Duration;

use super::{HandlerError, HandlerResult};

/// Says what shall follow from a failure, where the failure happens.
///
/// ```
/// use std::time::Duration;
/// use tekup_core::{Advise, HandlerResult};
///
/// fn amount(text: &str) -> HandlerResult<f64> {
///     let amount = text.parse::<f64>().permanent()?;
///     std::fs::metadata("/the/ledger").retry_after(Duration::from_secs(60))?;
///     Ok(amount)
/// }
/// assert!(amount("seven").is_err());
/// ```
pub trait Advise<T> {
    /// A failure here will never be mended by another attempt.
    ///
    /// # Errors
    /// The failure, so marked.
    ///
    /// ```
    /// use tekup_core::Advise;
    /// assert_eq!("7".parse::<u32>().permanent().unwrap(), 7);
    /// ```
    fn permanent(self) -> HandlerResult<T>;

    /// After a failure here, the next attempt comes after this long, if the policy allows one.
    ///
    /// # Errors
    /// The failure, so marked.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::Advise;
    /// assert!("x".parse::<u32>().retry_after(Duration::from_secs(5)).is_err());
    /// ```
    fn retry_after(self, delay: Duration) -> HandlerResult<T>;
}

impl<T, E: Into<HandlerError>> Advise<T> for Result<T, E> {
    fn permanent(self) -> HandlerResult<T> {
        self.map_err(|error| error.into().permanent())
    }

    fn retry_after(self, delay: Duration) -> HandlerResult<T> {
        self.map_err(|error| error.into().retry_after(delay))
    }
}
