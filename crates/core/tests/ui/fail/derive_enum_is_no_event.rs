use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
enum LeadCreated {
    Referral { score: f64 },
}

fn main() {
    let _draft = LeadCreated::Referral { score: 1.0 }.event("acme");
}
