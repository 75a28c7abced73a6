use std::fmt;

use super::Value;
use crate::error::Result;

/// What a text must keep. Its error names the text, and of a secret only what may be shown.
///
/// ```
/// use tekup_core::{TenantId, settings::Rule};
///
/// let rule: Rule = |text| TenantId::new(text).map(drop);
/// assert!(rule("a b").is_err());
/// ```
pub type Rule = fn(&str) -> Result<()>;

/// What a setting may be. As a text it is the range, as documents and mistakes tell it.
///
/// ```
/// use tekup_core::settings::Takes;
///
/// assert_eq!(Takes::Number(1, 1_000).to_string(), "1 to 1000");
/// assert_eq!(Takes::Limit(1, 10).to_string(), "1 to 10, or none");
/// assert_eq!(Takes::Word(&["off", "warn", "enforce"]).to_string(), "off, warn or enforce");
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Takes {
    /// A whole number from the one to the other.
    Number(u64, u64),
    /// Such a number, or `none`: then there is no limit.
    Limit(u64, u64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A text that keeps a rule, and the rule in words.
    Text(&'static str, Rule),
    /// Such a text, or `none`.
    TextOrNone(&'static str, Rule),
    /// At most so many texts that keep a rule, and what they are; in a variable and a flag with commas between them.
    List(usize, &'static str, Rule),
    /// One of these words, or such a list.
    WordOrList(&'static [&'static str], usize, &'static str, Rule),
}

impl Takes {
    /// What a variable or a flag says.
    pub(super) fn read(&self, text: &str) -> Value {
        match self {
            Self::Number(..) | Self::Limit(..) => text.parse().map_or_else(|_| text.into(), Value::Number),
            Self::WordOrList(words, ..) if words.contains(&text) => text.into(),
            Self::List(..) | Self::WordOrList(..) => {
                Value::List(text.split(',').map(|each| each.trim().to_owned()).collect())
            }
            Self::Word(_) | Self::Text(..) | Self::TextOrNone(..) => text.into(),
        }
    }

    /// The value if it may be this one, else what follows its name in the message.
    pub(super) fn check(&self, value: Value) -> Result<Value, String> {
        match (self, &value) {
            (Self::Limit(..) | Self::TextOrNone(..), Value::Text(none)) if none == "none" => Ok(Value::None),
            (Self::Limit(..) | Self::TextOrNone(..), Value::None) => Ok(value),
            (Self::Number(least, most) | Self::Limit(least, most), Value::Number(number)) => {
                if (least..=most).contains(&number) { Ok(value) } else { Err(format!(" is {number}: use {self}")) }
            }
            (Self::Word(words) | Self::WordOrList(words, ..), Value::Text(text)) if words.contains(&text.as_str()) => {
                Ok(value)
            }
            (Self::Text(_, rule) | Self::TextOrNone(_, rule), Value::Text(text)) => {
                rule(text).map(|()| value).map_err(|error| format!(": {error}"))
            }
            (Self::List(most, what, _) | Self::WordOrList(_, most, what, _), Value::List(all)) if all.len() > *most => {
                Err(format!(" has {} {what}: use {most} at most", all.len()))
            }
            (Self::List(_, _, rule) | Self::WordOrList(_, _, _, rule), Value::List(all)) => {
                match all.iter().find_map(|text| rule(text).err()) {
                    Some(error) => Err(format!(": {error}")),
                    None => Ok(value),
                }
            }
            _ => Err(format!(" is {}: write {}", value.quoted(), self.form(&value))),
        }
    }

    fn form(&self, value: &Value) -> String {
        let is_quoted = matches!(value, Value::Text(text) if text.parse::<u64>().is_ok());
        match self {
            Self::Number(..) | Self::Limit(..) if is_quoted => format!("it without quotes, {self}"),
            Self::Number(..) | Self::Limit(..) => format!("a whole number, {self}"),
            Self::Word(_) => self.to_string(),
            Self::Text(..) | Self::TextOrNone(..) => "a text in quotes".into(),
            Self::List(..) => format!("a list of texts, {self}"),
            Self::WordOrList(words, most, what, _) => {
                format!("{}, or a list of texts, at most {most} {what}", words.join(", "))
            }
        }
    }
}

impl fmt::Display for Takes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(least, most) => write!(f, "{least} to {most}"),
            Self::Limit(least, most) => write!(f, "{least} to {most}, or none"),
            Self::Word([many @ .., last]) => write!(f, "{} or {last}", many.join(", ")),
            Self::Word([]) => Ok(()),
            Self::Text(rule, _) => f.write_str(rule),
            Self::TextOrNone(rule, _) => write!(f, "{rule}, or none"),
            Self::List(most, what, _) => write!(f, "at most {most} {what}"),
            Self::WordOrList(words, most, what, _) => write!(f, "{}, or at most {most} {what}", words.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TenantId;

    const TENANTS: Takes = Takes::List(2, "tenants", |text| TenantId::new(text).map(drop));
    const SOME: Takes = Takes::Number(1, 10);
    const LIMIT: Takes = Takes::Limit(1, 10);
    const WORD: Takes = Takes::Word(&["off", "on"]);
    const SOME_TENANTS: Takes = Takes::WordOrList(&["off", "all"], 2, "tenants", |text| TenantId::new(text).map(drop));
    const MAYBE: Takes = Takes::TextOrNone("a tenant", |text| TenantId::new(text).map(drop));
    const TENANT: Takes = Takes::Text("a tenant", |text| TenantId::new(text).map(drop));

    #[test]
    fn what_may_be_is_taken() {
        let list = |all: &[&str]| Value::List(all.iter().map(|&each| each.into()).collect());
        let table = [
            (SOME, Value::Number(10), Value::Number(10)),
            (LIMIT, Value::Number(1), Value::Number(1)),
            (LIMIT, "none".into(), Value::None),
            (WORD, "on".into(), "on".into()),
            (TENANT, "acme".into(), "acme".into()),
            (TENANTS, list(&[]), list(&[])),
            (TENANTS, TENANTS.read("acme, bolt"), list(&["acme", "bolt"])),
            (SOME_TENANTS, SOME_TENANTS.read("all"), "all".into()),
            (SOME_TENANTS, SOME_TENANTS.read("acme, bolt"), list(&["acme", "bolt"])),
            (MAYBE, "acme".into(), "acme".into()),
            (MAYBE, "none".into(), Value::None),
        ];
        for (takes, value, taken) in table {
            assert_eq!(takes.check(value).unwrap(), taken, "{takes}");
        }
    }

    #[test]
    fn what_may_not_be_is_refused_with_what_to_write() {
        let other = |words: &str| Value::Other(words.into());
        let table = [
            (SOME, Value::Number(11), " is 11: use 1 to 10"),
            (SOME, "many".into(), " is `many`: write a whole number, 1 to 10"),
            (SOME, "7".into(), " is `7`: write it without quotes, 1 to 10"),
            (SOME, "none".into(), " is `none`: write a whole number, 1 to 10"),
            (SOME, SOME.read("-1"), " is `-1`: write a whole number, 1 to 10"),
            (SOME, SOME.read("99999999999999999999"), " is `99999999999999999999`: write a whole number, 1 to 10"),
            (SOME, Value::List(Vec::new()), " is a list: write a whole number, 1 to 10"),
            (LIMIT, other("1.5"), " is 1.5: write a whole number, 1 to 10, or none"),
            (WORD, "maybe".into(), " is `maybe`: write off or on"),
            (WORD, Value::Number(1), " is 1: write off or on"),
            (TENANT, other("true"), " is true: write a text in quotes"),
            (TENANTS, "acme".into(), " is `acme`: write a list of texts, at most 2 tenants"),
            (TENANTS, TENANTS.read("a,b,c"), " has 3 tenants: use 2 at most"),
            (SOME_TENANTS, SOME_TENANTS.read("a,b,c"), " has 3 tenants: use 2 at most"),
            (SOME_TENANTS, "acme".into(), " is `acme`: write off, all, or a list of texts, at most 2 tenants"),
            (MAYBE, Value::Number(1), " is 1: write a text in quotes"),
        ];
        for (takes, value, told) in table {
            assert_eq!(takes.check(value).unwrap_err(), told, "{takes}");
        }
        let refused = [
            TENANT.check("a b".into()),
            TENANTS.check(TENANTS.read("acme,")),
            SOME_TENANTS.check(SOME_TENANTS.read("a b")),
            MAYBE.check("a b".into()),
        ];
        for refused in refused {
            assert!(refused.unwrap_err().starts_with(": tenant `"));
        }
    }
}
