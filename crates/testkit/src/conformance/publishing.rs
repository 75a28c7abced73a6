//! What is stored, once, and as it was.

use tekup_core::{
    EventId, Result,
    transport::{Admin, Capabilities, Outgoing, Source, Transport},
};

use tokio::task::JoinSet;

use super::{
    Harness, Scene,
    events::{assert_all, assert_in_order, event, event_of, events, ids, with_bytes},
    replica::exactly,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

pub async fn a_batch_is_answered_in_its_order<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let mut batch = Vec::new();
    for number in 0..60 {
        batch.push(event_of(&format!("tenant-{}", number % 7), ["lead.created", "invoice.paid"][number % 2])?);
    }
    let receipts = scene.publish(batch.clone()).await?;
    assert!(receipts.iter().all(|receipt| !receipt.duplicate));
    assert_eq!(reader.finish(60, 25).await?.len(), 60);
    Ok(())
}

pub async fn an_empty_batch_is_no_error<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    assert!(scene.transport.publish(Vec::new()).await?.is_empty());
    assert!(reader.source.settle(Vec::new()).await?.is_empty());
    assert!(reader.source.renew(Vec::new()).await?.is_empty());
    if scene.can().dead_letters {
        assert_eq!(scene.admin().replay(&reader.id, Vec::new()).await?, 0);
    }
    scene.admin().add_counters(Vec::new()).await.into_iter().collect::<Result<Vec<()>>>()?;
    reader.nothing_comes().await
}

pub async fn the_same_id_is_stored_once<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let first = event("lead.created")?;
    let first_receipt = scene.publish_one(&first).await?;
    let again = scene.publish_one(&first).await?;
    assert_eq!((first_receipt.duplicate, again.duplicate), (false, scene.can().dedupe));
    let expected = if scene.can().dedupe { 1 } else { 2 };
    assert_eq!(reader.take_by(expected, expected).await?.len(), expected);
    reader.nothing_comes().await
}

pub async fn a_duplicate_is_known_after_its_event_is_finished<H: Harness>(scene: &Scene<H>) -> Result<()> {
    if !scene.can().dedupe {
        return Ok(());
    }
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let first = event("lead.created")?;
    scene.publish_one(&first).await?;
    reader.finish(1, 1).await?;
    assert!(scene.publish_one(&first).await?.duplicate);
    let mut elsewhere = first;
    elsewhere.event_type = "lead.moved".parse()?;
    assert!(scene.publish_one(&elsewhere).await?.duplicate, "the same id is the same event, whatever else differs");
    reader.nothing_comes().await
}

pub async fn the_same_id_within_one_batch_is_stored_once<H: Harness>(scene: &Scene<H>) -> Result<()> {
    if !scene.can().dedupe {
        return Ok(());
    }
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let (one, other) = (event("lead.created")?, event("lead.created")?);
    let receipts = scene.publish(vec![one.clone(), other.clone(), one.clone(), other.clone()]).await?;
    let duplicates: Vec<_> = receipts.iter().map(|receipt| receipt.duplicate).collect();
    assert_eq!(duplicates, [false, false, true, true]);
    assert_in_order(&reader.finish(2, 2).await?, &ids(&[one, other]));
    reader.nothing_comes().await
}

pub async fn two_tenants_with_one_id_have_two_events<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let one = event_of("acme", "lead.created")?;
    let mut other = event_of("globex", "lead.created")?;
    other.id = one.id;
    let receipts = scene.publish(vec![one.clone(), other.clone()]).await?;
    assert!(receipts.iter().all(|receipt| !receipt.duplicate), "ids are unique within a tenant only");
    let both = reader.take::<2>().await?;
    let mut tenants: Vec<_> = both.iter().filter_map(|delivery| delivery.tenant.clone()).collect();
    tenants.sort();
    assert_eq!(tenants, [one.tenant, other.tenant]);
    reader.ack(&both).await
}

pub async fn ids_of_other_versions_of_uuids_are_stored_once_too<H: Harness>(scene: &Scene<H>) -> Result<()> {
    if !scene.can().dedupe {
        return Ok(());
    }
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let id: EventId = "9b2d6f9e-1c57-4b8a-8f0e-2f4d3c6b7a22".parse()?;
    let named = Outgoing { id, ..event("lead.created")? };
    let receipts = scene.publish(vec![named.clone(), event("lead.created")?]).await?;
    assert!(receipts.iter().all(|receipt| !receipt.duplicate));
    assert!(scene.publish_one(&named).await?.duplicate);
    assert!(reader.finish(2, 2).await?.contains(&id));
    reader.nothing_comes().await
}

pub async fn what_is_published_without_any_subscription_is_taken<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let batch = events(20, "lead.created")?;
    assert_eq!(scene.publish(batch.clone()).await?.len(), 20);
    let reader = scene.open("billing/ledger", &["*"]).await?;
    reader.nothing_comes().await
}

pub async fn publishers_of_the_same_ids_at_once_store_each_once<H: Harness>(scene: &Scene<H>) -> Result<()> {
    if !scene.can().dedupe {
        return Ok(());
    }
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let batch = events(50, "lead.created")?;
    let mut publishing = JoinSet::new();
    for _ in 0..4 {
        let (transport, batch) = (scene.another_process().await?, batch.clone());
        publishing.spawn(async move { transport.publish(batch).await });
    }
    let mut first = Vec::new();
    while let Some(answers) = publishing.join_next().await {
        let answers = answers.map_err(|cause| unexpected(cause.to_string()))??;
        let receipts = answers.into_iter().collect::<Result<Vec<_>>>()?;
        first.extend(receipts.iter().filter(|receipt| !receipt.duplicate).map(|receipt| receipt.id));
    }
    batch.iter().for_each(|event| scene.ledger.published(event.event_type.clone()));
    assert_all(first, ids(&batch));
    assert_all(reader.finish(50, 50).await?, ids(&batch));
    reader.nothing_comes().await
}

pub async fn a_batch_of_a_thousand_events_and_two_mebibytes_is_stored<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let mut batch = Vec::new();
    for number in 0..1_000_usize {
        let event = event_of(&format!("tenant-{}", number % 3), ["lead.created", "lead.scored"][number % 2])?;
        batch.push(with_bytes(event, vec![b'x'; 2_048 + number]));
    }
    let receipts = scene.publish(batch.clone()).await?;
    assert!(receipts.iter().all(|receipt| !receipt.duplicate));
    assert_all(reader.finish(1_000, 100).await?, ids(&batch));
    if scene.can().dedupe {
        let again = scene.publish(batch).await?;
        assert!(again.iter().all(|receipt| receipt.duplicate));
    }
    reader.nothing_comes().await
}

pub async fn large_events_arrive_byte_for_byte<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let large = |seed: usize| -> Vec<u8> { (0..256 * 1024).map(|at| b'a' + ((at * seed) % 23) as u8).collect() };
    let mut batch = Vec::new();
    for seed in [1, 7, 11, 13, 17] {
        batch.push(with_bytes(event("lead.created")?, large(seed)));
    }
    scene.publish(batch.clone()).await?;
    let taken = reader.take_by(5, 5).await?;
    let [first, .., last] = exactly::<_, 5>(taken.clone())?;
    assert!(first.bytes == large(1) && last.bytes == large(17), "256 KiB of one event were changed");
    reader.ack(&taken).await
}

pub async fn bytes_that_are_no_event_arrive_as_they_are<H: Harness>(scene: &Scene<H>) -> Result<()> {
    if !scene.can().dead_letters {
        return Ok(());
    }
    let reader = scene.open("billing/ledger", &["lead.*"]).await?;
    let garbage: Vec<u8> = (0..=255).chain(*b"\r\n\0$-1\r\n").collect();
    for bytes in [garbage, Vec::new(), b"not json".to_vec()] {
        let sent = Outgoing::unchecked("acme".parse()?, "lead.created".parse()?, bytes.clone());
        scene.publish_one(&sent).await?;
        let delivery = reader.take_one().await?;
        assert_eq!((delivery.id, &delivery.tenant, &delivery.bytes[..]), (sent.id, &Some(sent.tenant), &bytes[..]));
        reader.bury(&[delivery]).await?;
    }
    let page = scene.admin().dead_letters(&reader.id, None, None, 10).await?;
    assert_eq!(page.letters.iter().map(|letter| letter.bytes.len()).sum::<usize>(), 264 + 8);
    Ok(())
}

pub async fn an_entry_of_a_stranger_is_handed_out_with_its_bytes<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["lead.*"]).await?;
    scene.publish_one(&event("lead.created")?).await?;
    reader.finish(1, 1).await?;
    if !scene.can().dead_letters || !scene.harness.smuggle(&"lead.created".parse()?, b"<lead/>").await? {
        return Ok(());
    }
    scene.ledger.ask_only_for_balance(&reader.id);
    let stranger = reader.take_one().await?;
    assert_eq!((&stranger.tenant, &stranger.bytes[..]), (&None, &b"<lead/>"[..]));
    reader.retry(&stranger, H::delay()).await?;
    let again = reader.take_one_within(H::delay() + H::soon()).await?;
    assert_eq!((again.id, &again.bytes[..], again.failures), (stranger.id, &b"<lead/>"[..], 1));
    reader.bury(&[again]).await?;
    let page = scene.admin().dead_letters(&reader.id, None, None, 10).await?;
    let [letter] = exactly(page.letters)?;
    assert_eq!((letter.id, letter.tenant, &letter.bytes[..]), (stranger.id, None, &b"<lead/>"[..]));
    Ok(())
}
