use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{Subscription, TekupEvent};

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated {
    score: f64,
}

fn main() {
    let _ = Subscription::several("scoring").on(async |_: tekup_core::Event<String>, _| ());
}
