use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event("lead.created")]
struct LeadCreated {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(version = "1.0.0",, priority = "low")]
struct LeadScored {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(,)]
struct LeadConverted {}

fn main() {}
