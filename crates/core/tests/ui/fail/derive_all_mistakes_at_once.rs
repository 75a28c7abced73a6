use serde::Serialize;
use tekup_core::TekupEvent;

#[derive(Serialize, TekupEvent)]
#[event(type = "Lead", version = "1", priority = "urgent", topic = "leads", crate)]
#[event(type = "lead.created")]
struct LeadCreated {
    #[event(version = "1.0.0")]
    lead_id: String,
}

fn main() {
    let _draft = LeadCreated { lead_id: "l-1".into() }.event("acme");
}
