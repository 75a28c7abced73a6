//! Texts of others, as logs, errors and terminals may show them.

/// Whether a character does something to the text around it instead of being read: controls (ends of lines, the escape of
/// terminals), ends of lines and paragraphs of Unicode, what turns the direction of writing, and what has no width, so that
/// two names look alike. The joiners U+200C and U+200D are left alone: they belong to scripts and emoji.
///
/// ```
/// use tekup_core::text::steers;
///
/// assert!(['\n', '\u{1b}', '\u{202e}', '\u{2028}', '\u{200b}'].into_iter().all(steers));
/// assert!(!"crm/leads 75 % ≥ ü 😀\u{200d}".chars().any(steers));
/// ```
#[must_use]
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' // soft hyphen
            | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' // directions
            | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' // without a width
            | '\u{2028}' | '\u{2029}' // ends of lines and paragraphs
            | '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' // old ways to change what follows
            | '\u{e0000}'..='\u{e007f}' // tags, which nobody sees
        )
}

/// A text on one line, in which all that [`steers`] is escaped as in a Rust string, and which is cut after so many
/// characters of its own.
///
/// ```
/// use tekup_core::text::shown;
///
/// assert_eq!(shown("no\u{1b}[2J\nway", 100), r"no\u{1b}[2J\nway");
/// assert_eq!(shown("abcdef", 3), "abc…");
/// ```
#[must_use]
pub fn shown(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most));
    for c in text.chars().take(most) {
        if steers(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_escaped_and_all_else_is_kept() {
        for c in ('\0'..=char::MAX).filter(|c| steers(*c)) {
            let shown = shown(&format!("a{c}b"), 100);
            assert!(shown.starts_with("a\\") && shown.bytes().all(|byte| byte.is_ascii_graphic()), "{c:?}: {shown}");
        }
        for kept in
            ["", "it's \"quoted\" \\ `so`", "Ægir Ødegård (on call)", "שלום مرحبا", "👩\u{200d}💻", "می\u{200c}خواهم"]
        {
            assert_eq!(shown(kept, 100), kept);
        }
    }

    #[test]
    fn every_control_and_every_turn_of_direction_steers() {
        let turns = ['\u{61c}', '\u{200e}', '\u{200f}'];
        let ranges = ['\u{202a}'..='\u{202e}', '\u{2066}'..='\u{2069}', '\u{80}'..='\u{9f}', '\0'..='\u{1f}'];
        let all = ranges.into_iter().flatten().chain(turns).chain(['\u{7f}', '\u{2028}', '\u{2029}', '\u{feff}']);
        all.for_each(|c| assert!(steers(c), "{c:?}"));
        assert!(!(' '..='~').any(steers));
    }

    #[test]
    fn a_text_is_cut_between_its_own_characters() {
        for (text, most, expected) in
            [("abc", 3, "abc"), ("abcd", 3, "abc…"), ("a\nb", 2, "a\\n…"), ("ä", 0, "…"), ("", 0, "")]
        {
            assert_eq!(shown(text, most), expected);
        }
    }
}
