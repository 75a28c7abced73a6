use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated<'a> {
    lead_id: &'a str,
}

fn main() {
    let _draft = LeadCreated { lead_id: "l-1" }.event("acme");
}
