use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;

fn told(writer: &Value, reader: &Value) -> Vec<String> {
    let (writer, reader) = (Document::read(writer).unwrap(), Document::read(reader).unwrap());
    mismatches(&writer, &reader).into_iter().map(|Mismatch { path, why }| format!("{path}: {why}")).collect()
}

/// Each level is one of three objects, and each of them holds the next level.
fn chain(levels: usize, leaf: &Value) -> Value {
    let mut definitions = json!({ format!("Level{levels}"): leaf });
    for level in 0..levels {
        let next = json!({"$ref": format!("#/$defs/Level{}", level + 1)});
        let object =
            |own: &str| json!({"type": "object", "required": ["next", own], "properties": {"next": next, own: true}});
        definitions[format!("Level{level}")] = json!({"anyOf": [object("x"), object("y"), object("z")]});
    }
    json!({"$defs": definitions, "$ref": "#/$defs/Level0"})
}

#[test]
fn choices_inside_choices_are_compared_in_no_time() {
    let (text, number) = (chain(12, &json!({"type": "string"})), chain(12, &json!({"type": "number"})));
    let start = Instant::now();
    assert_eq!(told(&text, &text), [""; 0]);
    assert_eq!(told(&text, &number), [format!("data{}: it takes a number, and a text is written", ".next".repeat(12))]);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn too_many_choices_and_too_many_levels_are_told_instead_of_compared_without_end() {
    let values: Vec<usize> = (0..4_500).collect();
    let set = json!({"enum": values});
    assert_eq!(told(&set, &set), ["data: it has too many choices to be compared: give it fewer, one inside the other"]);
    let definition = |level: usize| json!({"type": "array", "items": {"$ref": format!("#/$defs/{}", level + 1)}});
    let mut lists: Value = (0..300).map(|level: usize| (level.to_string(), definition(level))).collect();
    lists["300"] = json!({"type": "string"});
    let lists = json!({"$defs": lists, "$ref": "#/$defs/0"});
    assert_eq!(told(&lists, &lists), ["data: it is nested too deep to be compared: give it fewer levels"]);
}

#[test]
fn what_can_not_be_compared_is_told_on_both_sides_unless_it_is_the_same_or_anything_is_taken() {
    let (opaque, object) = (json!({"type": "object", "propertyNames": {"maxLength": 1}}), json!({"type": "object"}));
    let why = "data: what `propertyNames` in its schema asks for can't be compared";
    assert_eq!(told(&opaque, &object), [why]);
    assert_eq!(told(&object, &opaque), [why]);
    assert_eq!(told(&opaque, &json!({"type": "object", "propertyNames": {"maxLength": 2}})), [why]);
    assert_eq!(told(&opaque, &opaque), [""; 0]);
    assert_eq!(told(&opaque, &json!(true)), [""; 0]);
}

#[test]
fn a_definition_that_leads_to_itself_at_once_adds_nothing() {
    let looped = |other: Value| json!({"$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, other]}}, "$ref": "#/$defs/A"});
    let (text, number) = (json!({"type": "string"}), json!({"type": "number"}));
    assert_eq!(told(&looped(text.clone()), &looped(text.clone())), [""; 0]);
    let why = ["data: it takes a text, and a number is written"];
    assert_eq!(told(&number, &looped(text.clone())), why);
    assert_eq!(told(&looped(number), &looped(text.clone())), why);
    let nothing = json!({"$defs": {"A": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"});
    assert_eq!(told(&text, &nothing), ["data: it takes nothing, and a text is written"]);
}

#[test]
fn a_format_that_may_be_empty_is_no_text_of_some_length() {
    let (format, filled) =
        (|name: &str| json!({"type": "string", "format": name}), json!({"type": "string", "minLength": 1}));
    assert_eq!(told(&format("date-time"), &filled), [""; 0]);
    assert_eq!(
        told(&format("regex"), &filled),
        ["data: it takes a text with a length of 1 or more, and a text of the format regex is written"]
    );
}

#[test]
fn a_single_value_is_read_by_what_takes_it() {
    let table = [
        (json!(null), json!({"type": "null"}), true),
        (json!(null), json!({"type": "boolean"}), false),
        (json!(true), json!({"type": "boolean"}), true),
        (json!(5), json!({"type": "integer", "minimum": 5, "maximum": 5}), true),
        (json!(5), json!({"type": "integer", "minimum": 6}), false),
        (json!(5), json!({"type": "integer", "maximum": 4}), false),
        (json!(5), json!({"type": "number", "minimum": 5.0, "maximum": 5.0}), true),
        (json!(5), json!({"type": "number", "minimum": 5.5}), false),
        (json!(5.5), json!({"type": "number", "maximum": 5.0}), false),
        (json!(5.5), json!({"type": "integer"}), false),
        (json!(5), json!({"const": 5}), true),
        (json!(5), json!({"const": 6}), false),
        (json!("é"), json!({"type": "string", "maxLength": 1}), true),
        (json!("5"), json!({"type": "integer"}), false),
        (json!("5"), json!({"enum": ["a"], "x-tekup-keeps-unknown": true}), true),
        (json!(5), json!({"enum": ["a"], "x-tekup-keeps-unknown": true}), false),
    ];
    for (value, reader, is_read) in table {
        assert_eq!(told(&json!({"const": value}), &reader).is_empty(), is_read, "{value} {reader}");
    }
}

#[test]
fn the_nearest_of_several_choices_says_why_and_only_once() {
    let object = |properties: Value| {
        let required: Vec<&String> = properties.as_object().unwrap().keys().collect();
        json!({"type": "object", "properties": properties, "required": required})
    };
    let data = |party: Value| {
        let mut data = object(json!({"a": {"$ref": "#/$defs/Party"}, "b": {"$ref": "#/$defs/Party"}}));
        data["$defs"] = json!({"Party": party});
        data
    };
    let person = object(json!({"kind": {"const": "person"}, "name": {"type": "string"}}));
    let born = object(json!({"kind": {"const": "person"}, "name": {"type": "string"}, "born": true}));
    let company = object(json!({"kind": {"const": "company"}, "vat": {"type": "string"}}));
    let reader = data(json!({"anyOf": [{"type": "number"}, company, born]}));
    assert_eq!(told(&data(person), &reader), ["data.a.born: it requires the field, which is not written"]);
}

#[test]
fn items_are_compared_up_to_the_most_that_are_written() {
    let list = |first: Value, items: Value, most: u64| json!({"type": "array", "prefixItems": first, "items": items, "maxItems": most});
    let (text, number) = (json!({"type": "string"}), json!({"type": "number"}));
    let first = json!([text, text]);
    assert_eq!(told(&list(first.clone(), number.clone(), 2), &list(first.clone(), text.clone(), 2)), [""; 0]);
    let why = "it takes a text, and a number is written";
    assert_eq!(
        told(&list(first.clone(), number.clone(), 3), &list(first.clone(), text.clone(), 3)),
        [format!("data[]: {why}")]
    );
    assert_eq!(
        told(&list(json!([text]), number, 3), &list(first, text, 3)),
        [format!("data[1]: {why}"), format!("data[]: {why}")]
    );
}
