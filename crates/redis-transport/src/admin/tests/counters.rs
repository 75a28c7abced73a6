use tekup_core::{
    Timestamp,
    transport::{Admin, CounterDelta, Counters},
};

use super::world::{World, tenant};

fn delta(name: &str, published: u64, updated_ms: i64) -> CounterDelta {
    let updated = Some(Timestamp::from_unix_millis(updated_ms).unwrap());
    let counters = Counters {
        published,
        handled: 2,
        failed: 3,
        retried: 4,
        dead_lettered: 5,
        filtered: 6,
        handling_micros: 7_000_000_000_000,
        updated,
    };
    CounterDelta { tenant: tenant(name), counters }
}

#[tokio::test]
async fn what_processes_counted_is_summed_by_tenant_and_over_the_bus() {
    let world = World::new(4).await;
    world
        .admin
        .add_counters(vec![delta("acme", 1, 2_000), delta("globex", 10, 1_000)])
        .await
        .into_iter()
        .for_each(Result::unwrap);
    world.admin.add_counters(vec![delta("acme", 100, 500)]).await.into_iter().for_each(Result::unwrap);
    let acme = world.admin.counters(Some(&tenant("acme"))).await.unwrap();
    assert_eq!((acme.published, acme.handled, acme.handling_micros), (101, 4, 14_000_000_000_000));
    assert_eq!((acme.failed, acme.retried, acme.dead_lettered, acme.filtered), (6, 8, 10, 12));
    assert_eq!(acme.updated.unwrap().unix_millis(), 2_000);
    let all = world.admin.counters(None).await.unwrap();
    assert_eq!((all.published, all.handled, all.updated.unwrap().unix_millis()), (111, 6, 2_000));
}

#[tokio::test]
async fn before_anything_was_counted_all_is_zero() {
    let world = World::new(2).await;
    assert_eq!(world.admin.counters(None).await.unwrap(), Counters::default());
    assert_eq!(world.admin.counters(Some(&tenant("acme"))).await.unwrap(), Counters::default());
    world.admin.add_counters(Vec::new()).await.into_iter().for_each(Result::unwrap);
}

#[tokio::test]
async fn hundreds_of_tenants_are_counted_at_once() {
    let world = World::new(2).await;
    let deltas = (0..500).map(|at| delta(&format!("t{at}"), 1, 1_000)).collect();
    world.admin.add_counters(deltas).await.into_iter().for_each(Result::unwrap);
    assert_eq!(world.admin.counters(None).await.unwrap().published, 500);
    assert_eq!(world.admin.counters(Some(&tenant("t321"))).await.unwrap().published, 1);
}

#[tokio::test]
async fn a_tenant_whose_counters_can_not_be_raised_keeps_no_other_from_being_counted_once() {
    let world = World::new(1).await;
    let strange = world.admin.keys(0).unwrap().counters(Some(&tenant("t2")));
    world.run::<String>(&[b"SET", strange.as_bytes(), b"a stranger's"]).await;
    let deltas = (0..5).map(|at| delta(&format!("t{at}"), 1, 1_000)).collect();
    let told = world.admin.add_counters(deltas).await;
    assert_eq!(told.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, true, true]);
    assert_eq!(world.admin.counters(None).await.unwrap().published, 4);
    for name in ["t0", "t1", "t3", "t4"] {
        assert_eq!(world.admin.counters(Some(&tenant(name))).await.unwrap().published, 1, "{name}");
    }
}
