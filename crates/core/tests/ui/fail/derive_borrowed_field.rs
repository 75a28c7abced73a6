use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated {
    lead_id: String,
    source: &'static str,
    company: Option<&'static str>,
    place: (&'static str, f64),
    #[serde(skip)]
    not_on_the_wire: &'static str,
}

fn main() {
    let _descriptor = LeadCreated::descriptor();
}
