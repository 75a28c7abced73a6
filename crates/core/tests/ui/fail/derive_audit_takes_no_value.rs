use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(audit = true)]
struct LeadCreated {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(audit("all"), version = "1.0.0")]
struct LeadScored {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(audit =)]
struct LeadClosed {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(audit version = "1.0.0")]
struct LeadDropped {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(audit, type = "lead.merged", audit)]
struct LeadMerged {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(audited)]
struct LeadSplit {}

fn main() {}
