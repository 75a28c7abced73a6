//! Rules that data breaks, told by the names that stand on the wire.

use std::{collections::HashMap, fmt::Display};

use schemars::generate::Contract;
use serde_json::Value;

use super::TekupEvent;
use crate::error::{cut, shown};

/// The most that are told of one event.
const MOST: usize = 20;

/// The longest text of a rule, in characters.
const LONGEST: usize = 300;

pub(crate) fn violations<'a, T: TekupEvent>(
    told: impl Iterator<Item = (&'a dyn Display, &'a dyn Display)>,
) -> Vec<String> {
    let names = Names::of(&T::__schema(Contract::Serialize).to_value());
    let mut problems: Vec<String> = told.map(|(path, told)| violation(&names.path(&path.to_string()), told)).collect();
    // Validators tell them in no order.
    problems.sort_unstable();
    let more = problems.len().saturating_sub(MOST);
    problems.truncate(MOST);
    problems.extend((more > 0).then(|| format!("and {more} more")));
    problems
}

fn violation(path: &str, told: &dyn Display) -> String {
    format!("`{}` is invalid: {}", shown(path), cut(&told.to_string(), LONGEST))
}

/// What fields are called on the wire, by what all their spellings have in common. A name that is spelt in two ways stands
/// for none of them.
struct Names(HashMap<String, Option<String>>);

impl Names {
    fn of(schema: &Value) -> Self {
        let mut names = Self(HashMap::new());
        names.collect(schema);
        names
    }

    fn collect(&mut self, schema: &Value) {
        match schema {
            Value::Object(object) => {
                let fields = object.get("properties").and_then(Value::as_object);
                fields.into_iter().flat_map(|fields| fields.keys()).for_each(|name| self.add(name));
                object.values().for_each(|part| self.collect(part));
            }
            Value::Array(parts) => parts.iter().for_each(|part| self.collect(part)),
            _ => {}
        }
    }

    fn add(&mut self, name: &str) {
        let known = self.0.entry(folded(name)).or_insert_with(|| Some(name.into()));
        if known.as_deref().is_some_and(|known| known != name) {
            *known = None;
        }
    }

    /// `score_factors[0].field_name` as `data.scoreFactors[0].fieldName`.
    fn path(&self, path: &str) -> String {
        let parts = path.split('.').filter(|part| !part.is_empty()).map(|part| {
            let (name, index) = part.split_at(part.find('[').unwrap_or(part.len()));
            let known = self.0.get(&folded(name)).and_then(Option::as_deref);
            let dot = if name.is_empty() { "" } else { "." };
            format!("{dot}{}{index}", known.unwrap_or(name))
        });
        std::iter::once("data".to_owned()).chain(parts).collect()
    }
}

/// The same for `leadId`, `lead_id`, `LeadId` and `lead-id`.
fn folded(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_told_by_the_names_of_the_wire_where_they_are_known() {
        let schema = json!({
            "properties": {"leadId": {}, "score-factors": {"items": {"$ref": "#/$defs/F"}}, "aB": {}},
            "$defs": {"F": {"properties": {"WEIGHT_NOW": {}, "ab": {}}}},
        });
        let names = Names::of(&schema);
        let table = [
            ("lead_id", "data.leadId"),
            ("score_factors[12].weight_now", "data.score-factors[12].WEIGHT_NOW"),
            ("a_b", "data.a_b"),
            ("unknown", "data.unknown"),
            ("[0].lead_id", "data[0].leadId"),
            ("", "data"),
        ];
        for (path, told) in table {
            assert_eq!(names.path(path), told, "{path}");
        }
    }
}
