use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(version = "2.0.0", upcasts = "the old one")]
struct LeadCreated {}

fn main() {}
