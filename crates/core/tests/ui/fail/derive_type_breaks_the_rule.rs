use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "LeadCreated")]
struct A {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "buying_signal.detected")]
struct B {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead")]
struct C {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.*")]
struct Wildcard {}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "")]
struct Empty {}

fn main() {}
