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
    pub(crate) crate_path: Setting,
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
                errors.at(pair, "`#[event = ..]` is no form of it: write `#[event(type = \"lead.created\")]`");
            }
            empty => errors.at(empty, "`#[event]` is empty: write `#[event(type = \"lead.created\")]` or remove it"),
        }
    }
    out
}

pub(crate) fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("event")
}

impl Attributes {
    fn read_list(&mut self, tokens: TokenStream, errors: &mut Errors) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for entry in tokens.split_inclusive(is_comma) {
            match entry.split_last() {
                Some((comma, before)) if is_comma(comma) && !before.is_empty() => self.read_entry(before, errors),
                _ => self.read_entry(entry, errors),
            }
        }
    }

    /// One `key = "value"` without its comma; or a comma that has none before it.
    fn read_entry(&mut self, entry: &[TokenTree], errors: &mut Errors) {
        let [TokenTree::Ident(key), value @ ..] = entry else {
            return errors.at(all(entry), "`#[event(..)]` takes `key = \"value\"`: write `type = \"lead.created\"`");
        };
        let Some((place, example)) = self.setting(&key.to_string()) else {
            return errors.at(key, key::unknown(&key.to_string()));
        };
        let read = value_of(key, value, example, errors);
        match place {
            Setting::Absent => *place = read,
            _ => errors.at(key, format!("`{key}` is in `#[event(..)]` twice: keep one of them")),
        }
    }

    fn setting(&mut self, key: &str) -> Option<(&mut Setting, &'static str)> {
        Some(match key {
            "type" => (&mut self.event_type, "lead.created"),
            "version" => (&mut self.version, "1.0.0"),
            "priority" => (&mut self.priority, "high"),
            "crate" => (&mut self.crate_path, "tekup_core"),
            _ => return None,
        })
    }
}

fn value_of(key: &Ident, value: &[TokenTree], example: &str, errors: &mut Errors) -> Setting {
    let (place, told) = match value {
        [TokenTree::Punct(equals), value @ ..] if equals.as_char() == '=' => match string(value) {
            Some(text) => return Setting::Given(text),
            None if value.is_empty() => (key.to_token_stream(), "has no value"),
            None => (all(value), "takes a string literal"),
        },
        [] => (key.to_token_stream(), "has no value"),
        other => (all(other), "is followed by something other than `=`"),
    };
    errors.at(place, format!("`{key}` in `#[event(..)]` {told}: write `{key} = \"{example}\"`"));
    Setting::Broken
}

/// A string literal; one that a `macro_rules!` macro hands on lies in an invisible group.
fn string(value: &[TokenTree]) -> Option<LitStr> {
    match value {
        [TokenTree::Literal(_)] => syn::parse2(all(value)).ok().filter(|text: &LitStr| text.suffix().is_empty()),
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::None => {
            string(&group.stream().into_iter().collect::<Vec<_>>())
        }
        _ => None,
    }
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

fn all(tokens: &[TokenTree]) -> TokenStream {
    tokens.iter().cloned().collect()
}
