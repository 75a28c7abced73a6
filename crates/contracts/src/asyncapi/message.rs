//! Messages: an event as it is sent, or as it is received.

use serde_json::{Map, Value, json};
use tekup_core::Result;

use super::{payload, schemas::Schemas};
use crate::{Contract, contract};

/// What the service does with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Sent,
    Received,
}

impl Direction {
    /// Of its message in the channel.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
        }
    }

    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Sent => "send",
            Self::Received => "receive",
        }
    }
}

/// An event that the service sends or receives: the two differ in what is always there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) contract: &'a Contract,
    pub(super) direction: Direction,
}

impl<'a> Message<'a> {
    /// Its name among the components, and the first part of its schemas' names: no type holds a `_`.
    pub(super) fn key(&self) -> String {
        format!("{}_{}", self.contract.event_type, self.direction.name())
    }

    /// The name of the schema of its data.
    pub(super) fn data_key(&self) -> String {
        format!("{}_data", self.key())
    }

    /// The schema of its data: what is surely there, or what has to be.
    pub(super) fn data(&self) -> &'a Value {
        match self.direction {
            Direction::Sent => &self.contract.writes,
            Direction::Received => &self.contract.reads,
        }
    }

    fn component(&self) -> Value {
        let Contract { domain, event_type, version, .. } = self.contract;
        let mut message = json!({
            "name": event_type.as_str(),
            "title": self.data().get("title").and_then(Value::as_str).unwrap_or(event_type.as_str()),
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
        schemas.add(&message.data_key(), message.data());
        schemas.insert(message.key(), payload::schema(message));
    }
    schemas.insert(payload::METADATA.into(), payload::metadata());
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
