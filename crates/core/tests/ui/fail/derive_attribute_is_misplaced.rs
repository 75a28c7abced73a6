use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated {
    #[event(type = "lead.created")]
    lead_id: String,
}

fn main() {}
