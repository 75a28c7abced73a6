use tekup_core::{Event, Result, TekupEvent};

#[derive(TekupEvent)]
struct LeadCreated {
    score: f64,
}

#[derive(TekupEvent)]
#[event(type = "lead.changed")]
struct Changed<T> {
    before: T,
}

fn main() -> Result<()> {
    let event = LeadCreated { score: 1.0 }.event("acme").build()?;
    let _decoded: Event<LeadCreated> = event.to_raw()?.decode()?;
    let _event = Changed { before: 1.0 }.event("acme").build()?;
    Ok(())
}
