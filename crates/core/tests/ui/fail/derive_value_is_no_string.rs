use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(version = 1.0)]
struct LeadCreated {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(priority = Priority::High)]
struct LeadScored {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type("lead.converted"))]
struct LeadConverted {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = b"lead.rated", version = concat!("1.0", ".0"), priority = "low"suffix)]
struct LeadRated {}

fn main() {}
