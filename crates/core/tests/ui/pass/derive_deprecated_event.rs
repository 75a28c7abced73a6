//! To derive for a deprecated event is no use of it.

#![deny(warnings)]

use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

#[deprecated = "use `LeadCreated`"]
#[derive(Serialize, Deserialize, TekupEvent)]
pub struct LeadMade {}

#[allow(deprecated)]
impl schemars::JsonSchema for LeadMade {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LeadMade".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object" })
    }
}

fn main() {}
