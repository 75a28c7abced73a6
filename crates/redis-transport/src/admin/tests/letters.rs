use std::time::Duration;

use tekup_core::{
    ErrorKind, EventId, TenantId,
    transport::{Admin, DeadLetter, DeadReason, LetterKey},
};

use super::world::{World, group, tenant};

async fn world(partitions: u16) -> World {
    let world = World::new(partitions).await;
    world.subscribe("crm/import", &["*"], &[]).await;
    world
}

/// All pages, and how many there were.
async fn walk(world: &World, tenant: Option<&TenantId>, most: usize) -> (Vec<DeadLetter>, usize) {
    let (mut letters, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = world.admin.dead_letters(&group("crm/import"), tenant, after, most).await.unwrap();
        assert!(page.letters.len() <= most);
        letters.extend(page.letters);
        pages += 1;
        assert!(pages < 1_000);
        after = page.next;
        if after.is_none() {
            return (letters, pages);
        }
    }
}

/// So many letters of four tenants, three of which die in the same millisecond each time.
async fn fill(world: &World, count: u64) -> Vec<EventId> {
    let mut ids = Vec::new();
    for at in 0..count {
        let id = EventId::generate();
        let owner = tenant(&format!("tenant-{}", at % 4));
        world.die(&owner, "crm/import", id, 1_757_844_930_000 + at / 3, b"{}").await;
        ids.push(id);
    }
    ids
}

#[tokio::test]
async fn pages_show_each_letter_of_all_partitions_once_and_the_oldest_first() {
    let world = world(4).await;
    let mut ids = fill(&world, 40).await;
    for most in [1, 3, 7, 40, 1_000] {
        let (letters, pages) = walk(&world, None, most).await;
        assert!(letters.is_sorted_by_key(|letter| letter.died));
        let mut shown: Vec<EventId> = letters.iter().map(|letter| letter.id).collect();
        shown.sort();
        ids.sort();
        assert_eq!(shown, ids, "{most} a page");
        assert!(pages <= 40 / most + 1);
    }
}

#[tokio::test]
async fn a_page_is_not_moved_by_letters_that_were_replayed_or_died_meanwhile() {
    let world = world(4).await;
    fill(&world, 30).await;
    let import = group("crm/import");
    let first = world.admin.dead_letters(&import, None, None, 10).await.unwrap();
    let replayed = first.letters.iter().map(LetterKey::from).collect();
    assert_eq!(world.admin.replay(&import, replayed).await.unwrap(), 10);
    world.die(&tenant("tenant-1"), "crm/import", EventId::generate(), 1_757_844_931_000, b"{}").await;
    let rest = world.admin.dead_letters(&import, None, first.next, 1_000).await.unwrap();
    assert_eq!(rest.letters.len(), 21);
    assert!(rest.letters.iter().all(|letter| first.letters.iter().all(|shown| shown.id != letter.id)));
}

#[tokio::test]
async fn a_tenant_sees_its_own_letters_only() {
    let world = world(2).await;
    fill(&world, 40).await;
    for name in ["tenant-0", "tenant-3"] {
        let (letters, _) = walk(&world, Some(&tenant(name)), 4).await;
        assert_eq!(letters.len(), 10);
        assert!(letters.iter().all(|letter| letter.tenant.as_ref().is_some_and(|owner| owner.as_str() == name)));
    }
    assert!(walk(&world, Some(&tenant("tenant")), 4).await.0.is_empty());
}

#[tokio::test]
async fn tenants_of_which_one_name_begins_the_other_share_an_id_and_a_moment() {
    let world = world(1).await;
    let id = EventId::generate();
    let names = ["acme", "acme-eu", "acme-eu-west"];
    for name in names {
        world.die(&tenant(name), "crm/import", id, 1_000, b"{}").await;
    }
    let (letters, pages) = walk(&world, None, 1).await;
    let shown: Vec<String> = letters.iter().map(|letter| letter.tenant.as_ref().unwrap().to_string()).collect();
    assert_eq!((shown, pages), (names.map(String::from).to_vec(), 3));
    for name in names {
        assert_eq!(walk(&world, Some(&tenant(name)), 10).await.0.len(), 1, "{name}");
        assert_eq!(world.admin.count_dead_letters(&group("crm/import"), Some(&tenant(name))).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_tenant_behind_thousands_of_others_is_found_by_pages_that_may_be_empty() {
    let world = world(1).await;
    fill(&world, 2_200).await;
    let id = EventId::generate();
    world.die(&tenant("late"), "crm/import", id, 1_757_844_940_000, b"{}").await;
    let (letters, pages) = walk(&world, Some(&tenant("late")), 10).await;
    assert_eq!((letters.len(), letters[0].id), (1, id));
    assert_eq!(pages, 3);
    assert_eq!(world.admin.count_dead_letters(&group("crm/import"), Some(&tenant("late"))).await.unwrap(), 1);
    assert_eq!(world.admin.count_dead_letters(&group("crm/import"), Some(&tenant("tenant-1"))).await.unwrap(), 550);
    assert_eq!(world.admin.count_dead_letters(&group("crm/import"), None).await.unwrap(), 2_201);
}

#[tokio::test]
async fn one_letter_is_shown_with_all_that_is_known() {
    let world = world(4).await;
    let (acme, id) = (tenant("acme"), EventId::generate());
    world.die(&acme, "crm/import", id, 2_000, b"not json \xff").await;
    let import = group("crm/import");
    let letter = world.admin.dead_letter(&import, &(acme.clone(), id).into()).await.unwrap().unwrap();
    assert_eq!((letter.reason, letter.attempts), (DeadReason::AttemptsExhausted, 3));
    assert_eq!((letter.error.as_str(), letter.bytes.as_ref()), ("no ledger", &b"not json \xff"[..]));
    assert_eq!((letter.first_failure.unwrap().unix_millis(), letter.died.unix_millis()), (1_000, 2_000));
    assert_eq!(world.admin.dead_letter(&import, &(tenant("globex"), id).into()).await.unwrap(), None);
    assert_eq!(world.admin.dead_letter(&import, &(acme.clone(), EventId::generate()).into()).await.unwrap(), None);
}

#[tokio::test]
async fn a_page_of_large_letters_is_cut_and_goes_on() {
    let world = world(1).await;
    let large = vec![b'x'; 1 << 20];
    for at in 0..9 {
        world.die(&tenant("acme"), "crm/import", EventId::generate(), 1_000 + at, &large).await;
    }
    let (letters, pages) = walk(&world, None, 1_000).await;
    assert_eq!(letters.len(), 9);
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn a_page_size_or_a_place_that_cannot_be_is_refused() {
    let world = world(1).await;
    let import = group("crm/import");
    for most in [0, 1_001] {
        let error = world.admin.dead_letters(&import, None, None, most).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    let error = world.admin.dead_letters(&import, None, Some("next please".into()), 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn an_unknown_subscription_is_named_with_the_nearest_known_one() {
    let world = world(2).await;
    let wrong = group("crm/inport");
    let errors = [
        world.admin.dead_letters(&wrong, None, None, 1).await.unwrap_err(),
        world.admin.dead_letter(&wrong, &(tenant("acme"), EventId::generate()).into()).await.unwrap_err(),
        world.admin.count_dead_letters(&wrong, None).await.unwrap_err(),
        world.admin.replay(&wrong, Vec::new()).await.unwrap_err(),
        world.admin.purge(&wrong, Vec::new()).await.unwrap_err(),
        world.admin.hold_letters(&wrong, None, "a", Duration::from_secs(1)).await.unwrap_err(),
        world.admin.free_letters(&wrong, None, "a").await.unwrap_err(),
        world.admin.books(&wrong).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let message = error.to_string();
        assert!(message.contains("`crm/inport`") && message.contains("did you mean `crm/import`?"), "{message}");
    }
}
