//! Documents for other languages, held to what they say.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use std::borrow::Cow;

use common::{envelopes, nineteen};
use jsonschema::{Draft, Validator};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tekup_contracts::{AsyncApi, Registry};
use tekup_core::{ErrorKind, TekupEvent};

fn document(service: &AsyncApi, registry: &Registry) -> Value {
    serde_json::from_str(&service.write(registry).unwrap()).unwrap()
}

/// Of a payload, in the dialect of AsyncAPI.
fn validator(document: &Value, message: &str) -> Validator {
    let schema = json!({
        "$ref": document["components"]["messages"][message]["payload"]["$ref"],
        "components": document["components"],
    });
    jsonschema::options().with_draft(Draft::Draft7).build(&schema).unwrap()
}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "route.planned")]
struct RoutePlanned {
    /// Where it begins.
    from: Place,
    /// Where it ends, as (latitude, longitude).
    to: (f64, f64),
    #[serde(default)]
    notes: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Place<City>")]
struct Place {
    name: String,
    #[schemars(with = "Option<Other>")]
    near: Option<Box<Other>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Place-City-")]
struct Other {
    back: Option<Box<Place>>,
}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "stay.booked")]
#[serde(deny_unknown_fields)]
struct StayBooked {
    nights: u32,
    #[serde(flatten)]
    kind: Stay,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Stay {
    Hotel { stars: u8 },
    Tent,
}

#[derive(Serialize, Deserialize, TekupEvent)]
#[event(type = "stranger.seen")]
struct StrangerSeen {}

impl JsonSchema for StrangerSeen {
    fn schema_name() -> Cow<'static, str> {
        "StrangerSeen".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "properties": {"who": {"$ref": "https://example.com/person.json"}}})
    }
}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "tree.grown")]
struct TreeGrown {
    name: String,
    branches: Vec<TreeGrown>,
    graft: Option<Box<TreeGrown>>,
}

fn own() -> Registry {
    let journeys = vec![RoutePlanned::descriptor(), StayBooked::descriptor(), StrangerSeen::descriptor()];
    Registry::of([("travel", journeys), ("garden", vec![TreeGrown::descriptor()])]).unwrap()
}

#[test]
fn what_typescript_services_write_keeps_the_schema_of_each_message() {
    let (registry, envelopes) = (nineteen(), envelopes());
    let document = document(&AsyncApi::of("audit", "1.0.0").receives("all", "*"), &registry);
    assert_eq!(envelopes.len(), 19);
    for (event_type, envelope) in &envelopes {
        let validator = validator(&document, event_type);
        let broken: Vec<String> = validator.iter_errors(envelope).map(|error| error.to_string()).collect();
        assert!(broken.is_empty(), "{event_type}: {broken:?}");
    }
}

#[test]
fn what_breaks_a_rule_of_the_event_or_its_envelope_does_not() {
    let registry = nineteen();
    let document = document(&AsyncApi::of("audit", "1.0.0").receives("all", "*"), &registry);
    let envelopes = envelopes();
    let table: [(&str, &str, Value); 8] = [
        ("proposal.created", "/data/confidence", json!(1.5)),
        ("proposal.created", "/data/proposalId", json!("")),
        ("campaign.launched", "/data/type", json!("fax")),
        ("image.analyzed", "/data/objects/0/bbox", json!([1, 2, 3])),
        ("lead.created", "/data/score", json!("85")),
        ("lead.created", "/type", json!("lead.scored")),
        ("lead.created", "/version", json!("2.0.0")),
        ("lead.created", "/tenantId", json!("a b")),
    ];
    for (event_type, place, value) in table {
        let mut envelope = envelopes[event_type].clone();
        *envelope.pointer_mut(place).unwrap() = value;
        let validator = validator(&document, event_type);
        let places: Vec<String> =
            validator.iter_errors(&envelope).map(|error| error.instance_path().to_string()).collect();
        assert!(places.iter().any(|found| found.starts_with(place)), "{event_type} at {place}: {places:?}");
    }
}

#[test]
fn what_is_sent_has_all_that_a_writer_always_writes_and_what_is_received_only_what_a_reader_needs() {
    let service = AsyncApi::of("planner", "1.0.0").sends("route.*").receives("loop", "route.*");
    let document = document(&service, &own());
    let event = json!({
        "id": "018f6c9a-0000-7000-8000-000000000016", "type": "route.planned", "tenantId": "acme",
        "timestamp": "2025-09-14T10:15:30.123Z", "data": {"from": {"name": "Oslo"}, "to": [59.9, 10.7]},
    });
    let missing = |message: &str| {
        let broken = validator(&document, message);
        let mut told: Vec<String> = broken.iter_errors(&event).map(|error| error.to_string()).collect();
        told.sort();
        told
    };
    assert!(missing("route.planned_received").is_empty(), "{:?}", missing("route.planned_received"));
    assert_eq!(missing("route.planned_sent").len(), 3, "{:?}", missing("route.planned_sent"));
    assert!(missing("route.planned_sent")[1].contains("notes"), "{:?}", missing("route.planned_sent"));
}

#[test]
fn schemas_are_told_in_draft_07() {
    let document = document(&AsyncApi::of("planner", "1.0.0").receives("loop", "route.*"), &own());
    let schemas = &document["components"]["schemas"];
    let data = &schemas["route.planned_received_data"];
    assert_eq!(data["properties"]["to"]["items"].as_array().unwrap().len(), 2, "a tuple is a list of items");
    assert_eq!(
        data["properties"]["from"],
        json!({
            "allOf": [{"$ref": "#/components/schemas/route.planned_received_data_Place-City--2"}],
            "description": "Where it begins.",
        }),
        "draft-07 passes over what stands beside a reference"
    );
    let titles: Vec<&Value> = schemas.as_object().unwrap().values().map(|schema| &schema["title"]).collect();
    let expected = [
        "Metadata",
        "RoutePlannedReceived",
        "RoutePlannedReceivedData",
        "RoutePlannedReceivedPlaceCity",
        "RoutePlannedReceivedPlaceCity2",
    ];
    assert_eq!(titles, expected, "two names that become one are told apart");
    for keyword in ["\"$defs\"", "\"prefixItems\"", "\"$schema\"", "\"$id\""] {
        assert!(!document.to_string().contains(keyword), "{keyword}");
    }
}

#[test]
fn an_event_that_holds_itself_refers_to_its_own_schema() {
    let document = document(&AsyncApi::of("planner", "1.0.0").receives("loop", "tree.*"), &own());
    let properties = &document["components"]["schemas"]["tree.grown_received_data"]["properties"];
    let itself = json!({"$ref": "#/components/schemas/tree.grown_received_data"});
    assert_eq!(properties["branches"]["items"], itself);
    assert_eq!(properties["graft"]["anyOf"][0], itself);
    let validator = validator(&document, "tree.grown_received");
    let with_twig = |twig: Value| {
        json!({
            "id": "018f6c9a-0000-7000-8000-000000000016", "type": "tree.grown", "tenantId": "acme",
            "timestamp": "2025-09-14T10:15:30.123Z",
            "data": {"name": "oak", "branches": [{"name": "low", "branches": [twig]}]},
        })
    };
    let broken = |twig: Value| -> Vec<String> {
        validator.iter_errors(&with_twig(twig)).map(|error| error.instance_path().to_string()).collect()
    };
    assert_eq!(broken(json!({"name": "twig", "branches": []})), [""; 0]);
    assert_eq!(broken(json!({"name": 1, "branches": []})), ["/data/branches/0/branches/0/name"]);
}

#[test]
fn what_denies_unknown_fields_beside_a_choice_still_does_in_draft_07() {
    let document = document(&AsyncApi::of("planner", "1.0.0").receives("beds", "stay.*"), &own());
    let data = &document["components"]["schemas"]["stay.booked_data"];
    assert_eq!(data["additionalProperties"], json!(false));
    assert!(data.get("unevaluatedProperties").is_none(), "draft-07 has no such keyword: {data}");
    let schema = jsonschema::options().with_draft(Draft::Draft7).build(data).unwrap();
    assert!(schema.is_valid(&json!({"nights": 2, "kind": "hotel", "stars": 3})));
    assert!(!schema.is_valid(&json!({"nights": 2, "kind": "hotel", "stars": 3, "pool": true})));
}

#[test]
fn the_examples_of_each_message_keep_its_schema() {
    let registry = nineteen();
    let document = document(&AsyncApi::of("audit", "1.0.0").sends("*").receives("all", "*"), &registry);
    let messages = document["components"]["messages"].as_object().unwrap();
    assert_eq!(messages.len(), 19, "none of the nineteen differs by direction");
    for (name, message) in messages {
        let validator = validator(&document, name);
        let examples = message["examples"].as_array().unwrap();
        for example in examples {
            let broken: Vec<String> =
                validator.iter_errors(&example["payload"]).map(|error| error.to_string()).collect();
            assert!(broken.is_empty(), "{name}: {broken:?}");
        }
        assert!(!examples.is_empty(), "{name}");
    }
}

#[test]
fn an_event_is_one_channel_with_a_message_for_each_direction_and_an_operation_for_each_subscription() {
    let service = AsyncApi::of("crm", "2.1.0")
        .description("Keeps leads.")
        .sends("lead.created")
        .receives("scoring", "lead.created")
        .receives("audit", "lead.*")
        .receives("audit", "*.created")
        .server("redis.example.com:6379/2", "redis");
    let document = document(&service, &nineteen());
    assert_eq!(document["info"], json!({"title": "crm", "version": "2.1.0", "description": "Keeps leads."}));
    assert_eq!(
        document["servers"]["bus"],
        json!({"host": "redis.example.com:6379", "pathname": "/2", "protocol": "redis"})
    );
    let names = |place: &str| document.pointer(place).unwrap().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names("/channels"),
        ["lead.converted", "lead.created", "lead.scored", "project.created", "proposal.created"]
    );
    assert_eq!(names("/channels/lead.created/messages"), ["event"]);
    assert_eq!(
        names("/operations"),
        [
            "receive_audit_lead.converted",
            "receive_audit_lead.created",
            "receive_audit_lead.scored",
            "receive_audit_project.created",
            "receive_audit_proposal.created",
            "receive_scoring_lead.created",
            "send_lead.created",
        ]
    );
    assert_eq!(
        document["operations"]["receive_audit_lead.created"],
        json!({
            "action": "receive",
            "channel": {"$ref": "#/channels/lead.created"},
            "messages": [{"$ref": "#/channels/lead.created/messages/event"}],
            "x-tekup-subscription": "crm/audit",
            "x-tekup-patterns": ["*.created", "lead.*"],
        })
    );
    assert_eq!(document["channels"]["lead.converted"]["x-tekup-priority"], "high");
}

#[test]
fn a_document_does_not_depend_on_the_order_in_which_it_was_said() {
    let one =
        AsyncApi::of("crm", "1.0.0").sends("lead.*").sends("task.completed").receives("a", "*").receives("b", "lead.*");
    let other =
        AsyncApi::of("crm", "1.0.0").receives("b", "lead.*").receives("a", "*").sends("task.completed").sends("lead.*");
    let registry = nineteen();
    assert_eq!(one.write(&registry).unwrap(), other.write(&registry).unwrap());
}

#[test]
fn every_mistake_is_told_at_once() {
    let wrong = AsyncApi::of("a b", " ")
        .sends("lead")
        .sends("lost.*")
        .receives("", "lead.*")
        .receives("audit", "Lead.*")
        .server("/run/redis.sock", "redis")
        .extension("owner", "sales");
    let error = wrong.write(&nineteen()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let told = error.problems();
    let table = [
        "service `a b` holds ' '",
        "version of the service is empty",
        "extension `owner` does not begin with `x-`",
        "server has no host",
        "pattern `lead` matches no event type",
        "pattern `lost.*` takes no registered event: they are buying-signal.detected, ",
        "subscription `` is empty",
        "pattern `Lead.*` holds 'L'",
    ];
    assert_eq!(told.len(), table.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(table) {
        assert!(told.starts_with(expected), "{told}");
    }
    let nothing = AsyncApi::of("crm", "1.0.0").write(&nineteen()).unwrap_err();
    assert_eq!(nothing.to_string(), "service `crm` neither sends nor receives: name at least one event");
}

#[test]
fn a_schema_that_refers_to_what_lies_elsewhere_is_refused_and_never_fetched() {
    let error = AsyncApi::of("crm", "1.0.0").sends("stranger.seen").write(&own()).unwrap_err();
    let told = error.to_string();
    assert!(told.starts_with("`stranger.seen_data`: schema at `/properties/who` refers to"), "{told}");
    assert!(told.contains("nothing is ever fetched"), "{told}");
}
