use tekup_core::{
    EventId,
    transport::{Admin, LetterKey, Stage},
};

use super::world::{World, group, tenant};
use crate::keys::member;

const IMPORT: &str = "crm/import";

async fn world() -> World {
    let world = World::new(4).await;
    world.subscribe(IMPORT, &["*"], &[]).await;
    world
}

#[tokio::test]
async fn a_purge_leaves_a_tombstone_and_none_of_the_bytes() {
    let world = world().await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.lane(&[IMPORT]).await;
    world.publish(&acme, id).await;
    world.die(&acme, IMPORT, id, 1_000, b"secret").await;
    assert_eq!(world.admin.purge(&group(IMPORT), vec![(acme.clone(), id).into()]).await.unwrap(), 1);

    let (keys, group, member) = (world.keys(&acme), group(IMPORT), member(id, Some("acme")));
    for gone in [keys.letters(&group), keys.dead(&group)] {
        assert_eq!(world.run::<u64>(&[b"EXISTS", gone.as_bytes()]).await, 0, "{gone}");
    }
    let exception: String = world.run(&[b"HGET", keys.exceptions(&group).as_bytes(), &member]).await;
    assert_eq!(exception, "dead:3");
    assert!(world.run::<Option<f64>>(&[b"ZSCORE", keys.gone(&group).as_bytes(), &member]).await.is_some());
    let status = world.admin.status(&acme, id).await.unwrap();
    assert_eq!((status.subscriptions[0].stage, status.subscriptions[0].failures), (Stage::Failed, 3));
}

#[tokio::test]
async fn hundreds_of_letters_of_many_tenants_are_purged_and_large_ones_too() {
    let world = world().await;
    let mut asked: Vec<LetterKey> = Vec::new();
    let large = vec![b'x'; 300_000];
    for at in 0..450 {
        let owner = if at < 40 { tenant("large") } else { tenant(&format!("t{}", at % 7)) };
        let (id, bytes) = (EventId::generate(), if at < 40 { large.as_slice() } else { b"{}" });
        world.die(&owner, IMPORT, id, 1_000 + at, bytes).await;
        asked.push((owner, id).into());
    }
    assert_eq!(world.admin.purge(&group(IMPORT), asked.clone()).await.unwrap(), 450);
    assert_eq!(world.admin.purge(&group(IMPORT), asked).await.unwrap(), 0);
    assert_eq!(world.admin.count_dead_letters(&group(IMPORT), None).await.unwrap(), 0);
    assert_eq!(world.admin.books(&group(IMPORT)).await.unwrap().purged, 450);
}

#[tokio::test]
async fn letters_can_be_purged_while_memory_is_full() {
    let world = world().await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.die(&acme, IMPORT, id, 1_000, b"{}").await;
    world.run::<()>(&[b"CONFIG", b"SET", b"maxmemory", b"1"]).await;
    let lease = std::time::Duration::from_secs(5);
    assert_eq!(world.admin.hold_letters(&group(IMPORT), None, "a", lease).await.unwrap(), None);
    assert_eq!(world.admin.purge(&group(IMPORT), vec![(acme, id).into()]).await.unwrap(), 1);
    world.admin.free_letters(&group(IMPORT), None, "a").await.unwrap();
}
