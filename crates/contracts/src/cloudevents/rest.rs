//! What no attribute holds, in one attribute: a string with a JSON object.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::{
    attribute::plain,
    fields::{self, Fields, is_null},
    mapping::Parts,
};
use crate::{place::shown, strict};

/// The attribute.
pub(super) const REST: &str = "tekupenvelope";

/// What an attribute or a member of its own says alone: a gateway that looks at the attributes must see what the bus will see.
const ELSEWHERE: [&str; 6] = ["id", "type", "tenantId", "userId", "timestamp", "data"];

pub(super) fn write(rest: Parts) -> Result<Box<RawValue>, String> {
    let json = fields::json(&rest.into_fields()?, &[])?;
    fields::raw(&plain(&json))
}

/// As an error, all that is wrong with it.
pub(super) fn read(json: &str, attributes: &Fields) -> Result<Parts, Vec<String>> {
    let found = strict::members(json.as_bytes()).map_err(|told| vec![broken(&told)])?;
    let mut problems = told_twice("", &found.twice);
    problems.extend(elsewhere(&found.fields, attributes));
    if let Some(metadata) = found.fields.get("metadata").filter(|metadata| !is_null(metadata)) {
        match strict::members(metadata.get().as_bytes()) {
            Ok(found) => problems.extend(told_twice("metadata.", &found.twice)),
            Err(told) => problems.push(broken(&format!("has `metadata` that {told}"))),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Parts::of(found.fields).map_err(|told| vec![broken(&told)])
}

fn broken(told: &str) -> String {
    format!("`{REST}` {told}: write it as it was read, or leave it out")
}

fn told_twice(path: &str, names: &BTreeSet<String>) -> Vec<String> {
    names.iter().map(|name| strict::twice(&format!("{REST}.{path}{}", shown(name)))).collect()
}

fn elsewhere(rest: &Fields, attributes: &Fields) -> impl Iterator<Item = String> {
    // A user that is null is there, so that the event comes back as it was.
    let is_user_null = rest.get("userId").is_some_and(|user| is_null(user)) && !attributes.contains_key("userid");
    let found = ELSEWHERE.iter().filter(|name| rest.contains_key(**name));
    let found = found.filter(move |name| !(is_user_null && **name == "userId"));
    found.map(|name| format!("`{REST}.{name}` has a place of its own in a CloudEvent: leave it out here"))
}
