//! The event type that a struct's name says.

use crate::rule;

/// `LeadCreated` says `lead.created`; what is wrong with a name that says none.
pub(crate) fn event_type(name: &str) -> Result<String, String> {
    if let Some(bad) = name.chars().find(|c| !c.is_ascii()) {
        return Err(format!("it holds {bad:?}, which is not ASCII"));
    }
    let event_type = words(name).join(".");
    match rule::broken_by(&event_type) {
        None => Ok(event_type),
        Some(broken) => Err(format!("`{}` {broken}", crate::errors::shown(&event_type))),
    }
}

/// The words of an ASCII name in lower case: an acronym is one word, digits stay with theirs.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let bytes = name.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| bytes.get(index));
        if *byte == b'_' || before.is_some_and(|before| begins_word(*before, *byte, bytes.get(index + 1))) {
            words.push(String::new());
        }
        if *byte != b'_' {
            words.last_mut().into_iter().for_each(|word| word.push(char::from(byte.to_ascii_lowercase())));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A capital begins a word unless it goes on with an acronym: after another capital, and not before a small letter.
fn begins_word(before: u8, byte: u8, after: Option<&u8>) -> bool {
    byte.is_ascii_uppercase() && (!before.is_ascii_uppercase() || after.is_some_and(u8::is_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_its_event_type() {
        let table = [
            ("LeadCreated", "lead.created"),
            ("SupportSessionStarted", "support.session.started"),
            ("HTTPRequested", "http.requested"),
            ("LeadHTTPRequested", "lead.http.requested"),
            ("RequestOverHTTP", "request.over.http"),
            ("HTTP2Requested", "http2.requested"),
            ("Lead2Created", "lead2.created"),
            ("OAuth2TokenIssued", "o.auth2.token.issued"),
            ("LeadCreatedV2", "lead.created.v2"),
            ("ABTested", "ab.tested"),
            ("Lead_Created", "lead.created"),
            ("_LeadCreated", "lead.created"),
            ("lead_created", "lead.created"),
        ];
        for (name, event_type) in table {
            assert_eq!(super::event_type(name).as_deref(), Ok(event_type), "{name}");
        }
    }

    #[test]
    fn a_name_that_says_none_is_refused_with_the_reason() {
        let long = format!("Lead{}", "d".repeat(130)) + "Created";
        let table: [(&str, &str); 7] = [
            ("Created", "`created` has one word only"),
            ("created", "`created` has one word only"),
            ("HTTP", "`http` has one word only"),
            ("Lead_2", "`lead.2` has \"2\" as a word"),
            ("_", "`` is empty"),
            ("FakturaBetaltÆrligt", "it holds 'Æ', which is not ASCII"),
            (&long, "has 142 bytes, 128 are allowed"),
        ];
        for (name, reason) in table {
            let told = event_type(name).unwrap_err();
            assert!(told.contains(reason), "{name}: {told}");
        }
    }
}
