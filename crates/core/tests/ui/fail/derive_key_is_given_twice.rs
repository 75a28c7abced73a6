use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.created", type = "lead.made")]
struct LeadCreated {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(version = "1.0.0")]
#[event(version = "1.1.0")]
struct LeadScored {}

fn main() {}
