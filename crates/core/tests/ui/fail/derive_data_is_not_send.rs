use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

struct Handle(*const u8);

impl Default for Handle {
    fn default() -> Self {
        Self(std::ptr::null())
    }
}

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
struct LeadCreated {
    #[serde(skip)]
    handle: Handle,
}

fn main() {}
