//! Values that a schema allows, at its edges: the least and the most, each choice, each field there and not there.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Each differs from a middling one at one place. A type that holds itself is followed a few levels down. Where any field
/// may be, there are those that the reader names.
pub(crate) fn of(schema: &Value, reader: &Value) -> Vec<Value> {
    let mut names = BTreeSet::from(["another".to_owned()]);
    collect_names(reader, &mut names);
    Maker { root: schema, names: &names, depth: 0 }.all(schema)
}

fn collect_names(schema: &Value, names: &mut BTreeSet<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        names.extend(properties.keys().cloned());
    }
    match schema {
        Value::Object(object) => object.values().for_each(|inner| collect_names(inner, names)),
        Value::Array(list) => list.iter().for_each(|inner| collect_names(inner, names)),
        _ => {}
    }
}

struct Maker<'a> {
    root: &'a Value,
    /// Of fields that a map may hold.
    names: &'a BTreeSet<String>,
    depth: usize,
}

const DEEPEST: usize = 8;

impl Maker<'_> {
    fn all(&mut self, schema: &Value) -> Vec<Value> {
        if self.depth == DEEPEST {
            return Vec::new();
        }
        self.depth += 1;
        let made = self.made(schema);
        self.depth -= 1;
        made
    }

    fn made(&mut self, schema: &Value) -> Vec<Value> {
        let is_any = |object: &Map<String, Value>| object.keys().all(|key| key == "description");
        let Some(object) = schema.as_object().filter(|object| !is_any(object)) else {
            return vec![json!(null), json!(true), json!(-1), json!(0.5), json!("text"), json!([]), json!({})];
        };
        let own = self.plain(object);
        let choices = ["anyOf", "oneOf"].iter().filter_map(|keyword| object.get(*keyword)).flat_map(Value::as_array);
        let mut chosen: Vec<Value> = choices.flatten().flat_map(|one| self.all(one)).collect();
        if let Some(target) = object.get("$ref").and_then(Value::as_str) {
            let definition = self.root.pointer(target.trim_start_matches('#')).expect("a definition").clone();
            chosen.extend(self.all(&definition));
        }
        match (own.is_empty(), chosen.is_empty()) {
            (_, true) => own,
            (true, _) => chosen,
            // Fields beside a choice, as a flattened enum has them, or a tag beside a struct.
            _ => own.iter().flat_map(|own| chosen.iter().map(|chosen| united(own, chosen))).collect(),
        }
    }

    fn plain(&mut self, object: &Map<String, Value>) -> Vec<Value> {
        if let Some(value) = object.get("const") {
            return vec![value.clone()];
        }
        if let Some(Value::Array(values)) = object.get("enum") {
            return values.clone();
        }
        let types = match object.get("type") {
            Some(Value::String(one)) => vec![one.clone()],
            Some(several) => serde_json::from_value(several.clone()).expect("a list of types"),
            // The tag of a variant that holds a struct.
            None if object.contains_key("properties") => vec!["object".into()],
            None => Vec::new(),
        };
        types.iter().flat_map(|one| self.of_type(one, object)).collect()
    }

    fn of_type(&mut self, name: &str, object: &Map<String, Value>) -> Vec<Value> {
        match name {
            "null" => vec![Value::Null],
            "boolean" => vec![json!(true), json!(false)],
            "integer" => integers(object),
            "number" => numbers(object),
            "string" => texts(object),
            "array" => self.lists(object),
            _ => self.objects(object),
        }
    }

    fn lists(&mut self, object: &Map<String, Value>) -> Vec<Value> {
        let bound = |name: &str| object.get(name).and_then(Value::as_u64).map(|bound| bound as usize);
        if let Some(Value::Array(first)) = object.get("prefixItems") {
            let each: Vec<Vec<Value>> = first.iter().map(|schema| self.all(schema)).collect();
            return varied(&each).into_iter().map(Value::Array).collect();
        }
        let items = object.get("items").map(|items| self.all(items)).unwrap_or_default();
        let least = bound("minItems").unwrap_or(0);
        let most = bound("maxItems").unwrap_or(least + 3);
        let mut lists = vec![repeated(&items, least), repeated(&items, most)];
        lists.extend(items.iter().map(|item| vec![item.clone(); least.max(1).min(most)]));
        lists.into_iter().map(Value::Array).collect()
    }

    fn objects(&mut self, object: &Map<String, Value>) -> Vec<Value> {
        let nothing = Map::new();
        let properties = object.get("properties").and_then(Value::as_object).unwrap_or(&nothing);
        let names: Vec<&String> = properties.keys().collect();
        let each: Vec<Vec<Value>> = properties.values().map(|schema| self.all(schema)).collect();
        let whole = |values: Vec<Value>| -> Map<String, Value> {
            names.iter().map(|name| (*name).clone()).zip(values).collect()
        };
        let mut objects: Vec<Map<String, Value>> = varied(&each).into_iter().map(whole).collect();
        let required = object.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let optional = names.iter().filter(|name| !required.contains(&json!(name)));
        let without: Vec<_> = optional.filter_map(|name| objects.first().map(|whole| lacking(whole, name))).collect();
        objects.extend(without);
        let first = objects.first().cloned().unwrap_or_default();
        for (key, rest) in unnamed(object, self.names).into_iter().filter(|(key, _)| !properties.contains_key(key)) {
            objects.extend(self.all(rest).into_iter().map(|value| with(&first, &key, value)));
        }
        objects.into_iter().map(Value::Object).collect()
    }
}

/// Keys that a map takes, each with the schema of its value.
fn unnamed<'a>(object: &'a Map<String, Value>, names: &BTreeSet<String>) -> Vec<(String, &'a Value)> {
    let others = object.get("additionalProperties").filter(|rest| rest.as_bool() != Some(false));
    let mut all: Vec<_> =
        others.into_iter().flat_map(|rest| names.iter().map(move |name| (name.clone(), rest))).collect();
    for (pattern, rest) in object.get("patternProperties").and_then(Value::as_object).into_iter().flatten() {
        let is_signed = pattern.starts_with("^-?");
        let numbers = ["7", "70000", "-7"].into_iter().filter(|number| is_signed || *number != "-7");
        all.extend(numbers.map(|number| (number.to_owned(), rest)));
    }
    all
}

/// Middling values, then one after the other replaced by each of its others. None, if one has no value at all.
fn varied(each: &[Vec<Value>]) -> Vec<Vec<Value>> {
    let Some(middling) = each.iter().map(|values| values.first().cloned()).collect::<Option<Vec<Value>>>() else {
        return Vec::new();
    };
    let mut all = vec![middling.clone()];
    for (at, values) in each.iter().enumerate() {
        for value in values.iter().skip(1) {
            let mut other = middling.clone();
            other[at] = value.clone();
            all.push(other);
        }
    }
    all
}

fn repeated(items: &[Value], count: usize) -> Vec<Value> {
    items.iter().cycle().take(count).cloned().collect()
}

fn lacking(whole: &Map<String, Value>, name: &str) -> Map<String, Value> {
    whole.iter().filter(|(other, _)| *other != name).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn with(whole: &Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    let mut whole = whole.clone();
    whole.insert(name.into(), value);
    whole
}

fn united(a: &Value, b: &Value) -> Value {
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return b.clone() };
    Value::Object(a.iter().chain(b).map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn integers(object: &Map<String, Value>) -> Vec<Value> {
    let format = object.get("format").and_then(Value::as_str).unwrap_or_default();
    let (mut least, mut most): (i128, i128) = match format {
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "uint8" => (0, u8::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        "uint64" | "uint" => (0, u64::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    };
    let bound = |name: &str| object.get(name).and_then(Value::as_f64).map(|bound| bound as i128);
    least = least.max(bound("minimum").unwrap_or(least));
    most = most.min(bound("maximum").unwrap_or(most));
    let whole = |number: i128| serde_json::to_value(number).expect("a number");
    let is_left_out = |number: i128| object.get("not") == Some(&json!({"const": number}));
    [least.midpoint(most), least, most].into_iter().filter(|number| !is_left_out(*number)).map(whole).collect()
}

fn numbers(object: &Map<String, Value>) -> Vec<Value> {
    let bound = |name: &str| object.get(name).and_then(Value::as_f64);
    let above = bound("exclusiveMinimum").map(|least| least + 1e-9);
    let (least, most) = (bound("minimum").or(above).unwrap_or(-1e9), bound("maximum").unwrap_or(1e9));
    vec![json!(least + (most - least) / 3.0), json!(least), json!(most)]
}

fn texts(object: &Map<String, Value>) -> Vec<Value> {
    match object.get("format").and_then(Value::as_str) {
        Some("date-time") => return vec![json!("2025-09-14T10:15:30.123Z")],
        Some("uuid") => return vec![json!("018f6c9a-0000-7000-8000-000000000016")],
        Some("ipv4") => return vec![json!("127.0.0.1")],
        _ => {}
    }
    // A rule of what a text must contain, which matches itself.
    if let Some(pattern) = object.get("pattern") {
        return vec![pattern.clone()];
    }
    let bound = |name: &str| object.get(name).and_then(Value::as_u64).map(|bound| bound as usize);
    let least = bound("minLength").unwrap_or(0);
    let most = bound("maxLength").unwrap_or(least + 300);
    [least.midpoint(most), least, most].into_iter().map(|length| json!("x".repeat(length))).collect()
}
