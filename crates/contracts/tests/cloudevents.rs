//! CloudEvents 1.0: what the specification and its JSON format ask for, and that nothing is lost on the way.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::{Value, json};
use tekup_contracts::cloudevents;
use tekup_core::{ErrorKind, RawEvent};

/// Members, each a name and JSON.
type Members<'a> = &'a [(&'a str, &'a str)];

/// A foreign event with some members changed; one without JSON is left out.
fn foreign(changes: Members<'_>) -> String {
    let base = [
        ("specversion", r#""1.0""#),
        ("id", r#""018f6c9a-0000-7000-8000-000000000016""#),
        ("source", r#""/mycontext""#),
        ("type", r#""com.example.someevent""#),
        ("time", r#""2018-04-05T17:31:00Z""#),
        ("tenantid", r#""acme""#),
        ("data", r#"{"appinfo":1}"#),
    ];
    let kept = base.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let members = kept.chain(changes).filter(|(_, json)| !json.is_empty());
    object(members.map(|(name, json)| (*name, *json)))
}

fn object<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let members: Vec<_> = members.map(|(name, json)| format!("{}:{json}", Value::from(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn members(json: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(json).unwrap()
}

/// One of ours with fields besides, those of its metadata and those of the envelope.
fn ours(metadata: Members<'_>, fields: Members<'_>) -> String {
    let metadata = object(metadata.iter().copied());
    let base = [
        ("id", r#""018f6c9a-0000-7000-8000-000000000016""#),
        ("type", r#""lead.created""#),
        ("version", r#""1.2.0""#),
        ("tenantId", r#""acme""#),
        ("userId", r#""auth0|5f7c8ec7""#),
        ("timestamp", r#""2025-09-14T10:15:30.123Z""#),
        ("metadata", metadata.as_str()),
        ("data", r#"{"score":75}"#),
    ];
    let kept = base.iter().filter(|(name, _)| !fields.iter().any(|(changed, _)| changed == name));
    object(kept.chain(fields).filter(|(_, json)| !json.is_empty()).copied())
}

/// The rules for attributes, as a schema of this test's own.
static CONFORMING: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let text = json!({"type": "string", "minLength": 1});
    let schema = json!({
        "required": ["specversion", "id", "source", "type", "tenantid", "data"],
        "propertyNames": {"pattern": "^[a-z0-9]+$"},
        "properties": {
            "specversion": {"const": "1.0"}, "id": text, "type": text, "subject": text, "tekupenvelope": text,
            "tenantid": text, "userid": text, "correlationid": text, "causationid": text, "traceparent": text,
            "source": {"type": "string", "format": "uri-reference", "minLength": 1},
            "dataschema": {"type": "string", "format": "uri", "minLength": 1},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"type": "string", "pattern": "^[^/;]+/([^/;]+[+])?json *(;.*)?$"},
            "data": true,
        },
        "additionalProperties": {
            "type": ["string", "boolean", "integer"], "minimum": i32::MIN, "maximum": i32::MAX,
            "pattern": "^[^\\x{0}-\\x{1f}\\x{7f}-\\x{9f}\\x{fdd0}-\\x{fdef}\\x{fffe}\\x{ffff}]*$",
        },
    });
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
});

/// Writes one of ours, holds the CloudEvent to the rules, and reads it back.
fn there_and_back(json: &str) -> (String, RawEvent) {
    let event = RawEvent::parse(json.to_owned()).unwrap();
    let written = cloudevents::write(&event).unwrap();
    let document: Value = serde_json::from_str(&written).unwrap();
    let broken: Vec<_> = CONFORMING.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(broken.is_empty(), "{written}\n{broken:?}");
    let held = document["tekupenvelope"].as_str().unwrap_or_default();
    assert!(!held.contains(char::is_control), "{held:?}");
    let back = cloudevents::read(&written).map_err(|error| format!("{json}\n{written}\n{error}")).unwrap();
    assert_eq!(back.json(), event.json());
    (written, back)
}

fn assert_comes_back(json: &str) {
    let (written, back) = there_and_back(json);
    let (was, is): (Value, Value) =
        (serde_json::from_str(json).unwrap(), serde_json::from_slice(back.bytes()).unwrap());
    assert_eq!(is, was, "{written}");
}

#[test]
fn every_event_of_the_typescript_package_comes_back_as_it_was() {
    let envelopes: Vec<Value> = common::envelopes().into_values().collect();
    assert_eq!(envelopes.len(), 19);
    let more: Vec<Value> = serde_json::from_str(include_str!("../../core/tests/vectors/typescript-more.json")).unwrap();
    assert_eq!(more.len(), 6);
    let more = more.iter().map(|case| &case["envelope"]);
    envelopes.iter().chain(more).for_each(|envelope| assert_comes_back(&envelope.to_string()));
}

#[test]
fn every_field_of_whatever_name_and_value_comes_back_as_it_was() {
    let names = [
        "specversion",
        "source",
        "subject",
        "datacontenttype",
        "dataschema",
        "time",
        "tenantid",
        "userid",
        "data_base64",
        "correlationid",
        "causationid",
        "correlationId",
        "parentEventId",
        "traceparent",
        "tracestate",
        "tekupenvelope",
        "region",
        "retry2",
        "9lives",
        "sessionId",
        "batch-id",
        "æ",
        "",
        "a\u{7f}b",
        "sevenandtwentycharacters",
    ];
    let values = [
        r#""plain""#,
        r#""""#,
        r#""æ日本""#,
        r#""a\nb""#,
        "\"a\u{7f}b\u{fffe}\u{1fffe}\"",
        r#""a\u0085b""#,
        "true",
        "0",
        "-2147483648",
        "2147483648",
        "9007199254740993",
        "1.10",
        "1e2",
        "null",
        "[]",
        "{ \n\t\"a\": [1,\r\n2] }",
        r#""/a b""#,
        r#""/a%20b?c=d#e""#,
        r#""/a%2""#,
        r#""https://example.com/s""#,
        r#""urn:tekup:tenant:acme""#,
        r#""urn:tekup:tenant:other""#,
        r#""urn:tekup:event:lead.created:1.0.0""#,
        r#""urn:tekup:event:lead.created:1.2.0""#,
        r#""urn:tekup:event:lead.created:x""#,
        r#""application/json""#,
        r#""application/vnd.a+json; charset=utf-8""#,
        r#""application/xml""#,
        r#""00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01""#,
        r#""2025-09-14T10:15:30.123Z""#,
    ];
    for (name, value) in names.iter().flat_map(|name| values.iter().map(move |value| (*name, *value))) {
        for version in ["", "null", r#""1.0.0""#, r#""2.0.0-rc.1+b""#] {
            assert_comes_back(&ours(&[], &[(name, value), ("version", version)]));
        }
        assert_comes_back(&ours(&[(name, value)], &[]));
        assert_comes_back(&ours(&[(name, value)], &[(name, r#""other""#)]));
        assert_comes_back(&ours(&[(name, r#""other""#)], &[(name, value)]));
    }
}

#[test]
fn what_is_null_or_empty_or_absent_comes_back_so() {
    for value in ["", "null"] {
        for name in ["userId", "metadata", "version"] {
            assert_comes_back(&ours(&[], &[(name, value)]));
            assert_comes_back(&ours(&[], &[(name, value), ("traceparent", r#""00-4bf9""#)]));
        }
    }
    for data in ["null", "[]", "\"text\"", "1.5", "false"] {
        assert_comes_back(&ours(&[], &[("data", data)]));
    }
}

#[test]
fn a_time_is_written_as_it_stands() {
    for time in ["2025-09-14T12:15:30+02:00", "2025-09-14t10:15:30.25z", "2025-09-14T10:15:30.123456Z"] {
        let json = ours(&[], &[("timestamp", &format!("\"{time}\""))]);
        let (written, back) = there_and_back(&json);
        assert_eq!(members(&written)["time"], time);
        assert_eq!(back.envelope(), RawEvent::parse(json).unwrap().envelope());
    }
}

#[test]
fn half_of_a_surrogate_pair_comes_back_though_no_string_can_hold_it() {
    let json = ours(&[("odd", r#""\udead""#)], &[("odd", r#""\ud800x""#), ("data", r#"["\udc00"]"#)]);
    let event = RawEvent::parse(json).unwrap();
    let back = cloudevents::read(cloudevents::write(&event).unwrap()).unwrap();
    assert_eq!((back.envelope(), back.json()), (event.envelope(), event.json()));
}

#[test]
fn no_number_and_no_space_of_the_data_changes() {
    let data = r#"{"long":12345678901234567890123, "price":1.10, "e":1E+2,  "twice":1,"twice":2}"#;
    let (written, back) = there_and_back(&ours(&[], &[("data", data)]));
    assert!(written.ends_with(&format!(r#""data":{data}}}"#)), "{written}");
    assert_eq!(back.json(), data);
    let read = cloudevents::read(foreign(&[("data", data)])).unwrap();
    assert_eq!(read.json(), data);
}

#[test]
fn each_field_is_held_by_its_attribute() {
    let table: [(Members<'_>, Members<'_>, &str, Value); 16] = [
        (&[], &[], "source", json!("urn:tekup:tenant:acme")),
        (&[], &[("tenantId", r#""a@b.example""#)], "source", json!("urn:tekup:tenant:a@b.example")),
        (&[], &[], "dataschema", json!("urn:tekup:event:lead.created:1.2.0")),
        (&[], &[("version", "")], "dataschema", Value::Null),
        (&[], &[], "datacontenttype", json!("application/json")),
        (&[], &[], "userid", json!("auth0|5f7c8ec7")),
        (&[], &[("timestamp", r#""2025-09-14T12:15:30+02:00""#)], "time", json!("2025-09-14T12:15:30+02:00")),
        (&[("correlationId", r#""c-1""#)], &[], "correlationid", json!("c-1")),
        (&[("parentEventId", r#""e-1""#)], &[], "causationid", json!("e-1")),
        (&[("traceparent", r#""00-1""#)], &[("traceparent", r#""00-2""#)], "traceparent", json!("00-1")),
        (&[], &[("traceparent", r#""00-2""#)], "traceparent", json!("00-2")),
        (&[], &[("subject", r#""lead-1""#)], "subject", json!("lead-1")),
        (&[], &[("retries", "3")], "retries", json!(3)),
        (&[("correlationId", r#""c-1""#)], &[("retries", "3")], "tekupenvelope", Value::Null),
        (&[("sessionId", r#""s-1""#)], &[], "tekupenvelope", json!(r#"{"metadata":{"sessionId":"s-1"}}"#)),
        (&[], &[("traceparent", r#""00-2""#), ("metadata", "")], "tekupenvelope", json!(r#"{"traceparent":"00-2"}"#)),
    ];
    for (metadata, fields, attribute, value) in table {
        let (written, _) = there_and_back(&ours(metadata, fields).replace(r#""metadata":{},"#, ""));
        assert_eq!(members(&written).get(attribute).unwrap_or(&Value::Null), &value, "{written}");
    }
}

#[test]
fn a_foreign_event_goes_out_again_as_it_came_in() {
    let table: [Members<'_>; 12] = [
        &[
            ("comexampleextension1", r#""value""#),
            ("comexampleothervalue", "5"),
            ("datacontenttype", r#""application/json""#),
        ],
        &[("subject", r#""larger-context""#), ("flag", "false"), ("least", "-2147483648"), ("empty", r#""""#)],
        &[("datacontenttype", r#""Application/Vnd.Example+JSON; charset=utf-8""#)],
        &[("datacontenttype", r#""text/json""#), ("data", "1.5")],
        &[("dataschema", r#""https://example.com/schemas/some.json""#), ("data", r#""I'm just a string""#)],
        &[("dataschema", r#""urn:tekup:event:com.example.someevent:2.1.0""#)],
        &[("dataschema", r#""urn:tekup:event:other.event:2.1.0""#)],
        &[("source", r#""urn:tekup:tenant:acme""#), ("userid", r#""user-1""#)],
        &[("source", r#""1-555-123-4567""#), ("data", "[1, 2.50]")],
        &[("correlationid", r#""txn-abc-123""#), ("causationid", r#""order-123""#)],
        &[
            ("traceparent", r#""00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01""#),
            ("tracestate", r#""rojo=1""#),
        ],
        &[("time", r#""2018-04-05T19:31:00.123456+02:00""#), ("id", r#""018F6C9A-0000-7000-8000-000000000016""#)],
    ];
    for changes in table {
        let json = foreign(changes);
        let mut came_in = members(&json);
        // Absent says the same by the specification.
        came_in.entry("datacontenttype".into()).or_insert("application/json".into());
        let event = cloudevents::read(&json).unwrap();
        assert_eq!(members(&cloudevents::write(&event).unwrap()), came_in);
    }
}

#[test]
fn a_foreign_event_is_one_of_ours() {
    let schema = r#""https://example.com/some.json""#;
    let read = |changes: Members<'_>| -> Value {
        serde_json::from_slice(cloudevents::read(foreign(changes)).unwrap().bytes()).unwrap()
    };
    let expected = json!({"id": "018f6c9a-0000-7000-8000-000000000016", "type": "com.example.someevent", "tenantId": "acme",
        "timestamp": "2018-04-05T17:31:00Z", "source": "/mycontext", "data": {"appinfo": 1}});
    assert_eq!(read(&[]), expected);
    assert_eq!(read(&[("dataschema", schema)])["dataschema"], "https://example.com/some.json");
    let event = cloudevents::read(foreign(&[("dataschema", schema)])).unwrap();
    assert_eq!(event.envelope().version.to_string(), "1.0.0");
    assert_eq!(read(&[("dataschema", r#""urn:tekup:event:com.example.someevent:2.1.0""#)])["version"], "2.1.0");
    let traced = read(&[("traceparent", r#""00-1""#), ("causationid", r#""e-1""#), ("subject", r#""s""#)]);
    assert_eq!(traced["metadata"], json!({"traceparent": "00-1", "parentEventId": "e-1"}));
    assert_eq!(traced["subject"], "s");
}

/// Each row: the rule, an event to which it speaks, and what is told; nothing if it is read.
#[test]
fn the_rules_of_the_specification_and_of_the_bus_are_kept() {
    const ID: &str = r#""018f6c9a-0000-7000-8000-000000000016""#;
    let table: [(&str, Members<'_>, &str); 77] = [
        (
            "core 3.1 naming: `[a-z0-9]` alone",
            &[("comExample", "1")],
            "`comExample` is no name of an attribute: use lower-case",
        ),
        ("core 3.1 naming", &[("com_example", "1")], "`com_example` is no name of an attribute"),
        ("core 3.1 naming", &[("com-example", "1")], "`com-example` is no name of an attribute"),
        ("core 3.1 naming", &[("tenantId", "1")], "`tenantId` is no name of an attribute"),
        ("core 3.1 naming", &[("æ", "1")], "`æ` is no name of an attribute"),
        ("core 3.1 naming: at least one character", &[("", "1")], "`` is no name of an attribute"),
        ("core 3.1 naming: should begin with a letter", &[("9lives", "1")], ""),
        ("core 3.1 naming: should not exceed 20 characters", &[("sevenandtwentycharacters", "1")], ""),
        ("core 3.2 types: Boolean", &[("ext", "true")], ""),
        ("core 3.2 types: Integer", &[("ext", "2147483647")], ""),
        ("core 3.2 types: Integer, 32 bits", &[("ext", "2147483648")], "`ext` is a number, and no integer of 32 bits"),
        ("core 3.2 types: Integer, 32 bits", &[("ext", "-2147483649")], "`ext` is a number, and no integer of 32 bits"),
        ("JSON 2.2: the integer component only", &[("ext", "1.0")], "`ext` is a number, and no integer of 32 bits"),
        ("JSON 2.2: the integer component only", &[("ext", "1e3")], "`ext` is a number, and no integer of 32 bits"),
        ("core 3.2 types: no floats", &[("ext", "7.25")], "write it as a string"),
        ("core 3.2 types: no objects", &[("ext", r#"{"s3cret":1}"#)], "`ext` is an object or an array"),
        ("core 3.2 types: no arrays", &[("ext", r#"["s3cret"]"#)], "`ext` is an object or an array"),
        ("core 3.2 types: String", &[("ext", r#""日本""#)], ""),
        ("core 3.2 types: String may be empty", &[("ext", r#""""#)], ""),
        ("core 3.2 types: no control characters", &[("ext", r#""s3cret\n""#)], "`ext` holds U+000A"),
        ("core 3.2 types: no control characters", &[("ext", "\"s3cret\u{7f}\"")], "`ext` holds U+007F"),
        ("core 3.2 types: no control characters", &[("ext", r#""\u009f""#)], "`ext` holds U+009F"),
        ("core 3.2 types: no noncharacters", &[("ext", "\"\u{fdd0}\"")], "`ext` holds U+FDD0"),
        ("core 3.2 types: no noncharacters", &[("ext", r#""\ud83f\udffe""#)], "`ext` holds U+1FFFE"),
        ("core 3.2 types: no lone surrogates", &[("ext", r#""\udead""#)], "`ext` holds half of a surrogate pair"),
        ("core 3.3 id: required", &[("id", "")], "`id` is missing"),
        ("core 3.3 id: non-empty", &[("id", r#""""#)], "`id` is empty"),
        ("core 3.3 id: String", &[("id", "5")], "`id` is no string"),
        (
            "bus: an id is a UUID",
            &[("id", r#""C234-1234-1234""#)],
            "`id` is no UUID: derive one (a UUIDv5) from `source` and `id`",
        ),
        ("bus: an id is not the nil UUID", &[("id", r#""00000000-0000-0000-0000-000000000000""#)], "`id` is no UUID"),
        ("core 3.3 source: required", &[("source", "")], "`source` is missing"),
        ("core 3.3 source: non-empty", &[("source", r#""""#)], "`source` is empty"),
        ("core 3.3 source: URI reference", &[("source", r#""a b""#)], "`source` is no URI reference"),
        ("core 3.3 source: URI reference", &[("source", r#""/%zz""#)], "`source` is no URI reference"),
        ("core 3.3 source: URI reference", &[("source", r#""9:30""#)], "`source` is no URI reference"),
        ("core 3.3 source: URI reference", &[("source", r#""http://[::1]/x#y""#)], ""),
        ("core 3.3 source: URI reference", &[("source", r#""mailto:cncf-wg-serverless@lists.cncf.io""#)], ""),
        ("core 3.3 specversion: required", &[("specversion", "")], "`specversion` is missing: write `1.0`"),
        ("core 3.3 specversion: 1.0", &[("specversion", r#""0.3""#)], "`specversion` is not `1.0`"),
        ("core 3.3 specversion: 1.0", &[("specversion", r#""1.0.2""#)], "`specversion` is not `1.0`"),
        ("core 3.3 specversion: String", &[("specversion", "1.0")], "`specversion` is no string"),
        ("core 3.3 type: required", &[("type", "null")], "`type` is missing"),
        ("core 3.3 type: non-empty", &[("type", r#""""#)], "`type` is empty"),
        ("bus: a type is words", &[("type", r#""com.github.pull_request.opened""#)], "`type` is wrong: event type"),
        ("core 3.4 datacontenttype: absent is JSON", &[("datacontenttype", "null")], ""),
        ("JSON 3.1: `*/json`, whatever its case", &[("datacontenttype", r#""Text/JSON; Charset=utf-8""#)], ""),
        ("JSON 3.1: `*/*+json`", &[("datacontenttype", r#""application/geo+json""#)], ""),
        (
            "core 3.4 datacontenttype: a media type",
            &[("datacontenttype", r#""json""#)],
            "`datacontenttype` is not JSON",
        ),
        (
            "core 3.4 datacontenttype: a media type",
            &[("datacontenttype", r#""/json""#)],
            "`datacontenttype` is not JSON",
        ),
        (
            "core 3.4 datacontenttype: a media type",
            &[("datacontenttype", r#""a/b/json""#)],
            "`datacontenttype` is not JSON",
        ),
        (
            "bus: JSON alone",
            &[("datacontenttype", r#""application/xml""#), ("data", r#""<s3cret/>""#)],
            "the bus carries JSON alone",
        ),
        ("bus: JSON alone", &[("datacontenttype", r#""application/json-seq""#)], "`datacontenttype` is not JSON"),
        ("core 3.4 dataschema: URI", &[("dataschema", r#""/schemas/1""#)], "`dataschema` is no absolute URI"),
        (
            "core 3.4 dataschema: URI",
            &[("dataschema", r#""https://example.com/a b""#)],
            "`dataschema` is no absolute URI",
        ),
        ("core 3.4 dataschema: non-empty", &[("dataschema", r#""""#)], "`dataschema` is empty"),
        ("core 3.4 subject: non-empty", &[("subject", r#""""#)], "`subject` is empty"),
        ("core 3.4 subject: String", &[("subject", "1")], "`subject` is no string"),
        ("core 3.4 time: RFC 3339", &[("time", r#""2018-04-05T17:31:00""#)], "`time` is wrong"),
        ("core 3.4 time: RFC 3339", &[("time", r#""2018-04-05 17:31:00Z""#)], "`time` is wrong: time `"),
        ("core 3.4 time: RFC 3339", &[("time", "\"2018-04-05T17:31:00\u{2212}01:00\"")], "`time` is wrong: time `"),
        ("core 3.4 time: RFC 3339", &[("time", r#""2018-04-05t17:31:00z""#)], ""),
        ("bus: a time", &[("time", "")], "`time` is missing: say when it happened"),
        ("bus: a tenant", &[("tenantid", "")], "`tenantid` is missing: say whose event it is"),
        ("bus: a tenant", &[("tenantid", r#""a:b""#)], "`tenantid` is wrong: tenant `a:b` holds ':'"),
        ("bus: a user", &[("userid", r#""a b""#)], "`userid` is wrong"),
        ("extension: correlationid is non-empty", &[("correlationid", r#""""#)], "`correlationid` is empty"),
        ("extension: traceparent is a String", &[("traceparent", "1")], "`traceparent` is no string"),
        (
            "JSON 2.2: null is absent",
            &[("subject", "null"), ("ext", "null"), ("tekupenvelope", "null"), ("data_base64", "null")],
            "",
        ),
        ("core 3.1: at most once", &[("ext", "1"), ("ext", "2")], "`ext` is there twice"),
        ("JSON 3.1.1: exclusive", &[("data_base64", r#""e30=""#)], "`data` and `data_base64` exclude each other"),
        (
            "JSON 3.1.2: not JSON unless it is said",
            &[("data", ""), ("data_base64", r#""e30=""#)],
            "`data_base64` has no `datacontenttype`",
        ),
        ("bus: names of the envelope's own", &[("version", r#""2""#)], "`version` is taken by the envelope's own"),
        ("bus: names of the envelope's own", &[("timestamp", r#""2""#)], "`timestamp` is taken by the envelope's own"),
        ("bus: names of the envelope's own", &[("metadata", r#""2""#)], "`metadata` is taken by the envelope's own"),
        ("bus: what was written", &[("tekupenvelope", r#""[\"s3cret\"]""#)], "`tekupenvelope` is no JSON object"),
        ("bus: what was written", &[("tekupenvelope", r#"{"s3cret":1}"#)], "`tekupenvelope` is no string"),
        ("core 3.3 id: a UUID in any case", &[("id", ID)], ""),
    ];
    for (rule, changes, told) in table {
        match cloudevents::read(foreign(changes)) {
            Ok(_) => assert!(told.is_empty(), "{rule}: {changes:?} is read"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Undecodable, "{rule}");
                assert_eq!(error.problems().len(), 1, "{rule}: {error}");
                assert!(!told.is_empty() && error.to_string().contains(told), "{rule}: {error}");
                assert!(!error.to_string().contains("s3cret"), "{rule}: {error}");
            }
        }
    }
}

#[test]
fn data_is_null_where_there_is_none() {
    assert_eq!(cloudevents::read(foreign(&[("data", "")])).unwrap().json(), "null");
    assert_eq!(cloudevents::read(foreign(&[("data", "null")])).unwrap().json(), "null");
}

#[test]
fn json_in_base64_is_read_as_what_it_holds() {
    let encoded =
        |json: &str| foreign(&[("data", ""), ("data_base64", json), ("datacontenttype", r#""application/json""#)]);
    assert_eq!(cloudevents::read(encoded(r#""eyAieHl6IjogMS4xMCB9""#)).unwrap().json(), r#"{ "xyz": 1.10 }"#);
    for broken in [r#""czNjcmV0""#, r#""eyA""#, r#""e30=\n""#, r#""_w==""#, r#""/w==""#, "5", r#""""#] {
        let error = cloudevents::read(encoded(broken)).unwrap_err();
        assert_eq!(error.problems().len(), 1, "{error}");
        assert!(error.to_string().starts_with("`data_base64` is no JSON in base64"), "{error}");
    }
}

#[test]
fn all_mistakes_of_one_event_are_told_at_once() {
    let json = r#"{"specversion":"2","id":"7","source":"a b","datacontenttype":"text/xml","camelCase":1,"list":[],"list":[],
        "dataschema":"here","data":1,"data_base64":"e30=","tekupenvelope":"{\"id\":1,\"data\":2,\"a\":1,\"a\":2}"}"#;
    let error = cloudevents::read(json).unwrap_err();
    for told in [
        "`specversion` is not",
        "`id` is no UUID",
        "`source` is no URI",
        "`datacontenttype` is not JSON",
        "`camelCase` is no name",
        "`list` is there twice",
        "`list` is an object or an array",
        "`dataschema` is no absolute URI",
        "exclude each other",
        "`tekupenvelope.id` has a place of its own",
        "`tekupenvelope.data` has",
        "`tekupenvelope.a` is there twice",
        "`type` is missing",
        "`time` is missing",
        "`tenantid` is missing",
    ] {
        assert!(error.problems().iter().any(|problem| problem.contains(told)), "{told}: {error}");
    }
    assert_eq!(error.problems().len(), 15);
    let many: Vec<String> = (0..100).map(|at| format!("X{at}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "1")).collect();
    assert_eq!(cloudevents::read(foreign(&many)).unwrap_err().problems().len(), 20);
}

#[test]
fn what_is_no_event_at_all_is_refused() {
    let table = [
        ("", "a CloudEvent is no JSON object"),
        ("[]", "a CloudEvent is no JSON object"),
        (r#""s3cret""#, "a CloudEvent is no JSON object"),
        (r#"{"s3cret""#, "a CloudEvent is no JSON object: EOF"),
        (r#"{"a":s3cret}"#, "a CloudEvent is no JSON object: expected value"),
        (r#"{} {}"#, "a CloudEvent is no JSON object: trailing characters"),
    ];
    for (json, told) in table {
        let error = cloudevents::read(json).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Undecodable);
        assert!(error.to_string().contains(told) && !error.to_string().contains("s3cret"), "{json}: {error}");
    }
    assert!(cloudevents::read(b"{\"a\":\"\xff\"}").is_err());
    assert!(cloudevents::read(b"{\"\xff\":1}").is_err());
}

#[test]
fn the_limits_of_the_bus_hold_wherever_depth_and_size_come_from() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(cloudevents::read(foreign(&[("data", &deep(63))])).is_ok());
    for levels in [64, 100_000] {
        let in_string = Value::from(format!(r#"{{"a":{}}}"#, deep(levels))).to_string();
        for changes in [("data", deep(levels)), ("tekupenvelope", in_string)] {
            let error = cloudevents::read(foreign(&[(changes.0, &changes.1)])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
        }
    }
    assert!(cloudevents::read(foreign(&[("ext", &deep(100_000))])).is_err());
    let long = format!("\"{}\"", "x".repeat(256 * 1024));
    assert_eq!(cloudevents::read(foreign(&[("data", &long)])).unwrap_err().kind(), ErrorKind::TooLarge);
}

#[test]
fn what_the_rest_says_wins_over_an_attribute_but_not_over_who_and_what_and_when() {
    let rest = |json: Value| Value::from(json.to_string()).to_string();
    let json =
        rest(json!({"version": "3.0.0", "subject": "of the rest", "metadata": {"correlationId": "of the rest"}}));
    let json = foreign(&[
        ("tekupenvelope", &json),
        ("subject", r#""s""#),
        ("correlationid", r#""c""#),
        ("causationid", r#""e""#),
    ]);
    let read: Value = serde_json::from_slice(cloudevents::read(json).unwrap().bytes()).unwrap();
    assert_eq!((&read["version"], &read["subject"]), (&json!("3.0.0"), &json!("of the rest")));
    assert_eq!(read["metadata"], json!({"correlationId": "of the rest", "parentEventId": "e"}));

    for name in ["id", "type", "tenantId", "userId", "timestamp", "data"] {
        let error = cloudevents::read(foreign(&[("tekupenvelope", &rest(json!({name: "s3cret"})))])).unwrap_err();
        let told = format!("`tekupenvelope.{name}` has a place of its own in a CloudEvent: leave it out here");
        assert_eq!(error.problems(), [told]);
    }
    let null = rest(json!({"userId": null}));
    assert!(cloudevents::read(foreign(&[("tekupenvelope", &null)])).is_ok());
    assert!(cloudevents::read(foreign(&[("tekupenvelope", &null), ("userid", r#""user-1""#)])).is_err());
}

#[test]
fn a_broken_rest_is_told_by_its_place_and_without_its_values() {
    let table = [
        (r#""""#, "`tekupenvelope` is empty"),
        (r#""{""#, "`tekupenvelope` is no JSON object: EOF"),
        (r#""{\"a\":s3cret}""#, "`tekupenvelope` is no JSON object: expected value"),
        (r#""{\"a\":1,\"a\":2}""#, "`tekupenvelope.a` is there twice"),
        (r#""{\"metadata\":{\"a\":1,\"a\":2}}""#, "`tekupenvelope.metadata.a` is there twice"),
        (r#""{\"metadata\":\"s3cret\"}""#, "`tekupenvelope` has `metadata` that is no JSON object"),
        (r#""{\"version\":\"s3cret\"}""#, "schema version"),
    ];
    for (json, told) in table {
        let error = cloudevents::read(foreign(&[("tekupenvelope", json)])).unwrap_err();
        assert_eq!(error.problems().len(), 1, "{error}");
        assert!(error.to_string().contains(told), "{json}: {error}");
        assert!(told == "schema version" || !error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn a_trace_that_another_program_adds_on_the_way_is_kept() {
    let (written, _) = there_and_back(&ours(&[("sessionId", r#""s-1""#)], &[]));
    let traced = written.replacen('{', r#"{"traceparent":"00-1","hops":2,"#, 1);
    let read: Value = serde_json::from_slice(cloudevents::read(traced).unwrap().bytes()).unwrap();
    assert_eq!(read["metadata"], json!({"sessionId": "s-1", "traceparent": "00-1"}));
    assert_eq!(read["hops"], 2);
}
