//! Where something lies, as an error may show it: `data.parts[0].weight`.

use std::fmt::Write as _;

/// The most characters of a name.
const LONGEST_NAME: usize = 64;

/// The most characters of a place.
const LONGEST: usize = 160;

#[derive(Default)]
pub(crate) struct Place(String);

impl Place {
    pub(crate) fn of(root: &str) -> Self {
        Self(root.into())
    }

    pub(crate) fn name(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push('.');
        }
        self.0.push_str(&shown(name));
    }

    pub(crate) fn item(&mut self, index: usize) {
        // Writing to a string does not fail.
        let _written = write!(self.0, "[{index}]");
    }

    pub(crate) fn told(&self) -> String {
        cut(&self.0, LONGEST)
    }
}

/// Input as an error may show it: escaped, and cut after 64 characters.
pub(crate) fn shown(name: &str) -> String {
    let cut = cut(name, LONGEST_NAME);
    cut.escape_debug().to_string()
}

/// The text, with a mark where the rest of it was.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_names_objects_by_dots_and_lists_by_brackets() {
        let mut place = Place::of("data");
        place.name("parts");
        place.item(0);
        place.name("0");
        place.name("a/b\n");
        assert_eq!(place.told(), "data.parts[0].0.a/b\\n");
    }

    #[test]
    fn what_is_long_is_cut_between_characters() {
        let name = "æ".repeat(65);
        assert_eq!(shown(&name), format!("{}…", "æ".repeat(64)));
        assert_eq!(shown(&name[2..]), name[2..]);
        let mut place = Place::default();
        (0..100).for_each(|_| place.name(&name));
        assert_eq!(place.told().chars().count(), LONGEST + 1);
    }
}
