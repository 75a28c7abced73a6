//! The nineteen events of the product, held to their schemas.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use common::{envelopes, nineteen};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tekup_contracts::{Registry, Validation};
use tekup_core::{Error, ErrorKind, RawEvent, Schemas, TekupEvent, UnknownValue};

/// What is told of an event with one value of its data changed.
fn told(event_type: &str, pointer: &str, value: Value) -> Vec<String> {
    let mut envelope = envelopes()[event_type].clone();
    *envelope.pointer_mut(&format!("/data{pointer}")).unwrap() = value;
    let checked = Validation::of(&nineteen()).unwrap().check(&RawEvent::parse(envelope.to_string()).unwrap());
    checked.err().map(|error| error.problems().to_vec()).unwrap_or_default()
}

#[test]
fn every_event_as_typescript_writes_it_keeps_its_schema() {
    let (validation, envelopes) = (Validation::of(&nineteen()).unwrap(), envelopes());
    assert_eq!(envelopes.len(), 19);
    assert_eq!(nineteen().newest().count(), 19);
    for (event_type, envelope) in envelopes {
        let event = RawEvent::parse(envelope.to_string()).unwrap();
        assert!(validation.knows(&event.envelope().event_type, &event.envelope().version), "{event_type}");
        validation.check(&event).unwrap();
    }
}

#[test]
fn every_schema_has_an_example_that_keeps_it() {
    let validation = Validation::of(&nineteen()).unwrap();
    for contract in nineteen().newest() {
        assert_eq!(contract.reads["examples"], contract.writes["examples"]);
        let examples = contract.reads["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{}", contract.event_type);
        for example in examples {
            let mut envelope = envelopes()[contract.event_type.as_str()].clone();
            envelope["data"] = example.clone();
            validation.check(&RawEvent::parse(envelope.to_string()).unwrap()).unwrap();
            let shown: Vec<_> = example.as_object().unwrap().keys().collect();
            let fields: Vec<_> = contract.reads["properties"].as_object().unwrap().keys().collect();
            assert_eq!(shown, fields, "`{}` has fields that its example leaves out", contract.event_type);
        }
    }
}

#[test]
fn what_breaks_a_rule_is_told_by_path_and_rule_and_without_the_value() {
    let table = [
        ("proposal.created", "/confidence", json!(1.5), "`data.confidence` breaks `maximum`"),
        ("proposal.created", "/proposalId", json!(""), "`data.proposalId` breaks `minLength`"),
        ("buying-signal.detected", "/signalType", json!("s3cret"), "`data.signalType` breaks `anyOf`"),
        ("content.published", "/publishedAt", json!("2025-09-14T09:00:00"), "`data.publishedAt` breaks `format`"),
        ("content.generated", "/wordCount", json!(-1), "`data.wordCount` breaks `minimum`"),
        ("content.generated", "/wordCount", json!(1.5), "`data.wordCount` breaks `type`"),
        ("content.generated", "/wordCount", json!(1200.0), "`data.wordCount` breaks `format`: value is no uint"),
        ("image.analyzed", "/objects/0/bbox", json!([1, 2, 3]), "`data.objects[0].bbox` breaks `minItems`"),
        ("image.analyzed", "/objects/0/confidence", json!("s3cret"), "`data.objects[0].confidence` breaks `type`"),
        ("report.generated", "/metrics", json!({"revenue": "s3cret"}), "`data.metrics.revenue` breaks `type`"),
        ("report.generated", "/metrics", json!({"0": "s3cret"}), "`data.metrics.0` breaks `type`"),
        ("lead.converted", "/touchpoints", json!([1]), "`data.touchpoints[0]` breaks `type`"),
    ];
    for (event_type, pointer, value, expected) in table {
        let problems = told(event_type, pointer, value);
        assert!(problems.iter().any(|told| told.starts_with(expected)), "{expected}: {problems:?}");
        assert!(problems.iter().all(|told| !told.contains("s3cret")), "{problems:?}");
    }
}

#[test]
fn a_whole_number_of_any_size_that_its_type_holds_is_kept() {
    assert!(told("content.generated", "/wordCount", json!(9_007_199_254_740_993_u64)).is_empty());
    assert!(told("content.generated", "/wordCount", json!(u64::MAX)).is_empty());
}

#[test]
fn a_type_or_major_that_is_unknown_is_let_through() {
    let validation = Validation::of(&nineteen()).unwrap();
    let mut envelope = envelopes()["lead.created"].clone();
    envelope["data"] = json!({});
    for (field, value) in [("type", "lead.lost"), ("version", "2.0.0")] {
        let mut other = envelope.clone();
        other[field] = value.into();
        validation.check(&RawEvent::parse(other.to_string()).unwrap()).unwrap();
    }
}

#[test]
fn a_name_that_is_there_twice_is_told_by_its_path() {
    let table = [
        (r#""leadId":"#, r#""leadId":"a","leadId":"#, "`data.leadId` is there twice"),
        (r#""version":"#, r#""version":"1.1.0","version":"#, "`version` is there twice"),
        (r#""version":"#, r#""metadata":{"source":1,"source":2},"version":"#, "`metadata.source` is there twice"),
    ];
    let validation = Validation::of(&nineteen()).unwrap();
    for (written, twice, told) in table {
        let json = envelopes()["lead.created"].to_string().replacen(written, twice, 1);
        let error = validation.check(&RawEvent::parse(json).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "session.started", version = "1.1.0")]
struct SessionStarted {
    channel: Channel,
    through: Option<Vec<Channel>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Channel {
    /// A talk in writing.
    Chat,
    #[serde(untagged)]
    Unknown(UnknownValue),
}

/// An event as somebody else wrote it.
fn foreign(event_type: &str, version: &str, data: &str) -> RawEvent {
    let head =
        r#""id":"018f6c9a-0000-7000-8000-000000000016","tenantId":"acme","timestamp":"2025-09-14T10:15:30.123Z""#;
    RawEvent::parse(format!(r#"{{{head},"type":"{event_type}","version":"{version}","data":{data}}}"#)).unwrap()
}

#[test]
fn a_newer_version_may_say_what_a_set_that_keeps_unknown_values_does_not_list_as_typed_readers_take_it() {
    let validation = Validation::of(&Registry::of([("chat", vec![SessionStarted::descriptor()])]).unwrap()).unwrap();
    let new = r#"{"channel":"hologram","through":["chat","pigeon"]}"#;
    let table = [
        ("1.0.0", new, false),
        ("1.1.0", new, false),
        ("1.1.1", new, true),
        ("1.2.0", new, true),
        ("1.2.0", r#"{"channel":1}"#, false),
        ("1.2.0", r#"{"channel":"chat","through":"chat"}"#, false),
        ("1.2.0", "{}", false),
        ("1.0.0", r#"{"channel":"chat","through":["chat"]}"#, true),
    ];
    for (version, data, is_kept) in table {
        let event = foreign("session.started", version, data);
        let checked = validation.check(&event);
        assert_eq!(checked.is_ok(), is_kept, "{version} {data}: {checked:?}");
        assert!(!is_kept || event.decode::<SessionStarted>().is_ok(), "{version} {data}");
    }
}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "stock.counted")]
struct StockCounted<T> {
    #[serde(rename = "of")]
    count: T,
}

/// The numbers of which the schema says otherwise than serde.
fn disagreements<T: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static>() -> Vec<String> {
    let numbers = [
        "0",
        "-0",
        "-0.0",
        "1",
        "1.0",
        "1.5",
        "1200.0",
        "1e3",
        "1E+2",
        "-1",
        "-1.0",
        "127",
        "128",
        "-128",
        "-129",
        "255",
        "256",
        "65535",
        "65536",
        "-32769",
        "2147483648",
        "-2147483649",
        "4294967296",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "170141183460469231731687303715884105727",
        "340282366920938463463374607431768211455",
        "1e30",
        "1e40",
        "\"1\"",
        "null",
    ];
    let validation = Validation::of(&Registry::of([("shop", vec![StockCounted::<T>::descriptor()])]).unwrap()).unwrap();
    let disagrees = |number: &&str| {
        let event = foreign("stock.counted", "1.0.0", &format!(r#"{{"of":{number}}}"#));
        validation.check(&event).is_ok() != event.decode::<StockCounted<T>>().is_ok()
    };
    numbers.into_iter().filter(disagrees).map(String::from).collect()
}

#[test]
fn the_schema_takes_the_numbers_that_serde_takes() {
    macro_rules! agree {
        ($($value:ty),* => $but_for:expr) => {$(
            assert_eq!(disagreements::<$value>(), $but_for, stringify!($value));
            assert_eq!(disagreements::<Option<$value>>(), $but_for, "Option<{}>", stringify!($value));
        )*};
    }
    agree!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize => [""; 0]);
    agree!(std::num::NonZeroU8, std::num::NonZeroU64, std::num::NonZeroI32 => [""; 0]);
    agree!(f64, bool, String => [""; 0]);
    // Read as floats, like what was written as one.
    agree!(u128 => ["1e30"]);
    agree!(i128 => ["-0", "1e30"]);
}

#[test]
fn a_number_that_does_not_fit_is_told_once_with_what_to_write() {
    let validation = Validation::of(&Registry::of([("shop", vec![StockCounted::<u64>::descriptor()])]).unwrap());
    let (validation, writes) = (validation.unwrap(), "write a whole number from 0 to 18446744073709551615");
    let table = [
        ("1e3", format!("`data.of` breaks `format`: value is no uint64: {writes}, without a fraction or an exponent")),
        ("-1", "`data.of` breaks `minimum`: value is less than the minimum of 0".into()),
        ("1.5", r#"`data.of` breaks `type`: value is not of type "integer""#.into()),
    ];
    for (number, told) in table {
        let event = foreign("stock.counted", "1.0.0", &format!(r#"{{"of":{number}}}"#));
        assert_eq!(validation.problems(&event), [told], "{number}");
    }
}

#[test]
fn of_many_mistakes_some_are_told_and_the_rest_is_counted_up_to_a_limit() {
    let validation = Validation::of(&nineteen()).unwrap();
    let table = [
        (20, 20, None, None),
        (57, 21, Some("and 37 more"), None),
        (1_000, 21, Some("and 980 more"), None),
        (1_001, 21, Some("and more than 980 more"), Some("and more: mend these first")),
        (50_000, 21, Some("and more than 980 more"), Some("and more: mend these first")),
    ];
    for (mistakes, told, last, last_of_all) in table {
        let mut envelope = envelopes()["lead.converted"].clone();
        envelope["data"]["touchpoints"] = vec![1; mistakes].into();
        let event = RawEvent::parse(envelope.to_string()).unwrap();
        let is_last = |told: &[String], last: Option<&str>| last.is_none_or(|last| told.last().unwrap() == last);

        let error: Error = validation.check(&event).unwrap_err();
        assert_eq!(error.problems().len(), told, "{mistakes}");
        assert!(is_last(error.problems(), last), "{mistakes}: {error}");

        let all = validation.problems(&event);
        assert_eq!(all.len(), mistakes.min(1_001), "{mistakes}");
        assert!(is_last(&all, last_of_all), "{mistakes}");
    }
}

#[test]
fn a_type_is_recorded_though_only_another_version_of_it_says_so() {
    #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "account.closed", version = "1.0.0")]
    struct Before {}

    #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "account.closed", version = "2.0.0", audit)]
    struct After {}

    let registry = Registry::of([("accounts", vec![Before::descriptor(), After::descriptor()])]).unwrap();
    let validation = Validation::of(&registry).unwrap();
    assert!(validation.audits(&"account.closed".parse().unwrap()));
    assert!(!validation.audits(&"account.opened".parse().unwrap()));
    assert!(!Validation::of(&nineteen()).unwrap().audits(&"lead.created".parse().unwrap()));
}
