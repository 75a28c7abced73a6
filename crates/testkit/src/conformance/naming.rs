//! Names that look alike or are as long as allowed.

use tekup_core::{
    Result,
    transport::{Admin, Capabilities, CounterDelta, Counters, EventStatus},
};

use super::{
    Harness, Scene,
    events::{assert_all, event_of, ids},
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

/// Names that one key, one pattern or one separator too few would mix up.
const ALIKE: [&str; 6] = ["a", "A", "a.a", "a-a", "a_a", "aa"];

pub async fn tenants_with_names_alike_are_kept_apart<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let mut sent = Vec::new();
    for (number, tenant) in ALIKE.into_iter().enumerate() {
        let counters = Counters { published: 1 << number, ..Counters::default() };
        scene
            .admin()
            .add_counters(vec![CounterDelta { tenant: tenant.parse()?, counters }])
            .await
            .into_iter()
            .collect::<Result<Vec<()>>>()?;
        sent.push(event_of(tenant, "lead.created")?);
    }
    scene.publish(sent.clone()).await?;
    let admin = scene.admin();
    for (number, event) in sent.iter().enumerate() {
        assert_eq!(admin.counters(Some(&event.tenant)).await?.published, 1 << number, "{}", event.tenant);
        for other in sent.iter().filter(|other| other.tenant != event.tenant && scene.can().status) {
            assert_eq!(admin.status(&other.tenant, event.id).await?, EventStatus::unknown(), "{}", other.tenant);
        }
    }
    assert_all(reader.finish(sent.len(), sent.len()).await?, ids(&sent));
    Ok(())
}

pub async fn subscriptions_with_names_alike_are_kept_apart<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let mut readers = Vec::new();
    for (service, name) in [("a", "b"), ("a", "b-b"), ("a-b", "b"), ("a", "b.b"), ("A", "b"), ("b", "a")] {
        readers.push(scene.open(&format!("{service}/{name}"), &["*"]).await?);
    }
    let sent = event_of("acme", "lead.created")?;
    scene.publish_one(&sent).await?;
    for reader in &readers {
        reader.retry(&reader.take_one().await?, H::delay()).await?;
    }
    for reader in &readers {
        let again = reader.take_one_within(H::delay() + H::soon()).await?;
        assert_eq!((again.id, again.failures), (sent.id, 1));
        reader.ack(&[again]).await?;
        reader.nothing_comes().await?;
    }
    Ok(())
}

pub async fn the_longest_names_are_taken<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let longest = |bytes: usize| "n".repeat(bytes);
    let id = format!("{}/{}", longest(64), longest(64));
    let event_type = format!("lead.{}", longest(128 - "lead.".len()));
    let reader = scene.open(&id, &[&event_type, &format!("{}*", longest(127))]).await?;
    let sent = event_of(&longest(128), &event_type)?;
    scene.publish_one(&sent).await?;
    reader.retry(&reader.take_one().await?, H::delay()).await?;
    let again = reader.take_one_within(H::delay() + H::soon()).await?;
    assert_eq!((again.id, again.tenant.as_ref()), (sent.id, Some(&sent.tenant)));
    reader.bury(&[again]).await?;
    if scene.can().dead_letters {
        assert_eq!(scene.admin().count_dead_letters(&reader.id, Some(&sent.tenant)).await?, 1);
    }
    Ok(())
}

pub async fn a_dash_and_a_dot_in_a_pattern_stand_for_themselves<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["a-b.c*"]).await?;
    let mut unwanted = Vec::new();
    for event_type in ["aab.c", "ab.c", "a.b.c", "a-bxc.d", "xa-b.c"] {
        unwanted.push(event_of("acme", event_type)?);
    }
    let wanted = [event_of("acme", "a-b.c")?, event_of("acme", "a-b.cd.e")?];
    scene.publish([unwanted, wanted.to_vec()].concat()).await?;
    assert_all(reader.finish(2, 2).await?, ids(&wanted));
    reader.nothing_comes().await
}
