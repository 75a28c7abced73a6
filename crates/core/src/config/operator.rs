use crate::{
    error::{Error, ErrorKind, Result, shown},
    text::steers,
};

const LONGEST: usize = 128;

/// The name of a person or a program, as it is told in records and on terminals.
pub(super) fn check(name: &str) -> Result<()> {
    let count = name.chars().count();
    let broken = match name.chars().find(|c| steers(*c)) {
        Some(bad) => format!("holds {bad:?}"),
        None if name.trim().is_empty() => "is empty".into(),
        None if count > LONGEST => format!("has {count} characters"),
        None => return Ok(()),
    };
    let message = format!("operator `{}` {broken}: use 1 to {LONGEST} printable characters", shown(name));
    Err(Error::new(ErrorKind::InvalidConfig, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_a_printable_name_of_at_most_128_characters() {
        for name in ["ada", "ada@example.com", "Ægir Ødegård (on call)", &"ø".repeat(128)] {
            assert!(check(name).is_ok(), "{name}");
        }
        let table = [
            ("", "is empty"),
            (" ", "is empty"),
            ("a\nb", "holds '\\n'"),
            ("a\u{1b}[2J", "holds '\\u{1b}'"),
            ("a\u{202e}b", "holds '\\u{202e}'"),
            ("a\u{200b}b", "holds '\\u{200b}'"),
            (&"a".repeat(129), "has 129 characters"),
        ];
        for (name, broken) in table {
            let message = check(name).unwrap_err().to_string();
            assert!(message.contains(broken) && message.contains("use 1 to 128"), "{message}");
        }
    }
}
