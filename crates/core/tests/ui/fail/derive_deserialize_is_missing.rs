use schemars::JsonSchema;
use serde::Serialize;
use tekup_core::{Event, Result, TekupEvent};

#[derive(Serialize, JsonSchema, TekupEvent)]
struct LeadCreated {
    score: f64,
}

fn main() -> Result<()> {
    let event = LeadCreated { score: 1.0 }.event("acme").build()?;
    let raw = event.to_raw()?;
    let _decoded: Event<LeadCreated> = raw.decode()?;
    Ok(())
}
