use schemars::JsonSchema;
use serde::Deserialize;
use tekup_core::{Event, Result, TekupEvent};

#[derive(Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated {
    score: f64,
}

fn main() -> Result<()> {
    let event = LeadCreated { score: 1.0 }.event("acme").build()?;
    let raw = event.to_raw()?;
    let _decoded: Event<LeadCreated> = raw.decode()?;
    let _schema = LeadCreated::descriptor().schema();
    Ok(())
}
