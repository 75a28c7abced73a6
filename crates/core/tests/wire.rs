//! The wire form is the TypeScript package's. `vectors/` holds what that package writes.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tekup_core::{Correlation, Error, ErrorKind, Event, EventBatch, EventId, Pattern, RawEvent, TekupEvent, Timestamp};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[serde(rename_all = "camelCase")]
struct LeadCreated {
    lead_id: String,
    source: String,
    score: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Factor {
    factor: String,
    impact: f64,
    confidence: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[serde(rename_all = "camelCase")]
struct LeadScored {
    lead_id: String,
    previous_score: f64,
    new_score: f64,
    factors: Vec<Factor>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[event(priority = "high")]
struct LeadConverted {
    lead_id: String,
    deal_id: String,
    conversion_value: f64,
    conversion_time: f64,
    touchpoints: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[serde(rename_all = "camelCase")]
struct ContentPublished {
    content_id: String,
    platform: String,
    published_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_for: Option<Timestamp>,
}

fn envelopes() -> BTreeMap<String, Value> {
    serde_json::from_str(include_str!("vectors/typescript-envelopes.json")).unwrap()
}

fn more() -> Vec<(String, Value)> {
    #[derive(Deserialize)]
    struct Case {
        case: String,
        envelope: Value,
    }
    let cases: Vec<Case> = serde_json::from_str(include_str!("vectors/typescript-more.json")).unwrap();
    cases.into_iter().map(|case| (case.case, case.envelope)).collect()
}

fn envelope(event_type: &str) -> Value {
    envelopes().remove(event_type).unwrap()
}

fn parse<T: TekupEvent>(envelope: &Value) -> Result<Event<T>, Error> {
    Event::parse(envelope.to_string())
}

fn written<T: TekupEvent>(event: &Event<T>) -> Value {
    serde_json::from_slice(&event.to_json().unwrap()).unwrap()
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k.clone(), without_nulls(v))).collect()
        }
        other => other.clone(),
    }
}

fn round_trips<T: TekupEvent>() {
    let envelope = envelope(T::TYPE);
    assert_eq!(written(&parse::<T>(&envelope).unwrap()), envelope, "{}", T::TYPE);
    // The other way: parsed whole, decoded when asked.
    let raw = RawEvent::parse(envelope.to_string()).unwrap();
    assert_eq!(written(&raw.decode::<T>().unwrap()), envelope, "{}", T::TYPE);
}

#[test]
fn typed_events_of_the_typescript_package_round_trip_to_equal_json() {
    round_trips::<LeadCreated>();
    round_trips::<LeadScored>();
    round_trips::<LeadConverted>();
    round_trips::<ContentPublished>();
}

#[test]
fn every_event_of_the_typescript_package_is_kept_byte_by_byte() {
    assert_eq!(envelopes().len(), 19);
    for (event_type, envelope) in envelopes() {
        // Neither the order of the fields nor the white space is touched.
        for bytes in [envelope.to_string(), serde_json::to_string_pretty(&envelope).unwrap()] {
            let raw = RawEvent::parse(bytes.clone()).unwrap();
            assert_eq!(raw.bytes(), &bytes);
            assert_eq!(raw.envelope().event_type.as_str(), event_type);
            assert_eq!(serde_json::from_str::<Value>(raw.json()).unwrap(), envelope["data"]);
        }
    }
}

#[test]
fn null_reads_as_absent_and_is_written_as_absent() {
    assert!(!more().is_empty());
    for (case, envelope) in more() {
        let (as_written, dropped) = (parse::<LeadCreated>(&envelope).unwrap(), without_nulls(&envelope));
        let event = parse::<LeadCreated>(&dropped).unwrap();
        assert_eq!(as_written.data, event.data, "{case}");
        assert_eq!(as_written.envelope.user, event.envelope.user, "{case}");
        // Metadata is the publisher's: a null in it is kept.
        let mut expected = dropped;
        if let Some(metadata) = envelope.get("metadata") {
            expected["metadata"] = metadata.clone();
        }
        assert_eq!(written(&as_written), expected, "{case}");
    }
}

#[test]
fn every_optional_field_of_the_envelope_may_be_null() {
    let mut envelope = envelope(LeadCreated::TYPE);
    for field in ["userId", "metadata", "version"] {
        envelope[field] = Value::Null;
    }
    let event = parse::<LeadCreated>(&envelope).unwrap();
    assert_eq!(event.envelope.version.to_string(), "1.0.0");
    assert_eq!(event.envelope.user, None);
    assert!(event.envelope.metadata.is_empty());
}

#[test]
fn cases_beyond_the_usual_are_kept_byte_by_byte() {
    for (case, envelope) in more() {
        let bytes = envelope.to_string();
        let raw = RawEvent::parse(bytes.clone()).unwrap();
        assert_eq!(raw.bytes(), &bytes, "{case}");
        assert!(raw.decode::<LeadCreated>().is_ok(), "{case}");
    }
}

#[test]
fn correlation_of_the_typescript_package_is_understood() {
    let (_, envelope) = more().into_iter().find(|(case, _)| case == "correlation metadata").unwrap();
    let event = parse::<LeadCreated>(&envelope).unwrap();
    assert_eq!(event.envelope.correlation_id(), "e39d2ded-f15e-4737-84d7-0f53a0818a22");
    assert_eq!(event.envelope.cause(), Some("018f6c9a-0000-7000-8000-000000000010".parse().unwrap()));
    assert_eq!(event.envelope.metadata.get::<String>("workflowId").unwrap().as_deref(), Some("wf-1"));
}

#[test]
fn a_correlation_says_what_that_of_the_typescript_package_says() {
    let (_, theirs) = more().into_iter().find(|(case, _)| case == "correlation metadata").unwrap();
    let theirs = parse::<LeadCreated>(&theirs).unwrap();
    let mut cause = parse::<LeadCreated>(&envelope(LeadCreated::TYPE)).unwrap();
    (cause.envelope.id, cause.envelope.metadata) = (theirs.envelope.cause().unwrap(), theirs.envelope.metadata.clone());

    let whole = Correlation::caused_by(&cause.envelope).workflow("wf-1").session("sess-1");
    let mut metadata =
        written(&theirs.data.clone().event("acme").correlated(whole).build().unwrap())["metadata"].take();
    let expected = written(&theirs)["metadata"].take();
    let time = metadata["timestamp"].as_str().unwrap().to_owned();
    assert_eq!(time.parse::<Timestamp>().unwrap().to_string(), time);
    metadata["timestamp"] = expected["timestamp"].clone();
    assert_eq!(metadata, expected);

    let own = Correlation::new();
    let id = own.id().to_owned();
    let begun = theirs.data.event("acme").correlated(own).build().unwrap();
    assert_eq!(begun.envelope.correlation_id(), id);
    assert!(id.parse::<EventId>().is_ok(), "{id} is a UUID, as theirs");
    assert_eq!(begun.envelope.metadata.names().collect::<Vec<_>>(), ["correlationId", "timestamp"]);
}

#[test]
fn a_batch_says_of_itself_what_the_typescript_package_says() {
    let (_, theirs) = more().into_iter().find(|(case, _)| case == "batch metadata").unwrap();
    let lead = || parse::<LeadCreated>(&theirs).unwrap().data;
    let own = lead().event("acme").metadata("row", 7).metadata("batchSize", "mine");
    let batch = EventBatch::of([lead().event("acme"), own]);
    let batch = batch.metadata("batchType", "lead_import").metadata("source", "csv_upload");
    let id = batch.id().to_owned();
    let events: Vec<_> = batch.into_iter().map(|draft| draft.build().unwrap()).collect();

    let mut expected = theirs["metadata"].clone();
    expected["batchId"] = id.into();
    let mut metadata = written(&events[0])["metadata"].clone();
    assert!(metadata["batchTimestamp"].as_str().unwrap().parse::<Timestamp>().is_ok());
    metadata["batchTimestamp"] = expected["batchTimestamp"].clone();
    assert_eq!(metadata, expected);
    let names: Vec<_> = events[0].envelope.metadata.names().collect();
    assert_eq!(names, ["batchType", "source", "batchId", "batchSequence", "batchSize", "batchTimestamp"]);

    let second = written(&events[1])["metadata"].clone();
    assert_eq!((&second["row"], &second["batchSequence"], &second["batchSize"]), (&7.into(), &1.into(), &2.into()));
    assert_eq!(second["batchId"], expected["batchId"]);
}

#[test]
fn a_batch_of_none_is_empty_and_a_field_that_is_no_json_is_a_mistake_of_each_event() {
    assert_eq!(EventBatch::<LeadCreated>::of([]).into_iter().count(), 0);
    let (_, theirs) = more().into_iter().find(|(case, _)| case == "batch metadata").unwrap();
    let lead = || parse::<LeadCreated>(&theirs).unwrap().data.event("acme");
    let batch = EventBatch::of([lead(), lead().user("*")]).metadata("ratio", f64::NAN);
    let problems: Vec<_> = batch.into_iter().map(|draft| draft.build().unwrap_err().problems().len()).collect();
    assert_eq!(problems, [1, 2]);
}

#[test]
fn tenants_and_users_need_not_be_uuids() {
    let uuid = "3f0b7a52-8a51-4a4e-9a3c-5a1d5f0e7c11";
    for (tenant, user) in [("tenant-123", "user-456"), ("acme", "jo@acme.example"), ("42", "7"), (uuid, uuid)] {
        let mut envelope = envelope(LeadCreated::TYPE);
        (envelope["tenantId"], envelope["userId"]) = (tenant.into(), user.into());
        let event = parse::<LeadCreated>(&envelope).unwrap();
        assert_eq!(written(&event), envelope);
        let ours = LeadCreated::create(tenant, user, event.data).build().unwrap();
        assert_eq!(ours.envelope.tenant_context(), event.envelope.tenant_context());
    }
}

#[test]
fn patterns_take_what_the_typescript_package_takes() {
    #[derive(Deserialize)]
    struct Case {
        pattern: String,
        r#type: String,
        matches: bool,
    }
    let cases: Vec<Case> = serde_json::from_str(include_str!("vectors/pattern-matches.json")).unwrap();
    assert!(cases.len() > 100);
    for Case { pattern, r#type, matches } in cases {
        assert_eq!(Pattern::new(&pattern).unwrap().matches(&r#type), matches, "{pattern} on {type}");
    }
}

#[test]
fn what_is_not_known_survives_a_typed_round_trip_as_it_was_written() {
    let data = r#"{"leadId":"l-1","source":"web","score":1}"#;
    let metadata = r#"{"huge":12345678901234567890123,"text":"\u00e6\/","ratio":1.50,"nested":{"b":[1,null],"a":1e2}}"#;
    let unknown = r#""traceparent":"00-4bf9","sequence":98765432109876543210,"exact":1.0,"none":null"#;
    let json = format!(
        r#"{{"id":"018f6c9a-0000-7000-8000-000000000016","type":"lead.created","version":"1.0.0","tenantId":"acme",
            "timestamp":"2025-09-14T10:15:30.123Z",{unknown},"metadata":{metadata},"data":{data}}}"#
    );
    let written = String::from_utf8(Event::<LeadCreated>::parse(&json).unwrap().to_json().unwrap()).unwrap();
    assert!(written.contains(unknown), "{written}");
    assert!(written.contains(metadata), "{written}");
    assert!(written.contains(data), "{written}");
}

#[test]
fn unknown_data_is_ignored_by_a_type_and_kept_in_the_stored_bytes() {
    let mut envelope = envelope(LeadCreated::TYPE);
    envelope["data"]["addedLater"] = json!({ "by": ["a", "newer", "publisher"] });
    let raw = RawEvent::parse(envelope.to_string()).unwrap();
    assert_eq!(raw.decode::<LeadCreated>().unwrap().data.lead_id, "lead-123");
    assert!(raw.json().contains("addedLater"));
}

#[test]
fn a_whole_float_is_written_without_a_fraction() {
    let table = [
        (0.0, "0"),
        (-0.0, "0"),
        (85.0, "85"),
        (-3.0, "-3"),
        (150_000.0, "150000"),
        (4.5, "4.5"),
        (0.1, "0.1"),
        (9_007_199_254_740_991.0, "9007199254740991"),
        (9_007_199_254_740_992.0, "9007199254740992"),
        (1e16, "10000000000000000"),
        (1_152_921_504_606_846_976.0, "1152921504606847000"),
        (-1e20, "-100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (5e-324, "5e-324"),
    ];
    for (score, json) in table {
        let data = LeadCreated { lead_id: "l".into(), source: "s".into(), score, contact_id: None, company_id: None };
        let raw = data.event("acme").build().unwrap().to_raw().unwrap();
        assert_eq!(raw.json(), format!(r#"{{"leadId":"l","source":"s","score":{json}}}"#));
        assert_eq!(raw.decode::<LeadCreated>().unwrap().data.score, score);
    }
}

#[test]
fn times_have_three_decimals_and_a_z_wherever_they_stand() {
    let mut envelope = envelope(ContentPublished::TYPE);
    envelope["timestamp"] = "2025-09-14T12:15:30+02:00".into();
    envelope["data"]["publishedAt"] = "2025-09-14T10:15:30Z".into();
    envelope["data"]["scheduledFor"] = "2025-09-14T10:15:30.123456789Z".into();
    let written = written(&parse::<ContentPublished>(&envelope).unwrap());
    assert_eq!(written["timestamp"], "2025-09-14T10:15:30.000Z");
    assert_eq!(written["data"]["publishedAt"], "2025-09-14T10:15:30.000Z");
    assert_eq!(written["data"]["scheduledFor"], "2025-09-14T10:15:30.123Z");
}

/// One thing wrong with a good envelope, and what the error names.
#[test]
fn what_is_no_event_is_refused_with_the_path_of_what_is_wrong() {
    let table: [(&str, Value, &[&str]); 15] = [
        ("/id", json!("no-uuid"), &["`id`", "is no UUID"]),
        ("/id", json!(7), &["`id`", "expected a string"]),
        ("/id", json!("00000000-0000-0000-0000-000000000000"), &["`id`", "nil"]),
        ("/type", json!("Lead Created"), &["`type`", "event type `Lead Created` holds 'L'"]),
        ("/tenantId", json!(""), &["`tenantId`", "empty"]),
        ("/tenantId", json!(null), &["`tenantId`"]),
        ("/userId", json!(["u"]), &["`userId`", "expected a string"]),
        ("/version", json!("1.0"), &["`version`", "schema version `1.0` is no version"]),
        (
            "/timestamp",
            json!("yesterday"),
            &["`timestamp`", "time is no RFC 3339 time with a zone: write one like 2025-"],
        ),
        ("/timestamp", json!("2025-02-30T10:15:30.123Z"), &["`timestamp`", "no RFC 3339 time"]),
        ("/metadata", json!("text"), &["`metadata`", "expected an object"]),
        ("/data", json!(null), &["`data`"]),
        ("/data/leadId", json!(7), &["`data.leadId`", "expected a string"]),
        ("/data/factors/1/impact", json!("much"), &["`data.factors[1].impact`", "expected f64"]),
        ("/data/factors/0/confidence", json!(null), &["`data.factors[0].confidence`", "expected f64"]),
    ];
    for (pointer, wrong, told) in table {
        let mut envelope = envelope(LeadScored::TYPE);
        envelope["metadata"] = json!({});
        *envelope.pointer_mut(pointer).unwrap() = wrong;
        refused(parse::<LeadScored>(&envelope), pointer, told);
        if !pointer.starts_with("/data") {
            refused(RawEvent::parse(envelope.to_string()), pointer, told);
        }
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, place: &str, told: &[&str]) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable, "{place}: {error}");
    assert!(!error.is_retryable());
    assert!(told.iter().all(|told| error.to_string().contains(told)), "{place}: {error}");
}

#[test]
fn a_missing_field_is_named_with_where_it_is_missing() {
    for field in ["id", "type", "tenantId", "timestamp", "data"] {
        let mut envelope = envelope(LeadScored::TYPE);
        envelope.as_object_mut().unwrap().remove(field);
        let told: &[&str] = &[&format!("missing field `{field}`")];
        refused(parse::<LeadScored>(&envelope), field, told);
        refused(RawEvent::parse(envelope.to_string()), field, told);
    }
    let mut envelope = envelope(LeadScored::TYPE);
    envelope["data"].as_object_mut().unwrap().remove("leadId");
    refused(parse::<LeadScored>(&envelope), "leadId", &["`data`", "missing field `leadId`"]);
    let raw = RawEvent::parse(envelope.to_string()).unwrap();
    refused(raw.decode::<LeadScored>(), "leadId", &["missing field `leadId`"]);
}

#[test]
fn data_of_the_wrong_type_is_refused_with_its_path_when_it_is_decoded() {
    let mut envelope = envelope(LeadScored::TYPE);
    envelope["data"]["factors"][1]["impact"] = json!("much");
    let raw = RawEvent::parse(envelope.to_string()).unwrap();
    refused(raw.decode::<LeadScored>(), "impact", &["`factors[1].impact`", "expected f64"]);
}

#[test]
fn what_is_no_json_is_refused() {
    let whole = envelope(LeadCreated::TYPE).to_string();
    let cut = &whole[..whole.len() - 1];
    for text in ["", "null", "7", "[]", "{", cut, &format!("{whole}x"), &format!("{whole}{whole}"), "\u{feff}{}"] {
        assert_eq!(RawEvent::parse(text.to_owned()).unwrap_err().kind(), ErrorKind::Undecodable, "{text}");
        assert_eq!(Event::<LeadCreated>::parse(text).unwrap_err().kind(), ErrorKind::Undecodable, "{text}");
    }
    let mut invalid = whole.into_bytes();
    let at = invalid.iter().position(|byte| *byte == b'l').unwrap();
    invalid[at] = 0xff;
    assert_eq!(Event::<LeadCreated>::parse(&invalid).unwrap_err().kind(), ErrorKind::Undecodable);
    assert_eq!(RawEvent::parse(invalid).unwrap_err().kind(), ErrorKind::Undecodable);
}

#[test]
fn ten_thousand_levels_of_nesting_are_refused_wherever_they_stand() {
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for field in ["data", "metadata", "id", "userId", "unknown"] {
        let mut envelope = envelope(LeadCreated::TYPE);
        envelope[field] = json!("NESTED");
        let json = envelope.to_string().replace("\"NESTED\"", &nested);
        assert_eq!(RawEvent::parse(json.clone()).unwrap_err().kind(), ErrorKind::TooLarge, "{field}");
        // Typed, an unknown field is carried and never walked; all others have no such shape.
        let typed = Event::<LeadCreated>::parse(&json);
        match field {
            "unknown" => assert_eq!(typed.unwrap().to_raw().unwrap_err().kind(), ErrorKind::TooLarge),
            _ => assert_eq!(typed.unwrap_err().kind(), ErrorKind::Undecodable, "{field}"),
        }
    }
}

#[test]
fn data_of_any_shape_is_decoded_to_the_depth_that_is_safe() {
    #[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "any.thing")]
    struct Anything(Value);
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let envelope = |data: &str| {
        let mut envelope = envelope(LeadCreated::TYPE);
        (envelope["type"], envelope["data"]) = (json!("any.thing"), json!("NESTED"));
        envelope.to_string().replace("\"NESTED\"", data)
    };
    assert!(Event::<Anything>::parse(envelope(&nested(63))).is_ok());
    assert!(RawEvent::parse(envelope(&nested(63))).is_ok());
    assert!(RawEvent::parse(envelope(&nested(64))).is_err());
    refused(Event::<Anything>::parse(envelope(&nested(10_000))), "data", &["`data", "recursion limit"]);
}

#[test]
fn of_a_field_that_comes_twice_the_later_one_counts() {
    let whole = envelope(LeadCreated::TYPE).to_string();
    let doubled = whole.replacen('{', r#"{"tenantId":"first","spare":1,"spare":2,"#, 1);
    let event = Event::<LeadCreated>::parse(&doubled).unwrap();
    assert_eq!(event.envelope.tenant.as_str(), "3f0b7a52-8a51-4a4e-9a3c-5a1d5f0e7c11");
    assert_eq!(written(&event)["spare"], 2);
}

#[test]
fn an_error_holds_nothing_of_the_data() {
    let mut envelope = envelope(LeadScored::TYPE);
    envelope["data"]["newScore"] = json!("s3cret\u{1b}[2J");
    let typed = parse::<LeadScored>(&envelope).unwrap_err();
    let raw = RawEvent::parse(envelope.to_string()).unwrap().decode::<LeadScored>().unwrap_err();
    for error in [typed, raw] {
        let everything = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
        assert!(!everything.contains("s3cret"), "{everything}");
        assert!(error.to_string().contains("newScore`: invalid type: string, expected f64"), "{error}");
    }

    #[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "lead.scored")]
    struct LeadScoredAt {
        at: Timestamp,
    }
    envelope["data"] = json!({"at": "s3cret"});
    let error = parse::<LeadScoredAt>(&envelope).unwrap_err();
    let everything = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
    assert!(!everything.contains("s3cret"), "{everything}");
    assert!(error.to_string().contains("`data.at`: time is no RFC 3339 time with a zone"), "{error}");
}
