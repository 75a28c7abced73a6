//! The JSON Schema of an event's data, as schemars tells it of the struct, put into words that others read.

use schemars::{
    JsonSchema, Schema,
    generate::{Contract, SchemaSettings},
    transform::RecursiveTransform,
};
use serde_json::Value;

use super::UnknownValue;

/// Says of a closed set that its readers keep values that it does not list.
pub(super) const KEEPS_UNKNOWN: &str = "x-tekup-keeps-unknown";

pub(crate) fn schema_of<T: JsonSchema>(contract: Contract) -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.contract = contract);
    let settings = settings.with_transform(RecursiveTransform(list_known_values)).with_transform(forget_unknown);
    settings.into_generator().into_root_schema_for::<T>()
}

/// The choices of a closed set without the last, which stands for all others; a choice of one is none.
fn list_known_values(schema: &mut Schema) {
    let object = schema.ensure_object();
    let Some(Value::Array(choices)) = object.get_mut("anyOf") else { return };
    let before = choices.len();
    choices.retain(|choice| !is_unknown_value(choice));
    if choices.len() == before {
        return;
    }
    let only = if let [Value::Object(only)] = choices.as_slice() { Some(only.clone()) } else { None };
    object.insert(KEEPS_UNKNOWN.into(), true.into());
    if let Some(only) = only {
        object.remove("anyOf");
        object.extend(only);
    }
}

fn is_unknown_value(choice: &Value) -> bool {
    choice.get("$ref").and_then(Value::as_str) == Some(&format!("#/$defs/{}", UnknownValue::SCHEMA))
}

/// Its definition, if nothing refers to it any more: a field may be of that type itself.
fn forget_unknown(schema: &mut Schema) {
    let is_used = schema.as_value().to_string().contains(&format!("\"#/$defs/{}\"", UnknownValue::SCHEMA));
    if is_used {
        return;
    }
    let object = schema.ensure_object();
    if let Some(Value::Object(definitions)) = object.get_mut("$defs") {
        definitions.remove(UnknownValue::SCHEMA);
        if definitions.is_empty() {
            object.remove("$defs");
        }
    }
}
