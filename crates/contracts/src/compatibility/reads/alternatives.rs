use std::{collections::BTreeSet, fmt};

use crate::shape::{Document, Shape};

/// What one place may be: names and choices among choices are followed, until no choice is left.
///
/// A definition that leads to itself without a field or an item between adds nothing to it.
pub(super) struct Alternatives<'a> {
    pub(super) of: Vec<&'a Shape>,
    /// A reader keeps texts that are none of these.
    pub(super) keeps_unknown: bool,
}

impl<'a> Alternatives<'a> {
    pub(super) fn of(shapes: impl IntoIterator<Item = &'a Shape>, document: &'a Document) -> Self {
        let mut found = Self { of: Vec::new(), keeps_unknown: false };
        let mut followed = BTreeSet::new();
        let mut next: Vec<&Shape> = shapes.into_iter().collect();
        next.reverse();
        while let Some(shape) = next.pop() {
            match shape {
                Shape::Never => {}
                Shape::Named(name) if !followed.insert(name) => {}
                Shape::Named(name) => next.push(document.named(name)),
                Shape::Choice(choice) => {
                    found.keeps_unknown |= choice.keeps_unknown;
                    next.extend(choice.of.iter().rev());
                }
                plain => found.of.push(plain),
            }
        }
        found
    }
}

/// In few words, for a finding.
impl fmt::Display for Alternatives<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told: Vec<String> = self.of.iter().map(ToString::to_string).collect();
        told.dedup();
        if told.is_empty() { f.write_str("nothing") } else { f.write_str(&told.join(" or ")) }
    }
}
