//! All that the doctor looks at.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tekup_core::{
    ErrorKind, EventBus, Timestamp,
    letters::LetterFilter,
    transport::{Depth, ListedSubscription, Replicas, SubscriptionState},
};
use tekup_redis_transport::{PartitionFacts, RedisTransport, ServerFacts};
use tokio::time::{Instant, sleep_until};

use crate::subscriptions::{self, Page};

/// How long it is watched how many more events are stored.
const WATCHED: Duration = Duration::from_secs(1);

/// Of so many dead letters it is told what they died of.
const LETTERS: usize = 100;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Facts {
    pub(super) server: ServerFacts,
    /// Events that are not settled, those of each subscription counted for itself.
    pub(super) waiting: u64,
    /// Events a second by which more are stored that are not settled; less than nothing where they get fewer.
    pub(super) growth: f64,
    pub(super) partitions: Vec<PartitionFacts>,
    pub(super) subscriptions: Vec<SubscriptionFacts>,
    /// Where the list of subscriptions goes on.
    pub(super) next: Option<String>,
    #[serde(skip)]
    pub(super) at: Timestamp,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionFacts {
    pub(super) id: String,
    pub(super) replicas: Replicas,
    pub(super) removing: bool,
    pub(super) state: SubscriptionState,
    pub(super) depth: Depth,
    /// The lanes whose place the store has lost.
    pub(super) lost: Vec<String>,
    /// What half of what was handled took, in milliseconds.
    pub(super) handling_p50_ms: Option<f64>,
    /// What most of its first dead letters died of.
    pub(super) deaths: Option<Deaths>,
}

/// The most frequent error of some dead letters.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deaths {
    pub(super) error: String,
    pub(super) count: usize,
    /// Of so many.
    pub(super) looked_at: usize,
}

pub(super) async fn gather(transport: &RedisTransport, bus: &EventBus, page: &Page) -> tekup_core::Result<Facts> {
    let (begun, before) = (Instant::now(), stored(&transport.partition_facts().await?));
    let listed = page.of(bus).await?;
    let subscriptions = subscriptions::each(listed.subscriptions, async |one| look(bus, one).await).await?;
    let waited = subscriptions.iter().filter(|one| !one.removing).map(|one| unsettled(&one.depth)).sum();
    sleep_until(begun + WATCHED).await;
    let (server, partitions) = (transport.server_facts().await?, transport.partition_facts().await?);
    let waiting = still_waiting(bus, &subscriptions).await?;
    // What is settled lies there until it is trimmed, in bursts; what waits for many is stored once. Both must grow.
    let more = difference(stored(&partitions), before).min(difference(waiting, waited));
    let growth = more / begun.elapsed().as_secs_f64();
    Ok(Facts { server, waiting, growth, partitions, subscriptions, next: listed.next, at: listed.at })
}

async fn still_waiting(bus: &EventBus, subscriptions: &[SubscriptionFacts]) -> tekup_core::Result<u64> {
    let there = subscriptions.iter().filter(|one| !one.removing);
    let depths = stream::iter(there).map(async |one| match bus.depths(&one.id).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        depths => Ok(unsettled(&depths?.total)),
    });
    depths.buffered(subscriptions::AT_ONCE).try_fold(0, async |sum, waiting| Ok(sum + waiting)).await
}

const fn unsettled(depth: &Depth) -> u64 {
    depth.ready + depth.in_flight + depth.retrying + depth.dead
}

pub(super) fn stored(partitions: &[PartitionFacts]) -> u64 {
    partitions.iter().map(|partition| partition.entries).sum()
}

#[allow(clippy::cast_precision_loss, reason = "a rate of events needs no more than 53 bits")]
fn difference(now: u64, before: u64) -> f64 {
    now as f64 - before as f64
}

async fn look(bus: &EventBus, one: ListedSubscription) -> tekup_core::Result<SubscriptionFacts> {
    let ListedSubscription { id, replicas, removing, .. } = one;
    let id = id.to_string();
    let mut facts = SubscriptionFacts {
        replicas,
        removing,
        state: SubscriptionState::default(),
        depth: Depth::default(),
        lost: Vec::new(),
        handling_p50_ms: None,
        deaths: None,
        id: id.clone(),
    };
    // One that is half removed has nothing else any more.
    if removing {
        return Ok(facts);
    }
    let depths = bus.depths(&id).await?;
    let lost = depths.lanes.iter().filter(|lane| lane.lost);
    facts.lost = lost.map(|lane| format!("{}:{}", lane.event_type, lane.priority)).collect();
    facts.depth = depths.total;
    facts.state = bus.subscription_state(&id).await?;
    let handling = bus.latencies(&id).await?.all().handling;
    facts.handling_p50_ms = handling.p50().map(|time| time.as_secs_f64() * 1e3);
    if depths.total.dead > 0 {
        facts.deaths = deaths(bus, &id).await?;
    }
    Ok(facts)
}

async fn deaths(bus: &EventBus, id: &str) -> tekup_core::Result<Option<Deaths>> {
    let page = bus.dead_letters(id)?.filter(LetterFilter::all()).list(None, LETTERS).await?;
    let looked_at = page.letters.len();
    let mut counts: Vec<(String, usize)> = Vec::new();
    for letter in page.letters {
        match counts.iter_mut().find(|(error, _)| *error == letter.error) {
            Some((_, count)) => *count += 1,
            None => counts.push((letter.error, 1)),
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    Ok(most.map(|(error, count)| Deaths { error, count, looked_at }))
}
