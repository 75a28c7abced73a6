use tekup_core::{Event, RawEvent};

struct LeadCreated {}

fn decode(event: &RawEvent) -> tekup_core::Result<Event<LeadCreated>> {
    event.decode()
}

fn main() {}
