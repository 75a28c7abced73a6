use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{Subscription, TekupEvent};

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated {
    score: f64,
}

fn main() {
    let table = vec![1.0];
    let _ = Subscription::to::<LeadCreated>("scoring").handler(async move |event, _| {
        assert_eq!(event.data.score, table[0]);
    });
}
