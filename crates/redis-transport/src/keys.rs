//! Every key of the bus, built in this one file.
//!
//! All keys of a partition begin with `<namespace>:{<tag>}:`, so they share a slot, and every move within a partition is
//! one script on one node. Only this file writes the braces: namespaces, event types, subscriptions and tenants are
//! checked types that can't hold any, so no name can move a key to another slot.

use std::{fmt, sync::Arc};

use tekup_core::{Error, ErrorKind, EventId, EventType, Priority, Result, SubscriptionId};

use crate::index::Bucket;

/// The name that all keys of one bus begin with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct NamespaceName(Arc<str>);

impl NamespaceName {
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] unless the text is 1 to 64 ASCII letters, digits, `.`, `_` and `-`.
    pub(crate) fn new(text: &str) -> Result<Self> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if (1..=64).contains(&text.len()) && text.chars().all(allowed) {
            return Ok(Self(text.into()));
        }
        let shown: String = text.chars().take(64).flat_map(char::escape_debug).collect();
        let message = format!("namespace `{shown}` is refused: use 1 to 64 ASCII letters, digits, `.`, `_` and `-`");
        Err(Error::new(ErrorKind::InvalidConfig, message))
    }

    /// HASH: what was fixed when the namespace was created.
    pub(crate) fn record(&self) -> String {
        format!("{self}:{{home}}:namespace")
    }
}

impl fmt::Display for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The keys of one partition.
#[derive(Debug, Clone)]
pub(crate) struct PartitionKeys {
    /// `<namespace>:{<tag>}:`
    prefix: Arc<str>,
}

impl PartitionKeys {
    pub(crate) fn new(namespace: &NamespaceName, tag: &str) -> Self {
        Self { prefix: format!("{namespace}:{{{tag}}}:").into() }
    }

    /// What all of them begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// HASH: `<type>:<priority>` → the lane's number, and `~version`; besides, for publishers want all of it at once, how
    /// the index of ids is cut into buckets, `~slices`, and the version of that, `~layout`; `~later`, while events wait
    /// for their time.
    pub(crate) fn lanes(&self) -> String {
        self.key(&["lanes"])
    }

    /// HASH: subscription → its record, and `~version`.
    pub(crate) fn subscriptions(&self) -> String {
        self.key(&["subs"])
    }

    /// HASH: `<subscription>\n<lane number>` → the last entry that is not the subscription's; with `\nadded` behind it,
    /// how many entries were ever added until then, absent before a start at a time is counted; with `\nleft`, how many when it left; with `\nmark`, the last entry
    /// that it is known to have settled, with all before; with `\ndropped` and `\ndrops`, how many entries a limit took
    /// from it, and which; with `\njoining`, until when whoever joins it counts as alive, and how to undo that, until
    /// the record is written. `<subscription>\n~remade` → what it has lost that others made anew and none of its replicas
    /// has told yet: in how many lanes, and some of them. `~since` → when the first subscription was registered.
    /// `~followed` → until when
    /// somebody follows.
    pub(crate) fn starts(&self) -> String {
        self.key(&["starts"])
    }

    /// STREAM: the events of one type and priority.
    pub(crate) fn lane(&self, event_type: &EventType, priority: Priority) -> String {
        self.key(&["lane:", event_type.as_str(), ":", priority.as_str()])
    }

    /// STREAM: the lane of that name, `<type>:<priority>`.
    pub(crate) fn lane_named(&self, name: &str) -> String {
        self.key(&["lane:", name])
    }

    /// STRING: for each event of one bucket its member and where it is stored, each with a line feed behind it; the last
    /// of one member holds.
    pub(crate) fn index(&self, bucket: Bucket, id: EventId) -> String {
        match bucket {
            Bucket::Slice { slice_ms, number } => format!("{}ids:{slice_ms}.{number}", self.prefix),
            Bucket::Own => format!("{}id:{}", self.prefix, id.as_uuid().simple()),
        }
    }

    /// ZSET: event that waits for its time → when that is, in milliseconds.
    pub(crate) fn later(&self) -> String {
        self.key(&["later"])
    }

    /// HASH: event that waits for its time → name of its lane, a line feed, its envelope; with a line feed behind the
    /// event, once it was put off → when it was first due.
    pub(crate) fn later_events(&self) -> String {
        self.key(&["later:events"])
    }

    /// HASH: tenant → how many of its events wait for their time.
    pub(crate) fn later_tenants(&self) -> String {
        self.key(&["later:tenants"])
    }

    /// HASH: event whose time came → what was stored of it, and can't be read.
    pub(crate) fn later_unreadable(&self) -> String {
        self.key(&["later:unreadable"])
    }

    /// STRING: the token of the one who publishes what has come due.
    pub(crate) fn later_mover(&self) -> String {
        self.key(&["later:mover"])
    }

    /// HASH: event → where it is stored, for those that a full bucket has no room for.
    pub(crate) fn index_rest(&self, bucket: Bucket, id: EventId) -> String {
        self.index(bucket, id) + ":rest"
    }

    /// ZSET: event → when its next attempt is due.
    pub(crate) fn due(&self, group: &SubscriptionId) -> String {
        self.of("due:", group)
    }

    /// HASH: event → what waits for its next attempt.
    pub(crate) fn waiting(&self, group: &SubscriptionId) -> String {
        self.of("waiting:", group)
    }

    /// STREAM: retries that are due.
    pub(crate) fn retry(&self, group: &SubscriptionId) -> String {
        self.of("retry:", group)
    }

    /// HASH: event → `retrying:<failures>`, `retrying:<failures>:<entry in the retry stream>` or `dead:<attempts>`.
    pub(crate) fn exceptions(&self, group: &SubscriptionId) -> String {
        self.of("exceptions:", group)
    }

    /// ZSET: event → when it died.
    pub(crate) fn dead(&self, group: &SubscriptionId) -> String {
        self.of("dead:", group)
    }

    /// HASH: event → its dead letter.
    pub(crate) fn letters(&self, group: &SubscriptionId) -> String {
        self.of("letters:", group)
    }

    /// ZSET: event → when its dead letter was let go of, while its status can be asked.
    pub(crate) fn gone(&self, group: &SubscriptionId) -> String {
        self.of("gone:", group)
    }

    /// HASH: tenant, or `~all` → until when who works on its dead letters, `<milliseconds> <holder>`.
    pub(crate) fn letter_holds(&self, group: &SubscriptionId) -> String {
        self.of("letter-holds:", group)
    }

    /// ZSET: event → until when it is known that the subscription has finished it.
    pub(crate) fn finished(&self, group: &SubscriptionId) -> String {
        self.of("finished:", group)
    }

    /// HASH: what was counted of the subscription's books.
    pub(crate) fn books(&self, group: &SubscriptionId) -> String {
        self.of("books:", group)
    }

    /// HASH: counters of one tenant, or of all with `None`.
    pub(crate) fn counters(&self, tenant: Option<&tekup_core::TenantId>) -> String {
        // `~` begins no tenant's name.
        self.key(&["counters:", tenant.map_or("~all", tekup_core::TenantId::as_str)])
    }

    /// HASH: the 16 bytes of an event's id → its cause and its type, for the events of one correlation of a tenant.
    pub(crate) fn trace(&self, tenant: &tekup_core::TenantId, correlation: &str) -> String {
        // A tenant's name holds no `:`.
        self.key(&["trace:", tenant.as_str(), ":", correlation])
    }

    /// HASH: since when the subscription is `paused`, its rate `limit`, the one `declared` last and the `revision` that
    /// did so, the `policy` that was told last and the revision that `told` it, when its bucket is `full`. In the first
    /// partition only.
    pub(crate) fn state(&self, group: &SubscriptionId) -> String {
        self.of("state:", group)
    }

    /// HASH: how many deliveries of each type took how long: of one tenant, or of all with `None`.
    pub(crate) fn latencies(&self, group: &SubscriptionId, tenant: Option<&tekup_core::TenantId>) -> String {
        match tenant {
            None => self.of("latencies:", group),
            Some(tenant) => self.of("latencies:", group) + ":" + tenant.as_str(),
        }
    }

    /// ZSET: replica → until when it counts as alive, in milliseconds; `~heard` → when one was last heard of. In the first
    /// partition only.
    pub(crate) fn replicas(&self, group: &SubscriptionId) -> String {
        self.of("replicas:", group)
    }

    /// SET: the tenants whose latencies are counted apart here.
    pub(crate) fn latency_tenants(&self, group: &SubscriptionId) -> String {
        self.of("latency-tenants:", group)
    }

    /// ZSET: subscription → when its removal began, in milliseconds by the clock of the first partition: whoever began to
    /// read it before can't bring it back.
    pub(crate) fn removed(&self) -> String {
        self.key(&["removed"])
    }

    /// HASH: when the removal that is under way `began`, and `until` when whoever removes counts as alive. In the first
    /// partition only.
    pub(crate) fn removing(&self, group: &SubscriptionId) -> String {
        self.of("removing:", group)
    }

    /// SET: the subscriptions that are being removed. In the first partition only.
    pub(crate) fn removals(&self) -> String {
        self.key(&["removals"])
    }

    /// STREAM: the audited events of the partition, each in field `r`.
    pub(crate) fn audited(&self) -> String {
        self.key(&["audit:events"])
    }

    /// HASH: id of an operator's action → its record. In the first partition only.
    pub(crate) fn actions(&self) -> String {
        self.key(&["audit:actions"])
    }

    /// ZSET: when an action began, and its id, for all that have a record. In the first partition only.
    pub(crate) fn action_order(&self) -> String {
        self.key(&["audit:order"])
    }

    /// STRING: the token of the one who sweeps for abandoned deliveries.
    pub(crate) fn sweep(&self, group: &SubscriptionId) -> String {
        self.of("sweep:", group)
    }

    /// STRING: the token of the one who trims.
    pub(crate) fn trim(&self) -> String {
        self.key(&["trim"])
    }

    /// Sharded channel: what readers that wait want to hear of.
    pub(crate) fn bell(&self) -> String {
        self.key(&["bell"])
    }

    fn of(&self, kind: &str, group: &SubscriptionId) -> String {
        self.key(&[kind, group.service().as_str(), "/", group.name().as_str()])
    }

    fn key(&self, parts: &[&str]) -> String {
        let length = self.prefix.len() + parts.iter().map(|part| part.len()).sum::<usize>();
        let mut key = String::with_capacity(length);
        key.push_str(&self.prefix);
        parts.iter().for_each(|part| key.push_str(part));
        key
    }
}

/// How an event is named inside a partition, which many tenants share: the 16 bytes of its id, then its tenant.
pub(crate) fn member(id: EventId, tenant: Option<&str>) -> Vec<u8> {
    let mut member = id.as_uuid().as_bytes().to_vec();
    member.extend_from_slice(tenant.unwrap_or_default().as_bytes());
    member
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{index::IndexLayout, testing::Server};

    fn keys() -> PartitionKeys {
        PartitionKeys::new(&NamespaceName::new("tekup").unwrap(), "s:3.7")
    }

    fn all(keys: &PartitionKeys) -> Vec<String> {
        let group: SubscriptionId = "billing/ledger".parse().unwrap();
        let lane: EventType = "lead.created".parse().unwrap();
        let v7: EventId = "018f6c9a-0000-7000-8000-000000000016".parse().unwrap();
        let v4: EventId = "9b2d6f9e-1c57-4b8a-8f0e-2f4d3c6b7a22".parse().unwrap();
        let layout = IndexLayout::first();
        let mut all = vec![keys.lanes(), keys.subscriptions(), keys.starts(), keys.trim(), keys.bell()];
        all.extend([keys.lane(&lane, Priority::High), keys.lane_named("a.b:low")]);
        all.extend([v7, v4].map(|id| keys.index(layout.bucket(id), id)));
        all.push(keys.index_rest(layout.bucket(v7), v7));
        all.extend([keys.due(&group), keys.waiting(&group), keys.retry(&group), keys.exceptions(&group)]);
        all.extend([
            keys.dead(&group),
            keys.letters(&group),
            keys.gone(&group),
            keys.books(&group),
            keys.sweep(&group),
            keys.state(&group),
            keys.finished(&group),
            keys.replicas(&group),
        ]);
        all.extend([keys.later(), keys.later_events(), keys.later_tenants()]);
        all.extend([keys.later_unreadable(), keys.later_mover()]);
        all.extend([keys.letter_holds(&group), keys.latency_tenants(&group), keys.removed(), keys.removing(&group)]);
        all.push(keys.removals());
        all.extend([keys.audited(), keys.actions(), keys.action_order()]);
        all.extend([keys.counters(None), keys.counters(Some(&"acme@eu".parse().unwrap()))]);
        all.push(keys.trace(&"acme".parse().unwrap(), "{import}:7"));
        all.extend([keys.latencies(&group, None), keys.latencies(&group, Some(&"acme@eu".parse().unwrap()))]);
        all
    }

    #[test]
    fn keys_are_written_as_the_layout_says() {
        let written = all(&keys());
        let expected = [
            "lanes",
            "subs",
            "starts",
            "trim",
            "bell",
            "lane:lead.created:high",
            "lane:a.b:low",
            "ids:1.1715513982976",
            "id:9b2d6f9e1c574b8a8f0e2f4d3c6b7a22",
            "ids:1.1715513982976:rest",
            "due:billing/ledger",
            "waiting:billing/ledger",
            "retry:billing/ledger",
            "exceptions:billing/ledger",
            "dead:billing/ledger",
            "letters:billing/ledger",
            "gone:billing/ledger",
            "books:billing/ledger",
            "sweep:billing/ledger",
            "state:billing/ledger",
            "finished:billing/ledger",
            "replicas:billing/ledger",
            "later",
            "later:events",
            "later:tenants",
            "later:unreadable",
            "later:mover",
            "letter-holds:billing/ledger",
            "latency-tenants:billing/ledger",
            "removed",
            "removing:billing/ledger",
            "removals",
            "audit:events",
            "audit:actions",
            "audit:order",
            "counters:~all",
            "counters:acme@eu",
            "trace:acme:{import}:7",
            "latencies:billing/ledger",
            "latencies:billing/ledger:acme@eu",
        ];
        let expected: Vec<String> = expected.iter().map(|key| format!("tekup:{{s:3.7}}:{key}")).collect();
        assert_eq!(written, expected);
    }

    #[tokio::test]
    async fn all_keys_of_a_partition_are_in_the_slot_of_its_tag() {
        let server = Server::cluster().await;
        let mut connection = server.connect().await;
        let slot = crate::partition::slot("s:3.7");
        for key in all(&keys()) {
            let found: u16 = redis::cmd("CLUSTER").arg("KEYSLOT").arg(&key).query_async(&mut connection).await.unwrap();
            assert_eq!(found, slot, "{key}");
        }
    }

    #[test]
    fn a_namespace_that_could_open_a_hash_tag_is_refused() {
        let long = "a".repeat(65);
        for text in ["", "{x}", "a{", "a}", "a:b", "a b", "a\nb", "tenænt", "*", &long] {
            let error = NamespaceName::new(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{text:?}");
            assert!(error.to_string().contains("use 1 to 64"), "{error}");
        }
        assert!(NamespaceName::new(&"a".repeat(64)).is_ok());
    }

    #[test]
    fn two_tenants_with_one_id_are_two_members() {
        let id = EventId::generate();
        assert_ne!(member(id, Some("a")), member(id, Some("b")));
        assert_eq!(member(id, None).len(), 16);
    }
}
