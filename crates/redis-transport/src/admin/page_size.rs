use tekup_core::{Error, ErrorKind, Result};

/// # Errors
/// [`ErrorKind::InvalidInput`], with what the page was to be of.
pub(super) fn check(most: usize, what: &str) -> Result<()> {
    if (1..=1_000).contains(&most) {
        return Ok(());
    }
    let message = format!("a page of {most} {what} is refused: ask for 1 to 1,000");
    Err(Error::new(ErrorKind::InvalidInput, message))
}
