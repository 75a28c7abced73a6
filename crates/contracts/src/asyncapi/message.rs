//! Messages: an event as it is sent, or as it is received.

use serde_json::{Map, Value, json};
use tekup_core::Result;

use super::{payload, schemas::Schemas};
use crate::{Contract, contract};

/// What the service does with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    Sent,
    Received,
}

impl Direction {
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Sent => "send",
            Self::Received => "receive",
        }
    }
}

/// An event that the service sends or receives. Where the two differ, in what is always there and what has to be, there is
/// a message for each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) contract: &'a Contract,
    /// None if it is the same both ways.
    direction: Option<Direction>,
}

impl<'a> Message<'a> {
    pub(super) fn of(contract: &'a Contract, direction: Direction) -> Self {
        Self { contract, direction: (contract.reads != contract.writes).then_some(direction) }
    }

    /// In its channel.
    pub(super) fn name(&self) -> &'static str {
        match self.direction {
            None => "event",
            Some(Direction::Sent) => "sent",
            Some(Direction::Received) => "received",
        }
    }

    /// Among the components, and the first part of its schemas' names: no type holds a `_`.
    pub(super) fn key(&self) -> String {
        let event_type = &self.contract.event_type;
        self.direction.map_or_else(|| event_type.to_string(), |_| format!("{event_type}_{}", self.name()))
    }

    /// The name of the schema of its data.
    pub(super) fn data_key(&self) -> String {
        format!("{}_data", self.key())
    }

    /// What code that is generated calls its type.
    pub(super) fn title(&self) -> String {
        pascal(&self.key())
    }

    /// The schema of its data: what is surely there, or what has to be.
    pub(super) fn data(&self) -> &'a Value {
        match self.direction {
            Some(Direction::Sent) => &self.contract.writes,
            _ => &self.contract.reads,
        }
    }

    /// Whether a writer's promise is told, and not a reader's need.
    pub(super) fn is_sent(&self) -> bool {
        self.direction == Some(Direction::Sent)
    }

    fn component(&self) -> Value {
        let Contract { domain, event_type, version, .. } = self.contract;
        let mut message = json!({
            "name": event_type.as_str(),
            "title": self.title(),
            "contentType": "application/json",
            "correlationId": {"$ref": "#/components/correlationIds/correlation"},
            "tags": [{"name": domain}],
            "payload": {"$ref": format!("#/components/schemas/{}", self.key())},
            "x-tekup-version": version.to_string(),
            "x-tekup-schema": contract::id(event_type, version),
            "x-tekup-fingerprint": self.contract.fingerprint(),
        });
        if let Some(summary) = self.data().get("description") {
            message["summary"] = summary.clone();
        }
        let examples = payload::examples(self);
        if !examples.is_empty() {
            message["examples"] = examples.into();
        }
        message
    }
}

/// What channels refer to.
pub(super) fn components(messages: &[Message<'_>]) -> Result<Value> {
    let mut schemas = Schemas::default();
    for message in messages {
        schemas.insert(message.key(), &message.title(), payload::schema(message));
        schemas.add(&message.data_key(), &message.title(), message.data());
    }
    schemas.insert(payload::METADATA.into(), "Metadata", payload::metadata());
    let messages: Map<_, _> = messages.iter().map(|message| (message.key(), message.component())).collect();
    Ok(json!({
        "correlationIds": {"correlation": {
            "description": "Shared by all events of one chain of causes; absent, it is the event's own id.",
            "location": "$message.payload#/metadata/correlationId",
        }},
        "messages": messages,
        "schemas": schemas.finish()?,
    }))
}

/// `lead.created_sent` as `LeadCreatedSent`.
pub(super) fn pascal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}
