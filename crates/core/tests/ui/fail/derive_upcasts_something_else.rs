use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.scored")]
struct LeadScored {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(version = "2.0.0", upcasts = "LeadScored")]
struct LeadCreated {}

impl From<LeadScored> for LeadCreated {
    fn from(_: LeadScored) -> Self {
        Self {}
    }
}

fn main() {
    let _ = tekup_core::Event::<LeadCreated>::parse("{}");
}
