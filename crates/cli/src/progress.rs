//! How far something is, on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on the standard error output; none where that is no terminal.
pub(crate) fn bar(whole: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {per_sec} {eta}");
    let bar = ProgressBar::new(whole);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
