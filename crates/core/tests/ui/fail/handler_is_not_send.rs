use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{Subscription, TekupEvent};

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated {
    score: f64,
}

fn main() {
    let _ = Subscription::to::<LeadCreated>("scoring").handler(async |_, _| {
        let local = std::rc::Rc::new(1);
        tokio::task::yield_now().await;
        drop(local);
    });
}
