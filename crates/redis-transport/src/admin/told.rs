//! What became of what a process told, part by part.

use tekup_core::{Error, Result};

/// The places of those that one call told of, and its answer.
pub(super) type Told = (Vec<usize>, Result<()>);

/// One answer for each, in their order.
pub(super) fn in_order(count: usize, all: impl IntoIterator<Item = Told>) -> Vec<Result<()>> {
    let mut answers: Vec<Result<()>> = std::iter::repeat_with(|| Ok(())).take(count).collect();
    for (places, told) in all {
        let Err(error) = told else { continue };
        for place in places {
            answers[place] = Err(Error::new(error.kind(), error.to_string()));
        }
    }
    answers
}
