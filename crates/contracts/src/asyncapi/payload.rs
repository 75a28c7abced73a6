//! A message's payload: the envelope around the data.

use serde_json::{Value, json};

use super::message::Message;

/// The name of the metadata's schema.
pub(super) const METADATA: &str = "metadata";

/// Of a whole event. Fields that are not named here may come too, and are kept.
pub(super) fn schema(message: &Message<'_>) -> Value {
    let (event_type, version) = (&message.contract.event_type, &message.contract.version);
    json!({
        "type": "object",
        "required": required(message),
        "properties": {
            "id": {
                "type": "string", "format": "uuid",
                "description": "The event's identity, unique within its tenant; the same id is stored once.",
            },
            "type": {"const": event_type.as_str(), "description": "What happened."},
            "version": {
                "type": "string", "pattern": format!("^{}\\.\\d+\\.\\d+$", version.major()),
                "description": "The version of the data's shape; any minor of this major is read. Absent: 1.0.0.",
            },
            "tenantId": name("Whose event it is.", "._@-"),
            "userId": name("Who caused it, where a person did.", "._@+|-"),
            "timestamp": {
                "type": "string", "format": "date-time",
                "description": "When it happened, by the publisher's clock: RFC 3339 with a zone.",
            },
            "metadata": {"$ref": format!("#/components/schemas/{METADATA}")},
            "data": {"$ref": format!("#/components/schemas/{}", message.data_key())},
        },
    })
}

/// A writer always tells the version; to a reader it may be absent.
fn required(message: &Message<'_>) -> &'static [&'static str] {
    if message.is_sent() {
        &["id", "type", "version", "tenantId", "timestamp", "data"]
    } else {
        &["id", "type", "tenantId", "timestamp", "data"]
    }
}

/// The rule of tenants and users, which core keeps.
fn name(description: &str, extra: &str) -> Value {
    let pattern = format!("^[A-Za-z0-9][A-Za-z0-9{extra}]*$");
    json!({"type": "string", "pattern": pattern, "maxLength": 128, "description": description})
}

/// Correlation, batch, and whatever the publisher adds.
pub(super) fn metadata() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "description": "Correlation, batch and the publisher's own fields; all may be absent.",
        "properties": {
            "correlationId": text("Shared by all events of one chain of causes."),
            "parentEventId": {"type": "string", "format": "uuid", "description": "The event that caused this one."},
            "workflowId": text("The workflow that it is part of."),
            "sessionId": text("The session in which it happened."),
            "batchId": text("Shared by all events that were published as one batch."),
            "batchSequence": {"type": "integer", "minimum": 0, "description": "Its place in the batch, from 0."},
            "batchSize": {"type": "integer", "minimum": 1, "description": "How many events the batch has."},
            "batchTimestamp": {"type": "string", "format": "date-time", "description": "When the batch was made."},
        },
    })
}

/// Whole events around the examples that the schema of the data has.
pub(super) fn examples(message: &Message<'_>) -> Vec<Value> {
    let data = message.data().get("examples").and_then(Value::as_array);
    data.into_iter().flatten().map(|data| example(message, data)).collect()
}

fn example(message: &Message<'_>, data: &Value) -> Value {
    json!({
        "payload": {
            "id": "018f6c9a-0000-7000-8000-000000000016",
            "type": message.contract.event_type.as_str(),
            "version": message.contract.version.to_string(),
            "tenantId": "tenant-123",
            "userId": "user-456",
            "timestamp": "2025-09-14T10:15:30.123Z",
            "data": data,
        },
    })
}
