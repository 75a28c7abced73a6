use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated {
    score: f64,
}

async fn publish(bus: tekup_core::EventBus) {
    let _ = bus.publish(LeadCreated { score: 1.0 }).await;
}

fn main() {
    drop(publish);
}
