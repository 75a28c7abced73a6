//! What is told of the keys, beside the keys that are there.

mod common;

use common::{config, connect, open, publish};
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
