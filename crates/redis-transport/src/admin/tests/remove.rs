use tekup_core::{ErrorKind, transport::Admin};

use super::world::{World, group, tenant};

const IMPORT: &str = "crm/import";

/// As if whoever removes had stood still for too long.
async fn let_lapse(world: &World) {
    let removing = world.namespace.partitions()[0].removing(&group(IMPORT));
    world.run::<u64>(&[b"HSET", removing.as_bytes(), b"until", b"1"]).await;
}

#[tokio::test]
async fn a_removal_that_was_overtaken_deletes_nothing_of_what_began_anew() {
    let world = World::new(4).await;
    world.lane(&["crm/audit"]).await;
    world.subscribe(IMPORT, &["*"], &[]).await;
    let import = group(IMPORT);
    let frozen = world.admin.begin_removal(&import, None).await.unwrap();
    let busy = world.admin.remove(&import).await.unwrap_err();
    assert_eq!(busy.kind(), ErrorKind::Conflict, "{busy}");
    let_lapse(&world).await;
    world.admin.remove(&import).await.unwrap();
    world.subscribe(IMPORT, &["*"], &[]).await;

    let overtaken = world.admin.begin_removal(&import, Some(frozen)).await.unwrap_err();
    assert_eq!(overtaken.kind(), ErrorKind::Conflict, "{overtaken}");
    for partition in 0..4 {
        let refused = world.admin.remove_from(partition, &import, frozen).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");
    }
    let acme = tenant("acme");
    world.publish(&acme, tekup_core::EventId::generate()).await;
    assert_eq!(world.admin.books(&import).await.unwrap().ready, 1);
}

#[tokio::test]
async fn a_removal_that_another_took_over_goes_no_further() {
    let world = World::new(4).await;
    world.lane(&["crm/audit"]).await;
    world.subscribe(IMPORT, &["*"], &[]).await;
    let import = group(IMPORT);
    let first = world.admin.begin_removal(&import, None).await.unwrap();
    world.admin.remove_from(3, &import, first).await.unwrap();
    let_lapse(&world).await;
    let second = world.admin.begin_removal(&import, None).await.unwrap();
    assert!(second > first);
    assert!(world.admin.begin_removal(&import, Some(first)).await.is_err());
    assert_eq!(world.admin.begin_removal(&import, Some(second)).await.unwrap(), second, "whoever goes on renews");
    world.admin.remove_from(3, &import, second).await.unwrap();
    assert!(world.admin.remove_from(3, &import, first).await.is_err());
}

#[tokio::test]
async fn the_last_call_of_a_removal_that_comes_twice_deletes_nothing_of_what_began_anew() {
    let world = World::new(4).await;
    world.lane(&["crm/audit"]).await;
    world.subscribe(IMPORT, &["*"], &[]).await;
    let import = group(IMPORT);
    let began = world.admin.begin_removal(&import, None).await.unwrap();
    for partition in (0..4).rev() {
        world.admin.remove_from(partition, &import, began).await.unwrap();
    }
    assert!(world.admin.books(&import).await.is_err());
    world.subscribe(IMPORT, &["*"], &[]).await;
    let again = world.admin.remove_from(0, &import, began).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict, "{again}");
    assert_eq!(world.admin.replicas(&import).await.unwrap().alive, 0, "it is registered in the first partition");
}
