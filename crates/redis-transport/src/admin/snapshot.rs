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
        let tenants = self.record.tenants();
        (tenants.is_empty() || tenants.contains(tenant)) && self.takes_type(event_type)
    }

    pub(super) fn takes_type(&self, event_type: &EventType) -> bool {
        self.record.patterns().iter().any(|pattern| pattern.matches(event_type))
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

type Stored = (HashMap<String, String>, HashMap<String, String>);

impl Snapshot {
    fn read((mut subscriptions, lanes): Stored) -> Result<Self> {
        let layout = match (lanes.get("~layout"), lanes.get("~slices")) {
            (Some(version), Some(slices)) => IndexLayout::parse(version, slices)?,
            _ => IndexLayout::first(),
        };
        let version = subscriptions.remove("~version").unwrap_or_else(|| "0".into());
        let subscriptions = subscriptions.iter().filter_map(|(name, record)| Registered::read(name, record)).collect();
        let lanes = lanes.into_iter().filter(|(name, _)| !name.starts_with('~'));
        let lanes = lanes.filter_map(|(name, number)| Some((number.parse().ok()?, name))).collect();
        Ok(Self { layout, version, subscriptions, lanes })
    }

    pub(super) fn record(&self, subscription: &SubscriptionId) -> Option<&Record> {
        self.subscriptions.iter().find(|known| known.id == *subscription).map(|known| &known.record)
    }

    /// Whether the subscription takes what lies in the lane of that name, by its record or by the one here.
    pub(super) fn is_taken(&self, subscription: &Registered, lane: &str) -> bool {
        let event_type = lane.rsplit_once(':').and_then(|(event_type, _)| EventType::new(event_type).ok());
        event_type.is_some_and(|event_type| {
            let here = self.subscriptions.iter().find(|known| known.id == subscription.id);
            here.into_iter().chain([subscription]).any(|known| known.takes_type(&event_type))
        })
    }

    /// The lanes: their names, and what those say.
    pub(super) fn lanes(&self) -> impl Iterator<Item = (&String, (EventType, Priority))> {
        self.lanes.values().filter_map(|name| {
            let (event_type, priority) = name.rsplit_once(':')?;
            Some((name, (EventType::new(event_type).ok()?, priority.parse().ok()?)))
        })
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
        pipeline.cmd("HGETALL").arg(keys.subscriptions());
        pipeline.cmd("HGETALL").arg(keys.lanes());
        let answers: Result<Vec<Value>> = self.connection.all(pipeline).await?.into_iter().collect();
        let stored = redis::from_redis_value(Value::Array(answers?));
        let stored = stored.map_err(|cause| error::unexpected("the registry").with_source(cause))?;
        let snapshot = Arc::new(Snapshot::read(stored)?);
        self.snapshots.set(partition, &snapshot);
        Ok(snapshot)
    }

    /// The subscription as it is registered now; one that is being removed takes nothing any more.
    ///
    /// # Errors
    /// As [`must_exist`](Self::must_exist).
    pub(super) async fn registered(&self, subscription: &SubscriptionId) -> Result<Registered> {
        let snapshot = self.fresh_snapshot(0).await?;
        let found = snapshot.subscriptions.iter().find(|known| known.id == *subscription);
        if let Some(found) = found {
            return Ok(found.clone());
        }
        self.must_exist(subscription).await?;
        Ok(Registered { id: subscription.clone(), record: Record::default() })
    }

    /// # Errors
    /// [`ErrorKind::NotFound`], with the most similar name, if the subscription was never opened, or was removed. Asked
    /// anew each time, for any process may have removed it. Each partition knows all subscriptions, so one is asked.
    pub(super) async fn must_exist(&self, subscription: &SubscriptionId) -> Result<()> {
        let (keys, name) = (self.keys(0)?, subscription.to_string());
        let mut pipeline = redis::pipe();
        pipeline.cmd("HEXISTS").arg(keys.subscriptions()).arg(&name);
        pipeline.cmd("EXISTS").arg(keys.removing(subscription));
        let known: (bool, bool) = self.ask_all("whether a subscription is registered", pipeline).await?;
        // One whose removal was begun is there until that is finished.
        if known != (false, false) || self.is_known_anywhere(&name).await? {
            return Ok(());
        }
        Err(self.fresh_snapshot(0).await?.not_found(subscription))
    }

    /// Whoever joined it may have died on the way.
    async fn is_known_anywhere(&self, name: &str) -> Result<bool> {
        let mut pipeline = redis::pipe();
        for keys in self.namespace.partitions() {
            pipeline.cmd("HEXISTS").arg(keys.subscriptions()).arg(name);
        }
        let known: Vec<bool> = self.ask_all("whether a subscription is registered", pipeline).await?;
        Ok(known.contains(&true))
    }
}
