//! The nineteen events of the product.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;
use tekup_contracts::Registry;

pub(crate) fn nineteen() -> Registry {
    Registry::of([
        ("analytics", tekup_events_analytics::descriptors().to_vec()),
        ("content", tekup_events_content::descriptors().to_vec()),
        ("crm", tekup_events_crm::descriptors().to_vec()),
        ("marketing", tekup_events_marketing::descriptors().to_vec()),
        ("media", tekup_events_media::descriptors().to_vec()),
        ("project", tekup_events_project::descriptors().to_vec()),
        ("proposal", tekup_events_proposal::descriptors().to_vec()),
        ("reporting", tekup_events_reporting::descriptors().to_vec()),
        ("support", tekup_events_support::descriptors().to_vec()),
    ])
    .unwrap()
}

/// What the TypeScript package writes, by event type.
pub(crate) fn envelopes() -> BTreeMap<String, Value> {
    let domains = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")).unwrap();
    let files = domains.map(|domain| domain.unwrap().path().join("tests/vectors/envelopes.json"));
    files
        .flat_map(|file| serde_json::from_slice::<BTreeMap<String, Value>>(&fs::read(file).unwrap()).unwrap())
        .collect()
}
