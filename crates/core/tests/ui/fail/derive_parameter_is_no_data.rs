use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{Event, RawEvent, Result, TekupEvent};

struct Opaque;

#[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.changed")]
struct Changed<T> {
    before: T,
}

fn decode(event: &RawEvent) -> Result<Event<Changed<Opaque>>> {
    event.decode()
}

fn main() {}
