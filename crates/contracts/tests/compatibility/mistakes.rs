//! Schemas that can't be understood.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tekup_contracts::{Contract, Mode, compatibility};
use tekup_core::{ErrorKind, TekupEvent};

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated {}

#[test]
fn a_mistake_is_told_with_the_event_its_version_and_its_side() {
    let sound = Contract::of("sales", &LeadCreated::descriptor());
    let lost = json!({"properties": {"a": {"$ref": "#/$defs/Lost"}, "b": 1}});
    let (mut reads, mut writes) = (sound.clone(), sound.clone());
    (reads.reads, writes.writes) = (lost.clone(), lost);
    for (broken, side) in [(reads, "reads"), (writes, "writes")] {
        let error = compatibility::check([&sound], &broken, Mode::Full).unwrap_err();
        let whose = format!("`lead.created` 1.0.0 ({side}): schema at ");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.problems().len(), 2, "{error}");
        assert!(error.problems().iter().all(|problem| problem.starts_with(&whose)), "{error}");
    }
}

#[test]
fn more_definitions_than_are_read_are_told_with_the_event_too() {
    let (before, mut after) =
        (Contract::of("sales", &LeadCreated::descriptor()), Contract::of("sales", &LeadCreated::descriptor()));
    let definitions: Value = (0..1_001).map(|at: usize| (at.to_string(), json!(true))).collect();
    after.reads = json!({ "$defs": definitions });
    let error = compatibility::check([&before], &after, Mode::Backward).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(error.to_string(), "`lead.created` 1.0.0 (reads): schema has 1001 definitions, 1000 are read");
}
