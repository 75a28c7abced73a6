use serde::{Deserialize, Serialize};
use tekup_core::{Result, TekupEvent};

#[derive(Serialize, Deserialize, TekupEvent)]
struct LeadCreated {
    score: f64,
}

fn main() -> Result<()> {
    let _draft = LeadCreated { score: 1.0 }.event("acme");
    let _schema = LeadCreated::descriptor().schema();
    Ok(())
}
