use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(version = "1.0")]
struct LeadCreated {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(version = "v2.0.0")]
struct LeadScored {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(version = "1.0.0-beta")]
struct LeadConverted {}

fn main() {}
