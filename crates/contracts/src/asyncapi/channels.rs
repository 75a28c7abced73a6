//! Where events are, and what the service does there.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    exchanges::{Exchanges, Received},
    message::{Direction, Message},
};
use crate::Contract;

/// A channel for each event.
pub(super) fn channels(messages: &[Message<'_>]) -> Value {
    let mut channels = Map::new();
    for message in messages {
        let event_type = message.contract.event_type.as_str();
        let channel = channels.entry(event_type).or_insert_with(|| channel(message.contract));
        channel["messages"][message.name()] = json!({"$ref": format!("#/components/messages/{}", message.key())});
    }
    channels.into()
}

fn channel(contract: &Contract) -> Value {
    json!({
        "address": contract.event_type.as_str(),
        "messages": {},
        "x-tekup-priority": contract.priority.as_str(),
    })
}

/// What the service does: `send_<type>` and `receive_<subscription>_<type>`. No type holds a `_`, so no two have one name.
pub(super) fn operations(exchanges: &Exchanges<'_>) -> Value {
    let sent = exchanges.sent.iter();
    let sent = sent.map(|(event_type, contract)| (format!("send_{event_type}"), operation(contract, Direction::Sent)));
    let mut operations: Map<_, _> = sent.collect();
    for (name, Received { patterns, contracts }) in &exchanges.received {
        let patterns: BTreeSet<&str> = patterns.iter().map(|pattern| pattern.as_str()).collect();
        for (event_type, contract) in contracts {
            let mut operation = operation(contract, Direction::Received);
            operation["x-tekup-subscription"] = format!("{}/{name}", exchanges.service).into();
            operation["x-tekup-patterns"] = json!(patterns);
            operations.insert(format!("receive_{name}_{event_type}"), operation);
        }
    }
    operations.into()
}

fn operation(contract: &Contract, direction: Direction) -> Value {
    let (event_type, message) = (&contract.event_type, Message::of(contract, direction));
    json!({
        "action": direction.action(),
        "channel": {"$ref": format!("#/channels/{event_type}")},
        "messages": [{"$ref": format!("#/channels/{event_type}/messages/{}", message.name())}],
    })
}
