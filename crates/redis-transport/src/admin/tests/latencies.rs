use tekup_core::transport::{Admin, Latency, LatencyDelta};

use super::world::{World, group, tenant};

const IMPORT: &str = "crm/import";

fn delta(event_type: String, buckets: usize, tenant_name: Option<&str>) -> LatencyDelta {
    let mut latency = Latency::default();
    (0..buckets).for_each(|bucket| latency.handling.count_in(bucket, 1));
    LatencyDelta {
        subscription: group(IMPORT),
        tenant: tenant_name.map(tenant),
        event_type: Some(event_type.parse().unwrap()),
        latency,
    }
}

#[tokio::test]
async fn latencies_of_hundreds_of_types_are_raised_and_read_in_several_calls() {
    let world = World::new(4).await;
    world.subscribe(IMPORT, &["*"], &[]).await;
    let all = || (0..300).map(|number| delta(format!("a.n{number}"), 20, None)).collect::<Vec<_>>();
    world.admin.add_latencies(all()).await.unwrap();
    world.admin.add_latencies(all()).await.unwrap();
    let read = world.admin.latencies(&group(IMPORT), None).await.unwrap();
    assert_eq!((read.by_type.len(), read.all().handling.count()), (300, 12_000));
    assert!(read.by_type.values().all(|latency| latency.handling.buckets().all(|(_, count)| count == 2)));
}

#[tokio::test]
async fn latencies_are_taken_though_memory_is_full() {
    let world = World::new(1).await;
    world.subscribe(IMPORT, &["*"], &[]).await;
    world.run::<String>(&[b"CONFIG", b"SET", b"maxmemory", b"1"]).await;
    world.admin.add_latencies(vec![delta("a.b".into(), 1, Some("acme"))]).await.unwrap();
    let read = world.admin.latencies(&group(IMPORT), Some(&tenant("acme"))).await.unwrap();
    assert_eq!(read.all().handling.count(), 1);
}
