//! The rules that the texts in `#[event(..)]` keep; the runtime's types hold strings from elsewhere to the same.

use crate::name;

/// The longest event type, in bytes.
const LONGEST: usize = 128;

/// Which part of the rule an event type breaks.
pub(crate) fn broken_by(event_type: &str) -> Option<String> {
    if event_type.is_empty() {
        return Some("is empty".into());
    }
    if event_type.len() > LONGEST {
        return Some(format!("has {} bytes, {LONGEST} are allowed", event_type.len()));
    }
    if let Some(bad) = event_type.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-' | '.')) {
        return Some(format!("holds {bad:?}"));
    }
    if let Some(word) = event_type.split('.').find(|word| !is_word(word)) {
        return Some(format!("has {word:?} as a word"));
    }
    (!event_type.contains('.')).then(|| "has one word only".into())
}

fn is_word(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase()) && word.split('-').all(|part| !part.is_empty())
}

/// The event type that was probably meant.
pub(crate) fn nearest_type(text: &str) -> Option<String> {
    let guess = if text.contains('.') {
        text.to_ascii_lowercase().replace(['_', ' '], "-")
    } else {
        name::words(&text.replace(|c: char| !c.is_ascii_alphanumeric(), "_")).join(".")
    };
    broken_by(&guess).is_none().then_some(guess)
}

/// Whether the text is `major.minor.patch`, three numbers without leading zeros.
pub(crate) fn is_version(text: &str) -> bool {
    text.split('.').count() == 3 && text.split('.').all(is_version_number)
}

fn is_version_number(text: &str) -> bool {
    // `parse` takes a sign.
    text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'))
        && text.parse::<u64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_types_are_taken_or_refused_with_the_rule_that_they_break() {
        let (long, longest) = (format!("a.{}", "b".repeat(127)), format!("a.{}", "b".repeat(126)));
        let table: [(&str, Option<&str>); 18] = [
            ("lead.created", None),
            ("buying-signal.detected", None),
            ("support.session.started", None),
            ("a1.b2-c3", None),
            (&longest, None),
            ("", Some("is empty")),
            ("lead", Some("has one word only")),
            ("Lead.created", Some("holds 'L'")),
            ("lead_x.created", Some("holds '_'")),
            ("læd.created", Some("holds 'æ'")),
            ("lead..created", Some("has \"\" as a word")),
            (".lead.created", Some("has \"\" as a word")),
            ("lead.created.", Some("has \"\" as a word")),
            ("1lead.created", Some("has \"1lead\" as a word")),
            ("lead-.created", Some("has \"lead-\" as a word")),
            ("le--ad.created", Some("has \"le--ad\" as a word")),
            ("lead.*", Some("holds '*'")),
            (&long, Some("has 129 bytes, 128 are allowed")),
        ];
        for (text, broken) in table {
            assert_eq!(broken_by(text).as_deref(), broken, "{text}");
        }
    }

    #[test]
    fn a_mistyped_event_type_is_guessed_where_the_guess_is_one() {
        let table = [
            ("LeadCreated", Some("lead.created")),
            ("lead_created", Some("lead.created")),
            ("lead-created", Some("lead.created")),
            ("lead:created", Some("lead.created")),
            ("lead created", Some("lead.created")),
            ("Lead.Created", Some("lead.created")),
            ("buying_signal.detected", Some("buying-signal.detected")),
            ("lead", None),
            ("", None),
            ("lead.*", None),
            ("lead..created", None),
            ("1.2", None),
        ];
        for (text, guess) in table {
            assert_eq!(nearest_type(text).as_deref(), guess, "{text}");
        }
    }

    #[test]
    fn versions_are_three_numbers() {
        for version in ["0.0.0", "1.0.0", "10.20.30", "18446744073709551615.0.1"] {
            assert!(is_version(version), "{version}");
        }
        for text in
            ["", "1", "1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.00", "+1.0.0", "1.0.-0", "1..0", "1.0.0-beta", "1.0.x"]
        {
            assert!(!is_version(text), "{text}");
        }
        assert!(!is_version("18446744073709551616.0.0"));
    }
}
