use serde::Serialize;

use crate::transport::{DeadLetter, LetterKey};

/// How far a job over dead letters is.
///
/// `matched` is `done` and `refused` and `gone`, and what was found and is not done yet.
///
/// ```
/// use tekup_core::letters::LetterProgress;
/// assert_eq!(LetterProgress::default().matched, 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LetterProgress {
    /// Letters that were looked at.
    pub looked_at: u64,
    /// Of these, the ones that the filter means.
    pub matched: u64,
    /// Of these, the ones that were replayed or purged.
    pub done: u64,
    /// Letters that were left where they are, because no handler could read them.
    pub refused: u64,
    /// Letters that were no longer there when it was their turn: somebody else replayed or purged them, or they expired.
    pub gone: u64,
    /// The first hundred that were refused, each with why.
    pub refusals: Vec<Refusal>,
}

/// A letter that was not replayed.
///
/// ```
/// # use tekup_core::letters::LetterProgress;
/// for refusal in LetterProgress::default().refusals {
///     println!("{}: {}", refusal.letter.id, refusal.why);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Which letter.
    pub letter: LetterKey,
    /// What would go wrong.
    pub why: String,
}

/// Of how many refusals it is kept why.
const MOST_REFUSALS: usize = 100;

impl LetterProgress {
    pub(super) fn refuse(&mut self, letter: &DeadLetter, why: String) {
        self.refused += 1;
        if self.refusals.len() < MOST_REFUSALS {
            self.refusals.push(Refusal { letter: letter.into(), why });
        }
    }
}
