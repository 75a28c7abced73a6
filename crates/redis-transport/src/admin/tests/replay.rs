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
    world.subscribe("audit/all", &["*"], &[]).await;
    world
}

#[tokio::test]
async fn a_replayed_letter_waits_for_its_subscription_alone_with_no_failures() {
    let world = world().await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.lane(&[IMPORT, "audit/all"]).await;
    world.publish(&acme, id).await;
    for name in [IMPORT, "audit/all"] {
        world.die(&acme, name, id, 1_000, b"bytes").await;
    }
    assert_eq!(world.admin.replay(&group(IMPORT), vec![(acme.clone(), id).into()]).await.unwrap(), 1);

    let keys = world.keys(&acme);
    let retry = keys.retry(&group(IMPORT));
    type Entries = Vec<(String, Vec<(String, redis::Value)>)>;
    let read: Vec<(String, Entries)> =
        world.run(&[b"XREADGROUP", b"GROUP", IMPORT.as_bytes(), b"x", b"STREAMS", retry.as_bytes(), b">"]).await;
    let fields = &read[0].1[0].1;
    let bytes = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).unwrap();
    let text = |name: &str| redis::from_redis_value::<String>(bytes(name)).unwrap();
    let held = redis::from_redis_value::<bytes::Bytes>(bytes("m")).unwrap();
    assert_eq!(held.as_ref(), member(id, Some("acme")));
    assert_eq!(["e", "f", "w", "l"].map(text), ["bytes", "0", "0", "lead.created:medium"]);

    assert_eq!(world.admin.dead_letter(&group(IMPORT), &(acme.clone(), id).into()).await.unwrap(), None);
    assert_eq!(world.admin.count_dead_letters(&group(IMPORT), None).await.unwrap(), 0);
    assert_eq!(world.admin.count_dead_letters(&group("audit/all"), None).await.unwrap(), 1);
    let status = world.admin.status(&acme, id).await.unwrap();
    let stages: Vec<(Stage, u32)> = status.subscriptions.iter().map(|at| (at.stage, at.failures)).collect();
    assert_eq!(stages, [(Stage::Failed, 3), (Stage::Processing, 0)]);
    assert_eq!(world.run::<u64>(&[b"EXISTS", keys.retry(&group("audit/all")).as_bytes()]).await, 0);
}

#[tokio::test]
async fn only_letters_that_are_there_are_counted_and_each_once() {
    let world = world().await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.die(&acme, IMPORT, id, 1_000, b"{}").await;
    let asked = [(acme.clone(), id), (acme.clone(), id), (acme, EventId::generate()), (tenant("globex"), id)];
    let asked: Vec<LetterKey> = asked.map(LetterKey::from).into();
    assert_eq!(world.admin.replay(&group(IMPORT), asked.clone()).await.unwrap(), 1);
    assert_eq!(world.admin.replay(&group(IMPORT), asked).await.unwrap(), 0);
    assert_eq!(world.admin.replay(&group(IMPORT), Vec::new()).await.unwrap(), 0);
}

#[tokio::test]
async fn hundreds_of_letters_of_many_tenants_are_moved_and_large_ones_too() {
    let world = world().await;
    let mut asked = Vec::new();
    let large = vec![b'x'; 300_000];
    for at in 0..450 {
        let owner = if at < 40 { tenant("large") } else { tenant(&format!("t{}", at % 7)) };
        let (id, bytes) = (EventId::generate(), if at < 40 { large.as_slice() } else { b"{}" });
        world.die(&owner, IMPORT, id, 1_000 + at, bytes).await;
        asked.push((owner, id).into());
    }
    assert_eq!(world.admin.replay(&group(IMPORT), asked).await.unwrap(), 450);
    assert_eq!(world.admin.count_dead_letters(&group(IMPORT), None).await.unwrap(), 0);
    assert_eq!(world.admin.books(&group(IMPORT)).await.unwrap().retrying, 450);
}

#[tokio::test]
async fn letters_can_be_replayed_while_memory_is_full() {
    let world = world().await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.die(&acme, IMPORT, id, 1_000, b"{}").await;
    world.run::<()>(&[b"CONFIG", b"SET", b"maxmemory", b"1"]).await;
    assert_eq!(world.admin.replay(&group(IMPORT), vec![(acme, id).into()]).await.unwrap(), 1);
}

#[tokio::test]
async fn a_waiting_reader_is_told_of_a_replay() {
    let world = world().await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.die(&acme, IMPORT, id, 1_000, b"{}").await;
    let mut heard = world.listen(&world.keys(&acme).bell()).await;
    world.admin.replay(&group(IMPORT), vec![(acme, id).into()]).await.unwrap();
    let message = tokio::time::timeout(std::time::Duration::from_secs(5), heard.recv()).await.unwrap().unwrap();
    assert_eq!(message, "retry:crm/import");
}
