//! What is told of the keys, beside the keys that are there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail it")]

mod common;

use common::{config, connect, event, open, publish};
use serde::{Deserialize, Serialize};
use tekup_core::{
    TekupEvent,
    audit::{ActionKind, AdminAction, AuditedEvent},
    transport::{Admin, Outgoing, Transport},
};
use tekup_testkit::redis::RedisServer;

#[tokio::test]
async fn events_and_groups_lie_where_the_key_space_says() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let _source = open(&transport, "*").await;
    publish(&transport, "lead.created").await;

    let keys = config(&server).key_space().unwrap();
    assert_eq!(keys.partition, "CRC-32 (ISO-HDLC) of the tenant, modulo the number of tags");
    let tag = &keys.tags[crc32fast::hash(b"acme") as usize % keys.tags.len()];
    let lane = keys.lane.replace("<tag>", tag).replace("<type>", "lead.created").replace("<priority>", "medium");

    let entries = server.command(&["XRANGE", &lane, "-", "+"]).unwrap();
    let fields = entries.items()[0].items()[1].items();
    let at = fields.iter().position(|field| field.text() == Some(keys.event_field)).unwrap();
    assert_eq!(fields[at + 1].text(), Some("{}"), "what the test published");

    let groups = server.command(&["XINFO", "GROUPS", &lane]).unwrap();
    let group = keys.group.replace("<service>", "billing").replace("<subscription>", "ledger");
    assert_eq!(groups.items()[0].items()[1].text(), Some(group.as_str()));
}

#[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
#[event(audit)]
struct AccountClosed {}

#[tokio::test]
async fn audit_records_lie_where_the_key_space_says() {
    let server = RedisServer::start().unwrap();
    let transport = connect(&server).await;
    let closed = Outgoing::of(&AccountClosed {}.event("acme").build().unwrap()).unwrap();
    transport.publish(vec![closed.clone(), event("lead.created")]).await.unwrap();
    let action = AdminAction::new(ActionKind::Pause, "ada", "billing".parse().unwrap());
    transport.admin().record(&action).await.unwrap();

    let keys = config(&server).key_space().unwrap();
    let at = |key: &str, tag: &str| key.replace("<tag>", tag);
    let stream = at(&keys.audited, &keys.tags[crc32fast::hash(b"acme") as usize % keys.tags.len()]);
    let entries = server.command(&["XRANGE", &stream, "-", "+"]).unwrap();
    let [entry] = entries.items() else { panic!("one event of two is audited: {entries:?}") };
    let [field, record] = entry.items()[1].items() else { panic!("an entry has one field: {entry:?}") };
    assert_eq!(field.text(), Some(keys.audited_field));
    let record: AuditedEvent = serde_json::from_str(record.text().unwrap()).unwrap();
    assert_eq!(record.id, closed.id);

    let stored = server.command(&["HGET", &at(&keys.actions, &keys.tags[0]), &action.id]).unwrap();
    let (_, stored) = stored.text().unwrap().split_once('\n').unwrap();
    assert_eq!(serde_json::from_str::<AdminAction>(stored).unwrap(), action);
}
