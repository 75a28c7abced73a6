use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadChanged<T> {
    before: T,
}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct Changed<T> {
    before: T,
}

fn main() {}
