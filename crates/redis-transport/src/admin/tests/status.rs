use tekup_core::{
    EventId,
    transport::{Admin, EventStatus, Stage},
};

use super::world::{LANE, World, tenant};

fn stages(status: &EventStatus) -> Vec<(String, Stage, u32)> {
    status.subscriptions.iter().map(|at| (at.subscription.to_string(), at.stage, at.failures)).collect()
}

fn only(status: &EventStatus) -> Stage {
    assert_eq!(status.subscriptions.len(), 1, "{status:?}");
    status.subscriptions[0].stage
}

#[tokio::test]
async fn an_event_goes_from_pending_over_processing_to_completed() {
    let world = World::new(2).await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.subscribe("crm/import", &["lead.*"], &[]).await;
    world.lane(&["crm/import"]).await;
    let entry = world.publish(&acme, id).await;
    assert_eq!(only(&world.admin.status(&acme, id).await.unwrap()), Stage::Pending);
    world.read(&acme, "crm/import", "a").await;
    assert_eq!(only(&world.admin.status(&acme, id).await.unwrap()), Stage::Processing);
    world.ack(&acme, "crm/import", &entry).await;
    let status = world.admin.status(&acme, id).await.unwrap();
    assert_eq!((only(&status), status.stage), (Stage::Completed, Stage::Completed));
}

#[tokio::test]
async fn an_event_that_was_handed_back_is_pending_again() {
    let world = World::new(1).await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.subscribe("crm/import", &["*"], &[]).await;
    world.lane(&["crm/import"]).await;
    let entry = world.publish(&acme, id).await;
    world.read(&acme, "crm/import", "a").await;
    world.release(&acme, "crm/import", &entry).await;
    assert_eq!(only(&world.admin.status(&acme, id).await.unwrap()), Stage::Pending);
}

#[tokio::test]
async fn retries_and_dead_letters_are_told_with_their_failures() {
    let world = World::new(1).await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    let groups = ["a/dead", "b/retrying", "c/done"];
    for name in groups {
        world.subscribe(name, &["*"], &[]).await;
    }
    world.lane(&groups).await;
    let entry = world.publish(&acme, id).await;
    for name in groups {
        world.read(&acme, name, "x").await;
        world.ack(&acme, name, &entry).await;
    }
    world.except(&acme, "a/dead", id, "dead:3").await;
    world.except(&acme, "b/retrying", id, "retrying:2").await;
    let status = world.admin.status(&acme, id).await.unwrap();
    assert_eq!(status.stage, Stage::Retrying);
    let expected = [("a/dead", Stage::Failed, 3), ("b/retrying", Stage::Retrying, 2), ("c/done", Stage::Completed, 0)];
    assert_eq!(stages(&status), expected.map(|(name, stage, failures)| (name.to_owned(), stage, failures)));
}

#[tokio::test]
async fn an_event_is_not_for_those_who_came_later_nor_for_other_patterns_and_tenants() {
    let world = World::new(1).await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.subscribe("a/early", &["lead.*"], &["acme"]).await;
    world.subscribe("b/other-type", &["deal.*"], &[]).await;
    world.subscribe("c/other-tenant", &["*"], &["globex"]).await;
    world.lane(&["a/early", "c/other-tenant"]).await;
    world.publish(&acme, id).await;
    world.subscribe("d/late", &["*"], &[]).await;
    let status = world.admin.status(&acme, id).await.unwrap();
    assert_eq!(stages(&status), [("a/early".to_owned(), Stage::Pending, 0)]);
    let next = EventId::generate();
    world.publish(&acme, next).await;
    assert_eq!(world.admin.status(&acme, next).await.unwrap().subscriptions.len(), 2);
}

#[tokio::test]
async fn a_subscription_that_joins_between_two_questions_is_seen() {
    let world = World::new(1).await;
    let (acme, first, second) = (tenant("acme"), EventId::generate(), EventId::generate());
    world.lane(&[]).await;
    world.publish(&acme, first).await;
    let status = world.admin.status(&acme, first).await.unwrap();
    assert_eq!((status.stage, status.subscriptions.len()), (Stage::Completed, 0));
    world.subscribe("crm/import", &["*"], &[]).await;
    world.publish(&acme, second).await;
    assert_eq!(only(&world.admin.status(&acme, second).await.unwrap()), Stage::Pending);
}

#[tokio::test]
async fn an_id_that_is_not_known_is_never_completed() {
    let world = World::new(2).await;
    let (acme, globex, id) = (tenant("acme"), tenant("globex"), EventId::generate());
    world.subscribe("crm/import", &["*"], &[]).await;
    world.lane(&["crm/import"]).await;
    world.publish(&acme, id).await;
    for (tenant, id) in [(&globex, id), (&acme, EventId::generate())] {
        assert_eq!(world.admin.status(tenant, id).await.unwrap(), EventStatus::unknown());
    }
}

#[tokio::test]
async fn an_event_of_a_lane_that_was_deleted_is_unknown() {
    let world = World::new(1).await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.lane(&[]).await;
    world.publish(&acme, id).await;
    let lane = world.keys(&acme).lane_named(LANE);
    world.run::<u64>(&[b"DEL", lane.as_bytes()]).await;
    assert_eq!(world.admin.status(&acme, id).await.unwrap(), EventStatus::unknown());
}

#[tokio::test]
async fn a_group_that_was_lost_will_be_given_the_event_again() {
    let world = World::new(1).await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.subscribe("crm/import", &["*"], &[]).await;
    world.lane(&["crm/import"]).await;
    world.publish(&acme, id).await;
    let lane = world.keys(&acme).lane_named(LANE);
    world.run::<u64>(&[b"XGROUP", b"DESTROY", lane.as_bytes(), b"crm/import"]).await;
    assert_eq!(only(&world.admin.status(&acme, id).await.unwrap()), Stage::Pending);
}

#[tokio::test]
async fn an_index_that_was_cut_anew_is_read_anew() {
    let world = World::new(1).await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.lane(&[]).await;
    let entry = world.publish(&acme, id).await;
    assert_eq!(world.admin.status(&acme, id).await.unwrap().stage, Stage::Completed);
    let keys = world.keys(&acme);
    let layout: [&[u8]; 6] = [b"HSET", &keys.lanes().into_bytes(), b"~layout", b"2", b"~slices", b"0:64,1:8"];
    world.run::<u64>(&layout).await;
    let later = EventId::generate();
    let bucket = crate::index::IndexLayout::parse("2", "0:64,1:8").unwrap().bucket(later);
    world.index_in(bucket, &acme, later, &entry).await;
    assert_eq!(world.admin.status(&acme, later).await.unwrap().stage, Stage::Completed);
}

#[tokio::test]
async fn a_start_between_two_entries_of_one_millisecond_is_told_apart() {
    let world = World::new(1).await;
    let acme = tenant("acme");
    world.subscribe("crm/import", &["*"], &[]).await;
    world.lane(&["crm/import"]).await;
    let id = EventId::generate();
    let entry = world.publish(&acme, id).await;
    let (ms, _) = entry.split_once('-').unwrap();
    let before = format!("{}-18446744073709551615", ms.parse::<u64>().unwrap() - 1);
    let starts = world.keys(&acme).starts();
    let entry = world.move_to(&acme, id, &format!("{ms}-10")).await;
    let nine = format!("{ms}-9");
    let eleven = format!("{ms}-11");
    for (start, seen) in [(&before, 1), (&nine, 1), (&entry, 0), (&eleven, 0)] {
        world.run::<u64>(&[b"HSET", starts.as_bytes(), b"crm/import\n1", start.as_bytes()]).await;
        assert_eq!(world.admin.status(&acme, id).await.unwrap().subscriptions.len(), seen, "{start}");
    }
}

#[tokio::test]
async fn a_key_that_another_program_uses_is_an_error_and_no_status() {
    let world = World::new(1).await;
    let lanes = world.keys(&tenant("acme")).lanes();
    world.run::<()>(&[b"SET", lanes.as_bytes(), b"mine"]).await;
    let error = world.admin.status(&tenant("acme"), EventId::generate()).await.unwrap_err();
    assert_eq!(error.kind(), tekup_core::ErrorKind::Incompatible);
}
