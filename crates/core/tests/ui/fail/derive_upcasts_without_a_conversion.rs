use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.created")]
struct LeadCreatedV1 {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(version = "2.0.0", upcasts = "LeadCreatedV1")]
struct LeadCreated {}

fn main() {}
