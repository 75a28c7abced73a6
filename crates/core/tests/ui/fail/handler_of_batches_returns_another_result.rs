use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{Subscription, TekupEvent};

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated {
    score: f64,
}

fn main() {
    let _ = Subscription::to::<LeadCreated>("scoring")
        .batch_handler(10, async |_, _| -> Result<(), std::io::Error> { Ok(()) });
}
