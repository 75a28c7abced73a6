//! What `#[derive(TekupEvent)]` makes of a struct. What it says of a mistake is in `ui/fail`.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tekup_core::{Event, EventType, Priority, SchemaVersion, TekupEvent};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[serde(rename_all = "camelCase")]
struct LeadCreated {
    lead_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_id: Option<String>,
}

impl LeadCreated {
    fn sample() -> Self {
        Self { lead_id: "l-1".into(), company_id: None }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.changed", version = "2.3.4")]
#[event(priority = "critical")]
struct Changed<T> {
    before: Option<T>,
    after: T,
}

/// The event that comes out of its own wire form.
fn round_trip<T: TekupEvent>(data: T) -> Event<T> {
    data.event("acme").build().unwrap().to_raw().unwrap().decode().unwrap()
}

#[test]
fn without_an_attribute_an_event_is_named_by_its_struct_and_has_the_defaults() {
    assert_eq!(LeadCreated::TYPE, "lead.created");
    assert_eq!(LeadCreated::VERSION, "1.0.0");
    assert_eq!(LeadCreated::PRIORITY, Priority::Medium);
}

#[test]
fn several_attributes_are_read_as_one() {
    assert_eq!(Changed::<u8>::TYPE, "lead.changed");
    assert_eq!(Changed::<u8>::VERSION, "2.3.4");
    assert_eq!(Changed::<u8>::PRIORITY, Priority::Critical);
}

#[test]
fn an_event_is_audited_where_it_says_so_and_in_whatever_place() {
    #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "account.closed", audit, version = "1.1.0")]
    struct Closed {}
    #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(audit)]
    #[event(priority = "low")]
    struct AccountOpened {}
    assert_eq!((Closed::AUDIT, Closed::TYPE, Closed::VERSION), (true, "account.closed", "1.1.0"));
    assert!(AccountOpened::AUDIT && AccountOpened::descriptor().audit);
    assert!(!LeadCreated::AUDIT && !LeadCreated::descriptor().audit);
}

#[test]
fn every_priority_can_be_written() {
    macro_rules! priority_of {
        ($text:literal) => {{
            #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
            #[event(priority = $text)]
            struct LeadCreated {}
            LeadCreated::PRIORITY
        }};
    }
    assert_eq!(priority_of!("low"), Priority::Low);
    assert_eq!(priority_of!("medium"), Priority::Medium);
    assert_eq!(priority_of!("high"), Priority::High);
    assert_eq!(priority_of!("critical"), Priority::Critical);
}

#[test]
fn events_can_be_made_by_a_macro_of_ones_own() {
    macro_rules! event {
        ($name:ident, $event_type:expr, { $($field:ident: $of:ty),* }) => {
            #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
            #[event(type = $event_type)]
            struct $name { $($field: $of),* }
        };
    }
    event!(Made, "lead.made", { score: f64 });
    assert_eq!(round_trip(Made { score: 0.5 }).data.score, 0.5);
    assert_eq!(Made::TYPE, "lead.made");
}

#[test]
fn the_descriptor_tells_what_the_consts_tell() {
    let descriptor = Changed::<u8>::descriptor();
    assert_eq!(descriptor.event_type.as_str(), "lead.changed");
    assert_eq!(descriptor.version, "2.3.4".parse().unwrap());
    assert_eq!(descriptor.priority, Priority::Critical);
}

#[test]
fn the_schema_is_of_2020_12_and_speaks_of_the_wire_form() {
    let schema = LeadCreated::descriptor().schema().to_value();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["title"], "LeadCreated");
    assert_eq!(schema["properties"]["leadId"]["type"], "string");
    assert_eq!(schema["required"], serde_json::json!(["leadId"]));
    assert!(schema["properties"].get("lead_id").is_none());
}

#[test]
fn serdes_attributes_decide_the_wire_form() {
    let event = LeadCreated::sample().event("acme").build().unwrap();
    assert_eq!(event.to_raw().unwrap().json(), r#"{"leadId":"l-1"}"#);
    assert_eq!(round_trip(LeadCreated::sample()).data, LeadCreated::sample());
}

#[test]
fn a_generic_event_holds_any_data() {
    let data = || Changed { before: Some(LeadCreated::sample()), after: LeadCreated::sample() };
    assert_eq!(round_trip(data()).data, data());
    assert_eq!(round_trip(Changed { before: None, after: vec![1, 2] }).data.after, [1, 2]);
    let schema = Changed::<LeadCreated>::descriptor().schema().to_value();
    assert!(schema["$defs"].get("LeadCreated").is_some(), "{schema}");
}

#[test]
fn a_generic_event_is_one_for_a_caller_who_knows_no_more_of_the_parameter() {
    fn created_and_read<T>(after: T) -> T
    where
        T: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static,
    {
        round_trip(Changed { before: None, after }).data.after
    }
    assert_eq!(created_and_read("text".to_owned()), "text");
}

#[test]
fn bounds_and_constants_of_the_struct_are_kept() {
    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "batch.counted")]
    struct BatchCounted<T, const SIZE: usize = 3>
    where
        T: Default + Clone,
    {
        #[serde(default)]
        counts: Vec<T>,
        #[serde(default)]
        last: T,
    }
    let data = || BatchCounted::<u8, 7> { counts: vec![0; 7], last: 1 };
    assert_eq!(round_trip(data()).data, data());
}

#[test]
fn tuple_and_unit_structs_are_events_by_a_type_of_their_own() {
    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "score.set")]
    struct Score(f64);

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[event(type = "clock.ticked")]
    struct Tick;

    assert_eq!(round_trip(Score(0.5)).data, Score(0.5));
    assert_eq!(round_trip(Tick).data, Tick);
}

#[test]
fn an_event_with_a_raw_name_is_named_without_the_mark() {
    #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[allow(non_camel_case_types)]
    struct r#match_found {
        r#type: String,
    }
    assert_eq!(r#match_found::TYPE, "match.found");
    assert_eq!(round_trip(r#match_found { r#type: "exact".into() }).data.r#type, "exact");
}

#[test]
fn events_of_nested_modules_do_not_meet() {
    mod lead {
        #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, tekup_core::TekupEvent)]
        #[event(type = "lead.created")]
        pub(super) struct Created {
            pub(super) score: f64,
        }

        pub(super) mod deal {
            #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema, tekup_core::TekupEvent)]
            #[event(type = "deal.created")]
            pub(in super::super) struct Created {
                pub(in super::super) value: super::Money,
            }
        }

        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub(super) struct Money {
            pub(super) cents: u64,
        }
    }
    assert_eq!(round_trip(lead::Created { score: 1.0 }).envelope.event_type.as_str(), "lead.created");
    let deal = round_trip(lead::deal::Created { value: lead::Money { cents: 5 } });
    assert_eq!(deal.envelope.event_type.as_str(), "deal.created");
    assert_eq!(deal.data.value, lead::Money { cents: 5 });
}

#[test]
fn an_event_is_not_read_as_another() {
    let raw = LeadCreated::sample().event("acme").build().unwrap().to_raw().unwrap();
    assert!(raw.is::<LeadCreated>());
    assert!(!raw.is::<Changed<u8>>());
    let error = raw.decode::<Changed<u8>>().unwrap_err();
    assert!(error.to_string().contains("is a `lead.created`, not a `lead.changed`"), "{error}");
}

#[test]
fn a_type_with_fields_named_like_what_the_derive_writes_is_an_event() {
    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
    #[allow(non_snake_case)]
    struct MailSent {
        __json: String,
        __envelope: String,
        TYPE: String,
    }
    let data = || MailSent { __json: "a".into(), __envelope: "b".into(), TYPE: "c".into() };
    assert_eq!(round_trip(data()).data, data());
}

/// The derive has the rules of types and versions a second time, for it can't depend on the crate that it writes for.
#[test]
fn what_the_derive_takes_the_runtime_takes() {
    macro_rules! taken {
        ($($event_type:literal $version:literal),* $(,)?) => {$({
            #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
            #[event(type = $event_type, version = $version)]
            struct Taken {}
            assert_eq!(EventType::new(Taken::TYPE).unwrap().as_str(), $event_type);
            assert_eq!(Taken::VERSION.parse::<SchemaVersion>().unwrap().to_string(), $version);
            assert_eq!(Taken::descriptor().version.to_string(), $version);
        })*};
    }
    taken! {
        "a.b" "0.0.0",
        "buying-signal.detected" "0.0.1",
        "support.session.started" "10.20.30",
        "a1.b2-3c-d" "1.0.0",
        "a.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
            "18446744073709551615.18446744073709551615.18446744073709551615",
    }
}

#[test]
fn a_field_that_serde_skips_may_borrow() {
    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
    struct PageViewed {
        page: std::borrow::Cow<'static, str>,
        #[serde(skip)]
        hint: &'static str,
    }
    let event = round_trip(PageViewed { page: "home".into(), hint: "local" });
    assert_eq!(event.data, PageViewed { page: "home".into(), hint: "" });
}
