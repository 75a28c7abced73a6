//! What the hot side leaves on a server, written by hand.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use tekup_core::{EventId, EventType, Priority, SubscriptionId, TenantId};

use crate::{
    admin::RedisAdmin,
    index::{Bucket, IndexLayout},
    keys::{NamespaceName, PartitionKeys, member},
    namespace::Namespace,
    scripts::LaneLimits,
    testing::Server,
};

pub(super) const LANE: &str = "lead.created:medium";

pub(super) struct World {
    server: Server,
    connection: MultiplexedConnection,
    pub(super) namespace: Arc<Namespace>,
    pub(super) admin: RedisAdmin,
}

pub(super) fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

pub(super) fn group(name: &str) -> SubscriptionId {
    name.parse().unwrap()
}

impl World {
    pub(super) async fn new(partitions: u16) -> Self {
        let server = Server::start().await;
        let bus = server.connection();
        let name = NamespaceName::new("tekup").unwrap();
        let namespace = Arc::new(Namespace::open(&bus, name, partitions).await.unwrap());
        let window = std::time::Duration::from_secs(86_400);
        let admin = RedisAdmin::new(Arc::clone(&namespace), bus, window, LaneLimits::default());
        let connection = server.connect().await;
        Self { server, connection, namespace, admin }
    }

    pub(super) fn keys(&self, tenant: &TenantId) -> &PartitionKeys {
        &self.namespace.partitions()[self.namespace.partition_of(tenant)]
    }

    pub(super) async fn run<T: redis::FromRedisValue>(&self, arguments: &[&[u8]]) -> T {
        let mut command = redis::Cmd::new();
        arguments.iter().for_each(|argument| {
            command.arg(*argument);
        });
        command.query_async(&mut self.connection.clone()).await.unwrap()
    }

    /// What is rung on a bell from now on.
    pub(super) async fn listen(&self, bell: &str) -> tokio::sync::mpsc::UnboundedReceiver<String> {
        let (sender, mut pushed) = tokio::sync::mpsc::unbounded_channel();
        let client = redis::Client::open(format!("{}?protocol=resp3", self.server.url())).unwrap();
        let config = redis::AsyncConnectionConfig::new().set_push_sender(sender);
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
        redis::cmd("SSUBSCRIBE").arg(bell).exec_async(&mut connection).await.unwrap();
        let (heard, messages) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(push) = pushed.recv().await {
                if push.kind == redis::PushKind::SMessage {
                    let text = push.data.last().cloned().and_then(|value| redis::from_redis_value(value).ok());
                    let _ = heard.send(text.unwrap_or_default());
                }
            }
            drop(connection);
        });
        messages
    }

    async fn do_(&self, arguments: &[&str]) {
        let arguments: Vec<&[u8]> = arguments.iter().map(|argument| argument.as_bytes()).collect();
        self.run::<redis::Value>(&arguments).await;
    }

    /// A subscription to these patterns, for these tenants, with its groups on the lanes that exist.
    pub(super) async fn subscribe(&self, name: &str, patterns: &[&str], tenants: &[&str]) {
        let record = serde_json::json!({ "patterns": patterns, "tenants": tenants, "revision": 1 }).to_string();
        for keys in self.namespace.partitions() {
            self.do_(&["HSET", &keys.subscriptions(), name, &record]).await;
            self.do_(&["HINCRBY", &keys.subscriptions(), "~version", "1"]).await;
            if self.run::<bool>(&[b"EXISTS", keys.lane_named(LANE).as_bytes()]).await {
                self.join(keys, name).await;
            }
        }
    }

    async fn join(&self, keys: &PartitionKeys, name: &str) {
        let lane = keys.lane_named(LANE);
        let stream: std::collections::HashMap<String, redis::Value> =
            self.run(&[b"XINFO", b"STREAM", lane.as_bytes()]).await;
        let added: u64 = redis::from_redis_value(stream["entries-added"].clone()).unwrap();
        let last: String = redis::from_redis_value(stream["last-generated-id"].clone()).unwrap();
        self.do_(&["XGROUP", "CREATE", &lane, name, &last, "ENTRIESREAD", &added.to_string()]).await;
        self.do_(&["HSET", &keys.starts(), &format!("{name}\n1"), &last]).await;
        self.do_(&["HSET", &keys.starts(), &format!("{name}\n1\nadded"), &added.to_string()]).await;
    }

    /// The lane, with groups of these from its beginning.
    pub(super) async fn lane(&self, groups: &[&str]) {
        for keys in self.namespace.partitions() {
            self.do_(&["HSET", &keys.lanes(), LANE, "1", "~version", "1"]).await;
            for name in groups {
                self.do_(&["XGROUP", "CREATE", &keys.lane_named(LANE), name, "0", "MKSTREAM"]).await;
                self.do_(&["HSET", &keys.starts(), &format!("{name}\n1"), "0-0"]).await;
            }
        }
    }

    pub(super) async fn publish(&self, tenant: &TenantId, id: EventId) -> String {
        let keys = self.keys(tenant);
        let event_type: EventType = "lead.created".parse().unwrap();
        let lane = keys.lane(&event_type, Priority::Medium);
        let member = member(id, Some(tenant.as_str()));
        let fields: [&[u8]; 7] = [b"XADD", lane.as_bytes(), b"*", b"m", &member, b"e", b"{}"];
        let entry: String = self.run(&fields).await;
        self.move_to(tenant, id, &entry).await
    }

    /// Lets the index say that an event is stored in that entry.
    pub(super) async fn move_to(&self, tenant: &TenantId, id: EventId, entry: &str) -> String {
        self.index_in(IndexLayout::first().bucket(id), tenant, id, entry).await;
        entry.to_owned()
    }

    pub(super) async fn index_in(&self, bucket: Bucket, tenant: &TenantId, id: EventId, entry: &str) {
        let index = self.keys(tenant).index(bucket, id);
        let member = member(id, Some(tenant.as_str()));
        let line = [&member[..], format!("\n1:{entry}\n").as_bytes()].concat();
        self.run::<u64>(&[b"APPEND", index.as_bytes(), &line]).await;
    }

    /// Hands the next event of the lane to a replica of that name.
    pub(super) async fn read(&self, tenant: &TenantId, name: &str, replica: &str) {
        let lane = self.keys(tenant).lane_named(LANE);
        self.do_(&["XREADGROUP", "GROUP", name, replica, "COUNT", "1", "STREAMS", &lane, ">"]).await;
    }

    pub(super) async fn ack(&self, tenant: &TenantId, name: &str, entry: &str) {
        let lane = self.keys(tenant).lane_named(LANE);
        self.do_(&["XACK", &lane, name, entry]).await;
    }

    pub(super) async fn release(&self, tenant: &TenantId, name: &str, entry: &str) {
        let lane = self.keys(tenant).lane_named(LANE);
        self.do_(&["XCLAIM", &lane, name, "~released", "0", entry, "JUSTID"]).await;
    }

    pub(super) async fn except(&self, tenant: &TenantId, name: &str, id: EventId, exception: &str) {
        let key = self.keys(tenant).exceptions(&group(name));
        let member = member(id, Some(tenant.as_str()));
        self.run::<u64>(&[b"HSET", key.as_bytes(), &member, exception.as_bytes()]).await;
    }

    /// Puts an event into the dead letters.
    pub(super) async fn die(&self, tenant: &TenantId, name: &str, id: EventId, died_ms: u64, bytes: &[u8]) {
        let keys = self.keys(tenant);
        let script = redis::Script::new(
            "redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
             redis.call('HSET', KEYS[3], ARGV[1], 'dead:3')
             local letter = {'attempts_exhausted', 'no ledger', 3, 1000, tonumber(ARGV[2]), 'lead.created:medium', ARGV[3]}
             return redis.call('HSET', KEYS[2], ARGV[1], cmsgpack.pack(letter))",
        );
        let mut call = script.key(keys.dead(&group(name)));
        call.key(keys.letters(&group(name))).key(keys.exceptions(&group(name)));
        call.arg(member(id, Some(tenant.as_str()))).arg(died_ms).arg(bytes);
        call.invoke_async::<u64>(&mut self.connection.clone()).await.unwrap();
    }
}
