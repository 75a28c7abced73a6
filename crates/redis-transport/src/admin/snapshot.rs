//! What a partition knows of its lanes, subscriptions and index: read once, and again when it is found to be old.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use redis::Value;
use tekup_core::{ErrorKind, EventType, Priority, Result, SubscriptionId, TenantId};

use super::{RedisAdmin, nearest::nearest};
use crate::{error, index::IndexLayout, record::Record};

/// A subscription, as registered.
#[derive(Debug, Clone)]
pub(super) struct Registered {
    pub(super) id: SubscriptionId,
    pub(super) record: Record,
}

impl Registered {
    fn read(name: &str, record: &str) -> Option<Self> {
        let read = Record::read(record).and_then(|record| Some(Self { id: name.parse().ok()?, record }));
        if read.is_none() {
            tracing::warn!(subscription = name, "the registry holds a subscription that can't be read; it is left out");
        }
        read
    }

    pub(super) fn takes(&self, event_type: &EventType, tenant: &TenantId) -> bool {
        let (patterns, tenants) = (self.record.patterns(), self.record.tenants());
        let wanted = tenants.is_empty() || tenants.contains(tenant);
        wanted && patterns.iter().any(|pattern| pattern.matches(event_type))
    }
}

/// What a partition knew at one moment.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) layout: IndexLayout,
    /// The registry's version, as stored.
    pub(super) version: String,
    pub(super) subscriptions: Vec<Registered>,
    /// Number of a lane → its name, `<type>:<priority>`.
    pub(super) lanes: HashMap<u32, String>,
}

type Stored = ((Option<u64>, Option<String>), HashMap<String, String>, HashMap<String, String>);

impl Snapshot {
    fn read((layout, mut subscriptions, mut lanes): Stored) -> Result<Self> {
        let layout = match layout {
            (Some(version), Some(slices)) => IndexLayout::parse(version, &slices)?,
            _ => IndexLayout::first(),
        };
        let version = subscriptions.remove("~version").unwrap_or_else(|| "0".into());
        let subscriptions = subscriptions.iter().filter_map(|(name, record)| Registered::read(name, record)).collect();
        lanes.remove("~version");
        let lanes = lanes.into_iter().filter_map(|(name, number)| Some((number.parse().ok()?, name))).collect();
        Ok(Self { layout, version, subscriptions, lanes })
    }

    pub(super) fn record(&self, subscription: &SubscriptionId) -> Option<&Record> {
        self.subscriptions.iter().find(|known| known.id == *subscription).map(|known| &known.record)
    }

    /// The lanes: their names, and what those say.
    pub(super) fn lanes(&self) -> impl Iterator<Item = (&String, (EventType, Priority))> {
        self.lanes.values().filter_map(|name| {
            let (event_type, priority) = name.rsplit_once(':')?;
            Some((name, (EventType::new(event_type).ok()?, priority.parse().ok()?)))
        })
    }

    fn knows(&self, subscription: &SubscriptionId) -> bool {
        self.subscriptions.iter().any(|known| known.id == *subscription)
    }

    pub(super) fn not_found(&self, subscription: &SubscriptionId) -> tekup_core::Error {
        let names: Vec<String> = self.subscriptions.iter().map(|known| known.id.to_string()).collect();
        let hint = match nearest(&subscription.to_string(), names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("{} subscriptions are known: check service and name", names.len()),
        };
        tekup_core::Error::new(ErrorKind::NotFound, format!("there is no subscription `{subscription}`; {hint}"))
    }
}

/// The last snapshot of each partition.
#[derive(Debug)]
pub(super) struct Snapshots(Vec<Mutex<Option<Arc<Snapshot>>>>);

impl Snapshots {
    pub(super) fn new(partitions: usize) -> Self {
        Self((0..partitions).map(|_| Mutex::new(None)).collect())
    }

    fn get(&self, partition: usize) -> Option<Arc<Snapshot>> {
        self.0.get(partition)?.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, partition: usize, snapshot: &Arc<Snapshot>) {
        let Some(kept) = self.0.get(partition) else { return };
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(snapshot));
    }
}

impl RedisAdmin {
    pub(super) async fn snapshot(&self, partition: usize) -> Result<Arc<Snapshot>> {
        match self.snapshots.get(partition) {
            Some(snapshot) => Ok(snapshot),
            None => self.fresh_snapshot(partition).await,
        }
    }

    pub(super) async fn fresh_snapshot(&self, partition: usize) -> Result<Arc<Snapshot>> {
        let keys = self.keys(partition)?;
        let mut pipeline = redis::pipe();
        pipeline.cmd("HMGET").arg(keys.layout()).arg("version").arg("slices");
        pipeline.cmd("HGETALL").arg(keys.subscriptions());
        pipeline.cmd("HGETALL").arg(keys.lanes());
        let answers: Result<Vec<Value>> = self.connection.all(pipeline).await?.into_iter().collect();
        let stored = redis::from_redis_value(Value::Array(answers?));
        let stored = stored.map_err(|cause| error::unexpected("the registry").with_source(cause))?;
        let snapshot = Arc::new(Snapshot::read(stored)?);
        self.snapshots.set(partition, &snapshot);
        Ok(snapshot)
    }

    /// # Errors
    /// [`ErrorKind::NotFound`], with the most similar name, if the subscription was never opened. Each partition knows
    /// all subscriptions, so one is asked.
    pub(super) async fn must_exist(&self, subscription: &SubscriptionId) -> Result<()> {
        if self.snapshot(0).await?.knows(subscription) {
            return Ok(());
        }
        let snapshot = self.fresh_snapshot(0).await?;
        if snapshot.knows(subscription) { Ok(()) } else { Err(snapshot.not_found(subscription)) }
    }
}
