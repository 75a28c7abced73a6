use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type)]
struct LeadCreated {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(version =)]
struct LeadScored {}

fn main() {}
