use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadScored(f64);

fn main() {}
