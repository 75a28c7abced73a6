//! How long deliveries took: a hash for each subscription, and one for each tenant that is counted apart, in which a
//! field is a bucket of a type.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use tekup_core::{
    Error, ErrorKind, EventType, Result, SubscriptionId, TenantId,
    transport::{Latencies, Latency, LatencyDelta},
};

use super::{RedisAdmin, told};
use crate::{keys::PartitionKeys, scripts};

/// The most fields that one call raises, and about as many as one call reads.
const AT_ONCE: usize = 1_000;

/// What stands in place of a type for those that are counted together; it begins none.
const OTHERS: &str = "~others";

/// A bucket of a type, and what to add to it.
type Raise = (String, u64);

/// A subscription's latencies: of one tenant, or of all with `None`.
type Whose<'delta> = (&'delta SubscriptionId, Option<&'delta TenantId>);

impl RedisAdmin {
    pub(super) async fn raise_latencies(&self, deltas: &[LatencyDelta]) -> Vec<Result<()>> {
        let mut by_hash: BTreeMap<Whose<'_>, Vec<(usize, Vec<Raise>)>> = BTreeMap::new();
        for (place, delta) in deltas.iter().enumerate() {
            let raises = raises(delta.event_type.as_ref(), &delta.latency).collect();
            by_hash.entry((&delta.subscription, delta.tenant.as_ref())).or_default().push((place, raises));
        }
        let chunks = by_hash.into_iter().flat_map(|(whose, all)| chunked(all).into_iter().map(move |one| (whose, one)));
        let calls = chunks.map(async |(whose, (places, raises))| (places, self.raise_fields(whose, &raises).await));
        told::in_order(deltas.len(), join_all(calls).await)
    }

    async fn raise_fields(&self, (subscription, tenant): Whose<'_>, raises: &[Raise]) -> Result<()> {
        let keys = self.latencies_home(subscription, tenant)?;
        let mut call = scripts::LATENCIES.call(3);
        call.arg(keys.latencies(subscription, tenant)).arg(keys.subscriptions());
        call.arg(keys.latency_tenants(subscription)).arg(subscription.to_string());
        call.arg(tenant.map_or("", TenantId::as_str));
        raises.iter().for_each(|(field, by)| _ = call.arg(field).arg(by));
        if self.ask::<i64>("a raise of latencies", call).await? < 0 {
            let message = format!("there is no subscription `{subscription}` whose latencies could be counted");
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        Ok(())
    }

    pub(super) async fn read_latencies(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
    ) -> Result<Latencies> {
        self.must_exist(subscription).await?;
        let key = self.latencies_home(subscription, tenant)?.latencies(subscription, tenant);
        let (mut cursor, mut stored) = (0_u64, BTreeMap::new());
        loop {
            let mut scan = redis::cmd("HSCAN");
            scan.arg(&key).arg(cursor).arg("COUNT").arg(AT_ONCE);
            let page: Vec<Raise>;
            (cursor, page) = self.ask("latencies", scan).await?;
            // A scan may meet a field twice.
            stored.extend(page);
            if cursor == 0 {
                return Ok(gather(&stored));
            }
        }
    }

    /// A tenant's lie where all else of the tenant does, those of all tenants where the subscription's name says.
    fn latencies_home(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>) -> Result<&PartitionKeys> {
        let partition = match tenant {
            Some(tenant) => self.namespace.partition_of(tenant),
            None => self.namespace.home_of(subscription),
        };
        self.keys(partition)
    }
}

/// What is told together: whole deltas, so that each has one answer.
fn chunked(all: Vec<(usize, Vec<Raise>)>) -> Vec<(Vec<usize>, Vec<Raise>)> {
    let mut chunks: Vec<(Vec<usize>, Vec<Raise>)> = Vec::new();
    for (place, raises) in all {
        match chunks.last_mut().filter(|(_, chunk)| chunk.len() + raises.len() <= AT_ONCE) {
            Some((places, chunk)) => {
                places.push(place);
                chunk.extend(raises);
            }
            None => chunks.push((vec![place], raises)),
        }
    }
    chunks
}

fn raises(event_type: Option<&EventType>, latency: &Latency) -> impl Iterator<Item = Raise> {
    let name = event_type.map_or(OTHERS, EventType::as_str);
    let handling = latency.handling.buckets().map(|bucket| ('h', bucket));
    let end_to_end = latency.end_to_end.buckets().map(|bucket| ('e', bucket));
    handling.chain(end_to_end).map(move |(kind, (bucket, count))| (format!("{name} {kind}{bucket}"), count))
}

fn gather(stored: &BTreeMap<String, u64>) -> Latencies {
    let mut latencies = Latencies::default();
    for (field, count) in stored {
        if let Some((event_type, latency)) = read(field, *count) {
            latencies.add(event_type.as_ref(), &latency);
        }
    }
    latencies
}

/// One field; `None` if it is of a kind that a newer version may have added.
fn read(field: &str, count: u64) -> Option<(Option<EventType>, Latency)> {
    let (name, bucket) = field.split_once(' ')?;
    let mut latency = Latency::default();
    match bucket.split_at_checked(1)? {
        ("h", number) => latency.handling.count_in(number.parse().ok()?, count),
        ("e", number) => latency.end_to_end.count_in(number.parse().ok()?, count),
        _ => return None,
    }
    let event_type = if name == OTHERS { None } else { Some(name.parse().ok()?) };
    Some((event_type, latency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_what_is_strange_is_left_out() {
        let mut latency = Latency::default();
        latency.handling.count_in(0, 3);
        latency.handling.count_in(63, 4);
        latency.end_to_end.count_in(17, 7);
        let event_type: EventType = "lead.created".parse().unwrap();
        let mut stored: BTreeMap<_, _> = raises(Some(&event_type), &latency).chain(raises(None, &latency)).collect();
        assert!(stored.contains_key("lead.created h63") && stored.contains_key("~others e17"), "{stored:?}");
        for strange in ["", "lead.created", "lead.created x1", "lead.created h", "lead.created hü", "Lead h1", " h1"] {
            stored.insert(strange.into(), 1);
        }
        let read = gather(&stored);
        assert_eq!((read.of("lead.created"), &read.others, read.by_type.len()), (Some(&latency), &latency, 1));
    }
}
