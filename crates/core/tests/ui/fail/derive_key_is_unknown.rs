use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(typ = "lead.created")]
struct LeadCreated {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(schema_version = "1.0.0")]
struct LeadScored {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(topic = "leads")]
struct LeadConverted {}

fn main() {}
