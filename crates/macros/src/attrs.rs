//! Reads `#[event(..)]`: which keys are given, and where.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, LitStr, Meta};

use crate::{errors::Errors, key};

/// What the attributes say, all of them merged.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) event_type: Setting,
    pub(crate) version: Setting,
    pub(crate) priority: Setting,
    pub(crate) upcasts: Setting,
    pub(crate) crate_path: Setting,
    /// The only key without a value.
    pub(crate) audit: bool,
}

#[derive(Default)]
pub(crate) enum Setting {
    #[default]
    Absent,
    /// Reported already.
    Broken,
    Given(LitStr),
}

pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Attributes {
    let mut out = Attributes::default();
    for attribute in attributes.iter().filter(|attribute| is_ours(attribute)) {
        match &attribute.meta {
            Meta::List(list) if !list.tokens.is_empty() => out.read_list(list.tokens.clone(), errors),
            Meta::NameValue(pair) => {
                errors.at(pair, "`#[event = ..]` names no key: write `#[event(type = \"lead.created\")]`");
            }
            empty => errors.at(empty, "`#[event]` is empty: write `#[event(type = \"lead.created\")]` or remove it"),
        }
    }
    out
}

pub(crate) fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("event")
}

const COMMA: &str = "a `,` is missing in `#[event(..)]`: write it before this";
const NO_VALUE: &str = "`audit` in `#[event(..)]` takes no value: write `audit` alone, or leave it out";

fn twice(key: &Ident) -> String {
    format!("`{key}` is in `#[event(..)]` twice: keep one of them")
}

impl Attributes {
    fn read_list(&mut self, tokens: TokenStream, errors: &mut Errors) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for entry in tokens.split_inclusive(|token| is(token, ',')) {
            match entry.split_last() {
                Some((comma, before)) if is(comma, ',') && !before.is_empty() => self.read_entry(before, errors),
                _ => self.read_entry(entry, errors),
            }
        }
    }

    /// One `key = "value"` without its comma; or a comma that has none before it.
    fn read_entry(&mut self, entry: &[TokenTree], errors: &mut Errors) {
        let [TokenTree::Ident(key), value @ ..] = entry else {
            return errors.at(all(entry), "`#[event(..)]` takes `key = \"value\"`: write `type = \"lead.created\"`");
        };
        if key == "audit" {
            return self.read_audit(key, value, errors);
        }
        let Some((place, example)) = self.setting(&key.to_string()) else {
            return errors.at(key, key::unknown(&key.to_string()));
        };
        let read = value_of(key, value, example, errors);
        match place {
            Setting::Absent => *place = read,
            _ => errors.at(key, twice(key)),
        }
    }

    fn read_audit(&mut self, key: &Ident, value: &[TokenTree], errors: &mut Errors) {
        match value {
            [] => {}
            [next @ TokenTree::Ident(_), ..] => errors.at(next, COMMA),
            [equals, given @ ..] if is(equals, '=') && !given.is_empty() => errors.at(all(given), NO_VALUE),
            other => errors.at(all(other), NO_VALUE),
        }
        if std::mem::replace(&mut self.audit, true) {
            errors.at(key, twice(key));
        }
    }

    fn setting(&mut self, key: &str) -> Option<(&mut Setting, &'static str)> {
        Some(match key {
            "type" => (&mut self.event_type, "lead.created"),
            "version" => (&mut self.version, "1.0.0"),
            "priority" => (&mut self.priority, "high"),
            "upcasts" => (&mut self.upcasts, "LeadCreatedV1"),
            "crate" => (&mut self.crate_path, "tekup_core"),
            _ => return None,
        })
    }
}

fn value_of(key: &Ident, value: &[TokenTree], example: &str, errors: &mut Errors) -> Setting {
    let (place, told) = match value {
        [equals, text] if is(equals, '=') => match string(text) {
            Some(text) => return Setting::Given(text),
            None => (text.to_token_stream(), "takes a string literal"),
        },
        [equals, text, next, ..] if is(equals, '=') && string(text).is_some() => {
            errors.at(next, COMMA);
            return string(text).map_or(Setting::Broken, Setting::Given);
        }
        [equals, other @ ..] if is(equals, '=') && !other.is_empty() => (all(other), "takes a string literal"),
        [other, ..] if !is(other, '=') => (all(value), "is followed by something other than `=`"),
        _ => (key.to_token_stream(), "has no value"),
    };
    errors.at(place, format!("`{key}` in `#[event(..)]` {told}: write `{key} = \"{example}\"`"));
    Setting::Broken
}

/// A string literal; one that a `macro_rules!` macro hands on lies in an invisible group.
fn string(token: &TokenTree) -> Option<LitStr> {
    match token {
        TokenTree::Literal(_) => {
            syn::parse2(token.to_token_stream()).ok().filter(|text: &LitStr| text.suffix().is_empty())
        }
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            let mut tokens = group.stream().into_iter();
            tokens.next().filter(|_| tokens.next().is_none()).as_ref().and_then(string)
        }
        _ => None,
    }
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn all(tokens: &[TokenTree]) -> TokenStream {
    tokens.iter().cloned().collect()
}
