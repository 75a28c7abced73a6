use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event]
struct LeadCreated {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event()]
struct LeadScored {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event = "lead.converted"]
struct LeadConverted {}

fn main() {}
