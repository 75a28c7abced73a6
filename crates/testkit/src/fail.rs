//! How a test fails.

use std::panic::Location;

/// Ends the test, and says where it stands.
#[track_caller]
pub(crate) fn fail(message: &str) -> ! {
    fail_at(Location::caller(), message)
}

#[expect(clippy::panic, reason = "this is how a test fails")]
pub(crate) fn fail_at(caller: &Location<'_>, message: &str) -> ! {
    panic!("at {caller}: {message}")
}
