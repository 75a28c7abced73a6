//! Whether the partitions hold what they should.

use tekup_redis_transport::PartitionFacts;

use super::finding::Finding;
use crate::server::Address;

/// Fewer events than these can't crowd a partition.
const FEW: u64 = 10_000;

pub(super) fn findings(partitions: &[PartitionFacts], address: &Address) -> Vec<Finding> {
    [differ(partitions), crowded(partitions, address)].into_iter().flatten().collect()
}

/// Every subscription is registered in every partition.
fn differ(partitions: &[PartitionFacts]) -> Option<Finding> {
    let most = partitions.iter().map(|partition| partition.subscriptions).max()?;
    let lacking: Vec<String> = partitions
        .iter()
        .filter(|partition| partition.subscriptions < most)
        .map(|partition| format!("`{}` has {}", partition.prefix, partition.subscriptions))
        .collect();
    (!lacking.is_empty()).then(|| {
        let what = format!("of {most} subscriptions some partitions have lost some: {}", lacking.join(", "));
        Finding::error("registrations-lost", what)
            .advise("their replicas register them anew within seconds: start the services of those that do not run")
            .advise("find out what deletes keys in Redis")
    })
}

fn crowded(partitions: &[PartitionFacts], address: &Address) -> Option<Finding> {
    let whole: u64 = partitions.iter().map(|partition| partition.entries).sum();
    let largest = partitions.iter().max_by_key(|partition| partition.entries)?;
    let is_crowded = partitions.len() > 2 && whole >= FEW && largest.entries * 4 >= whole * 3;
    is_crowded.then(|| {
        let what = format!(
            "{} of {whole} stored events lie in one of {} partitions, `{}`: its tenants wait for each other",
            largest.entries,
            partitions.len(),
            largest.prefix
        );
        Finding::warning("partition-crowded", what).advise(format!(
            "look whose they are: `{}` shows them by tenant",
            address.tekup("sub show <subscription> --output json")
        ))
    })
}
