//! Publishers of one bus that come at once, and share calls.

use std::collections::BTreeMap;

use tekup_core::{
    BusConfig, ErrorKind, EventBus, EventId, Result, TenantId,
    transport::{Capabilities, Outgoing, Receipt},
};
use tokio::task::JoinSet;

use super::{
    Harness, Scene,
    events::{assert_all, assert_in_order, event, event_of, ids, with_bytes},
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

/// Publishes each part from a task of its own, one event after another; what became of each event, in any order.
async fn publish(bus: &EventBus, parts: Vec<Vec<Outgoing>>) -> Result<Vec<(EventId, Result<Receipt>)>> {
    let mut tasks = JoinSet::new();
    for part in parts {
        let bus = bus.clone();
        tasks.spawn(async move {
            let mut answers = Vec::with_capacity(part.len());
            for event in part {
                answers.push((event.id, bus.publish(event).await));
            }
            answers
        });
    }
    let mut all = Vec::new();
    while let Some(answers) = tasks.join_next().await {
        all.extend(answers.map_err(|cause| unexpected(cause.to_string()))?);
    }
    Ok(all)
}

fn parts(tasks: usize, each: usize) -> Result<Vec<Vec<Outgoing>>> {
    let part = |number: usize| (0..each).map(|_| event_of(&format!("tenant-{number}"), "lead.created")).collect();
    (0..tasks).map(part).collect()
}

pub async fn publishers_at_once_have_a_receipt_each<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let bus = scene.bus(BusConfig::new("crm")).await?;
    let parts = parts(64, 10)?;
    let sent = ids(&parts.concat());
    let answers = publish(&bus, parts).await?;
    for (id, answer) in &answers {
        assert!(answer.as_ref().is_ok_and(|receipt| receipt.id == *id && !receipt.duplicate), "{id}: {answer:?}");
    }
    assert_all(answers.into_iter().map(|(id, _)| id).collect(), sent.clone());
    assert_all(reader.finish(640, 100).await?, sent);
    reader.nothing_comes().await?;
    bus.shutdown().await?;
    assert_eq!(bus.counters().await?.published, 640);
    Ok(())
}

pub async fn of_publishers_of_one_id_at_once_one_is_new<H: Harness>(scene: &Scene<H>) -> Result<()> {
    if !scene.can().dedupe {
        return Ok(());
    }
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let bus = scene.bus(BusConfig::new("crm")).await?;
    let same = [event("lead.created")?, event("lead.scored")?];
    let answers = publish(&bus, vec![same.to_vec(); 30]).await?;
    let mut new = Vec::new();
    for (id, answer) in answers {
        let receipt = answer?;
        assert_eq!(receipt.id, id);
        new.extend((!receipt.duplicate).then_some(id));
    }
    assert_all(new, ids(&same));
    assert_all(reader.finish(2, 10).await?, ids(&same));
    reader.nothing_comes().await?;
    bus.shutdown().await
}

pub async fn each_task_among_many_keeps_its_order<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let bus = scene.bus(BusConfig::new("crm")).await?;
    let parts = parts(20, 20)?;
    publish(&bus, parts.clone()).await?;
    let mut came: BTreeMap<Option<TenantId>, Vec<EventId>> = BTreeMap::new();
    while came.values().map(Vec::len).sum::<usize>() < 400 {
        let batch = reader.take_by(1, 1).await?;
        reader.ack(&batch).await?;
        batch.into_iter().for_each(|delivery| came.entry(delivery.tenant).or_default().push(delivery.id));
    }
    for part in parts {
        let tenant = part.first().map(|event| event.tenant.clone());
        assert_in_order(came.get(&tenant).map_or(&[], Vec::as_slice), &ids(&part));
    }
    bus.shutdown().await
}

pub async fn an_event_that_is_refused_fails_no_other_that_comes_at_once<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let bus = scene.bus(BusConfig::new("crm")).await?;
    let mut parts = parts(40, 5)?;
    let mut refused = Vec::new();
    for part in parts.iter_mut().step_by(4) {
        let large = with_bytes(part.remove(2), vec![b'x'; 256 * 1024 + 1]);
        refused.push(large.id);
        part.insert(2, large);
    }
    let (stored, failed): (Vec<_>, Vec<_>) =
        publish(&bus, parts).await?.into_iter().partition(|(_, answer)| answer.is_ok());
    assert!(failed.iter().all(|(_, answer)| answer.as_ref().is_err_and(|it| it.kind() == ErrorKind::TooLarge)));
    assert_all(failed.into_iter().map(|(id, _)| id).collect(), refused);
    assert_eq!(stored.len(), 190);
    assert_all(reader.finish(190, 50).await?, stored.into_iter().map(|(id, _)| id).collect());
    reader.nothing_comes().await?;
    bus.shutdown().await
}

pub async fn a_publisher_that_leaves_takes_no_other_with_it<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    // It is unknown whether the event of a publisher that has left is stored.
    scene.ledger.ask_only_for_balance(&reader.id);
    let bus = scene.bus(BusConfig::new("crm")).await?;
    let (mut stay, mut leave) = (JoinSet::new(), JoinSet::new());
    for number in 0..60 {
        let (bus, event) = (bus.clone(), event("lead.created")?);
        let tasks = if number % 2 == 0 { &mut leave } else { &mut stay };
        tasks.spawn(async move { bus.publish(event).await });
    }
    tokio::task::yield_now().await;
    leave.abort_all();
    let mut stored = Vec::new();
    while let Some(answer) = stay.join_next().await {
        stored.push(answer.map_err(|cause| unexpected(cause.to_string()))??.id);
    }
    assert_eq!(stored.len(), 30);
    bus.shutdown().await?;
    let mut came = Vec::new();
    loop {
        let batch = reader.fetch_within(100, H::quiet()).await?;
        if batch.is_empty() {
            break;
        }
        reader.ack(&batch).await?;
        came.extend(batch.iter().map(|delivery| delivery.id));
    }
    assert!(stored.iter().all(|id| came.contains(id)), "{} of those who stayed are lost", stored.len());
    Ok(())
}

pub async fn a_stopping_bus_stores_what_it_has_accepted<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let bus = scene.bus(BusConfig::new("crm")).await?;
    let publishing = tokio::spawn({
        let (bus, parts) = (bus.clone(), parts(50, 20)?);
        async move { publish(&bus, parts).await }
    });
    bus.publish(event("lead.created")?).await?;
    bus.shutdown().await?;
    let answers = publishing.await.map_err(|cause| unexpected(cause.to_string()))??;
    let closed = |answer: &Result<Receipt>| answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Closed);
    let (stored, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, answer)| answer.is_ok());
    assert!(refused.iter().all(|(_, answer)| closed(answer)), "{refused:?}");
    reader.finish(stored.len() + 1, 100).await?;
    reader.nothing_comes().await
}
