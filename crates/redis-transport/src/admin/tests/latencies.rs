use tekup_core::{
    Error, ErrorKind,
    transport::{Admin, Latency, LatencyDelta},
};

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
    world.admin.add_latencies(all()).await.into_iter().for_each(Result::unwrap);
    world.admin.add_latencies(all()).await.into_iter().for_each(Result::unwrap);
    let read = world.admin.latencies(&group(IMPORT), None).await.unwrap();
    assert_eq!((read.by_type.len(), read.all().handling.count()), (300, 12_000));
    assert!(read.by_type.values().all(|latency| latency.handling.buckets().all(|(_, count)| count == 2)));
}

#[tokio::test]
async fn latencies_are_taken_though_memory_is_full() {
    let world = World::new(1).await;
    world.subscribe(IMPORT, &["*"], &[]).await;
    world.run::<String>(&[b"CONFIG", b"SET", b"maxmemory", b"1"]).await;
    world.admin.add_latencies(vec![delta("a.b".into(), 1, Some("acme"))]).await.into_iter().for_each(Result::unwrap);
    let read = world.admin.latencies(&group(IMPORT), Some(&tenant("acme"))).await.unwrap();
    assert_eq!(read.all().handling.count(), 1);
}

#[tokio::test]
async fn of_a_batch_each_subscription_has_its_own_answer_and_what_was_taken_is_counted_once() {
    let world = World::new(4).await;
    world.subscribe(IMPORT, &["*"], &[]).await;
    let of = |name| LatencyDelta { subscription: group(name), ..delta("a.b".into(), 3, None) };
    let (strange, gone) = ("crm/strange", "crm/gone");
    world.subscribe(strange, &["*"], &[]).await;
    let key =
        world.admin.keys(world.admin.namespace.home_of(&group(strange))).unwrap().latencies(&group(strange), None);
    world.run::<String>(&[b"SET", key.as_bytes(), b"a stranger's"]).await;
    let told = world.admin.add_latencies(vec![of(IMPORT), of(strange), of(gone), of(IMPORT)]).await;
    let kinds: Vec<_> = told.iter().map(|told| told.as_ref().err().map(Error::kind)).collect();
    assert_eq!((&kinds[0], &kinds[2], &kinds[3]), (&None, &Some(ErrorKind::NotFound), &None));
    assert!(!matches!(kinds[1], None | Some(ErrorKind::NotFound)), "{kinds:?}");
    assert_eq!(world.admin.latencies(&group(IMPORT), None).await.unwrap().all().handling.count(), 6);
}
