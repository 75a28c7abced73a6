//! The nineteen events of the product, held to their schemas.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use common::{envelopes, nineteen};
use serde_json::{Value, json};
use tekup_contracts::Validation;
use tekup_core::{ErrorKind, RawEvent, Schemas};

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
        ("image.analyzed", "/objects/0/bbox", json!([1, 2, 3]), "`data.objects[0].bbox` breaks `minItems`"),
        ("image.analyzed", "/objects/0/confidence", json!("s3cret"), "`data.objects[0].confidence` breaks `type`"),
        ("report.generated", "/metrics", json!({"revenue": "s3cret"}), "`data.metrics.revenue` breaks `type`"),
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
