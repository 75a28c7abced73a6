//! What is published for later: not before its time, then to those who are subscribed, and never once it is cancelled.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, Context, Error, ErrorKind, Event, Priority, Result, Subscription, TekupEvent, Timestamp,
    transport::{Admin, Cancellation, Capabilities, Due, EventStatus, Outgoing, Stage, Transport},
};
use tokio::{sync::mpsc, time::Instant};

use super::{
    Harness, Scene,
    events::{assert_in_order, event, event_of, events, ids},
    scene::spec,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

pub(super) fn later(mut event: Outgoing, delay: Duration) -> Outgoing {
    event.due = Some(Due::After(delay));
    event
}

/// Stores an event for later: the books hear of it when it comes.
pub(super) async fn schedule<H: Harness>(scene: &Scene<H>, event: &Outgoing) -> Result<bool> {
    let answers = scene.transport.publish(vec![event.clone()]).await?;
    let receipt = answers.into_iter().next().ok_or_else(|| unexpected("no answer for an event"))??;
    assert_eq!(receipt.id, event.id);
    Ok(receipt.duplicate)
}

/// The longest that an event with this delay may take to come.
pub(super) fn by<H: Harness>(delay: Duration) -> Duration {
    delay + H::soon()
}

pub async fn a_delayed_event_comes_not_before_its_time_and_soon_after<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = Outgoing { priority: Priority::High, ..later(event("lead.created")?, H::delay()) };
    let begun = Instant::now();
    assert!(!schedule(scene, &sent).await?);
    reader.nothing_comes_for(H::delay() * 3 / 4).await?;
    let came = reader.take_one_within(by::<H>(H::delay())).await?;
    let took = begun.elapsed();
    // A server counts whole milliseconds.
    assert!(took + Duration::from_millis(2) >= H::delay() && took <= by::<H>(H::delay()), "it came after {took:?}");
    assert_eq!((came.id, &came.bytes, came.priority, came.failures), (sent.id, &sent.bytes, Priority::High, 0));
    scene.ledger.published(sent.event_type.clone());
    reader.ack(&[came]).await?;
    reader.nothing_comes_for(H::delay() + H::quiet()).await
}

pub async fn an_event_for_a_time_comes_at_that_time<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let mut sent = event("lead.created")?;
    let delay = i64::try_from(H::delay().as_millis()).unwrap_or(i64::MAX);
    sent.due = Some(Due::At(Timestamp::from_unix_millis(Timestamp::now().unix_millis() + delay)?));
    schedule(scene, &sent).await?;
    reader.nothing_comes_for(H::delay() / 2).await?;
    let came = reader.take_one_within(by::<H>(H::delay())).await?;
    assert_eq!(came.id, sent.id);
    scene.ledger.published(sent.event_type.clone());
    reader.ack(&[came]).await
}

pub async fn an_event_whose_time_is_past_when_it_is_stored_comes_at_once<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    for due in [Due::After(Duration::ZERO), Due::At(Timestamp::from_unix_millis(1_000)?)] {
        let sent = Outgoing { due: Some(due), ..event("lead.created")? };
        schedule(scene, &sent).await?;
        scene.ledger.published(sent.event_type.clone());
        assert_eq!(reader.finish(1, 1).await?, [sent.id]);
    }
    Ok(())
}

pub async fn a_delayed_event_outlives_the_handle_that_published_it<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = later(event("lead.created")?, H::delay());
    {
        let publisher = scene.another_process().await?;
        publisher.publish(vec![sent.clone()]).await?;
    }
    let came = reader.take_one_within(by::<H>(H::delay())).await?;
    assert_eq!(came.id, sent.id);
    scene.ledger.published(sent.event_type.clone());
    reader.ack(&[came]).await
}

pub async fn a_subscription_that_joins_before_an_event_is_due_gets_it<H: Harness>(scene: &Scene<H>) -> Result<()> {
    // The lane is new when the event comes; the other one is not.
    scene.publish_one(&event("lead.scored")?).await?;
    let batch = ["lead.created", "lead.scored"].map(|name| event(name).map(|event| later(event, H::delay())));
    for sent in batch {
        schedule(scene, &sent?).await?;
    }
    let reader = scene.open("billing/ledger", &["lead.*"]).await?;
    let other = scene.open("billing/invoices", &["invoice.*"]).await?;
    let came = reader.take_within(2, 2, by::<H>(H::delay())).await?;
    ["lead.created", "lead.scored"].into_iter().try_for_each(|name| {
        scene.ledger.published(name.parse()?);
        Ok::<_, Error>(())
    })?;
    let late = scene.open("billing/late", &["lead.*"]).await?;
    reader.ack(&came).await?;
    late.nothing_comes().await?;
    other.nothing_comes().await
}

pub async fn events_come_in_the_order_of_their_times<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let (now, step) = (events(3, "lead.created")?, H::delay() / 30);
    let sent: Vec<_> = events(30, "lead.created")?
        .into_iter()
        .zip(0..)
        .map(|(event, at)| later(event, H::delay() + step * at))
        .collect();
    // In an order of its own, in one batch with others that come at once.
    let mut scheduled: Vec<_> = (0..30).filter_map(|at| sent.get(at * 7 % 30).cloned()).collect();
    scheduled.extend(now.clone());
    let answers = scene.transport.publish(scheduled).await?;
    assert!(answers.into_iter().all(|answer| answer.is_ok_and(|receipt| !receipt.duplicate)));
    (0..33).try_for_each(|_| "lead.created".parse().map(|name| scene.ledger.published(name)))?;
    assert_in_order(&reader.finish(3, 3).await?, &ids(&now));
    let mut came = Vec::new();
    while came.len() < 30 {
        let batch = reader.take_within(1, 1, by::<H>(H::delay())).await?;
        reader.ack(&batch).await?;
        came.extend(batch.iter().map(|delivery| delivery.id));
    }
    assert_in_order(&came, &ids(&sent));
    Ok(())
}

pub async fn an_event_that_comes_earlier_than_all_that_wait_is_not_kept_waiting<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let (last, first) = (later(event("lead.created")?, H::delay() * 50), later(event("lead.created")?, H::delay()));
    schedule(scene, &last).await?;
    reader.nothing_comes().await?;
    let elsewhere = scene.another_process().await?;
    elsewhere.publish(vec![first.clone()]).await?;
    let came = reader.take_one_within(by::<H>(H::delay())).await?;
    assert_eq!(came.id, first.id);
    scene.ledger.published(first.event_type.clone());
    reader.ack(&[came]).await
}

pub async fn many_events_that_are_due_at_once_all_come<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let mut batch = Vec::new();
    for number in 0..1_500 {
        let name = ["lead.created", "lead.scored", "invoice.paid"][number % 3];
        batch.push(later(event_of(&format!("tenant-{}", number % 11), name)?, H::delay()));
    }
    let answers = scene.transport.publish(batch.clone()).await?;
    assert!(answers.into_iter().all(|answer| answer.is_ok_and(|receipt| !receipt.duplicate)));
    assert_eq!(scene.admin().count_scheduled(None).await?, 1_500);
    batch.iter().for_each(|event| scene.ledger.published(event.event_type.clone()));
    let mut came = reader.take_within(1_500, 100, by::<H>(H::delay())).await?;
    reader.ack(&came).await?;
    came.sort_by_key(|delivery| delivery.id);
    came.dedup_by_key(|delivery| delivery.id);
    assert_eq!(came.len(), 1_500, "an event came twice");
    assert_eq!(scene.admin().count_scheduled(None).await?, 0);
    Ok(())
}

pub async fn the_id_of_an_event_that_waits_is_taken<H: Harness>(scene: &Scene<H>) -> Result<()> {
    if !scene.can().dedupe {
        return Ok(());
    }
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = later(event("lead.created")?, H::delay());
    assert!(!schedule(scene, &sent).await?);
    let now = Outgoing { due: None, ..sent.clone() };
    for again in [&sent, &later(sent.clone(), H::delay() * 2), &now] {
        assert!(schedule(scene, again).await?, "{again:?}");
    }
    let came = reader.take_one_within(by::<H>(H::delay())).await?;
    scene.ledger.published(sent.event_type.clone());
    reader.ack(&[came]).await?;
    for again in [&sent, &now] {
        assert!(schedule(scene, again).await?, "{again:?}");
    }
    reader.nothing_comes_for(H::delay() * 2 + H::quiet()).await
}

pub async fn the_status_follows_an_event_from_scheduled_to_completed<H: Harness>(scene: &Scene<H>) -> Result<()> {
    if !scene.can().status {
        return Ok(());
    }
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = later(event("lead.created")?, H::delay());
    schedule(scene, &sent).await?;
    assert_eq!(scene.status(&sent).await?, EventStatus::scheduled());
    assert_eq!(scene.admin().status(&"globex".parse()?, sent.id).await?, EventStatus::unknown());
    assert_eq!(scene.admin().books(&reader.id).await?.published, 0, "it is in nobody's books yet");
    let slow = scene.open("mailing/slow", &["*"]).await?;
    let came = reader.take_one_within(by::<H>(H::delay())).await?;
    scene.ledger.published(sent.event_type.clone());
    let stages = scene.status(&sent).await?.subscriptions.into_iter().map(|one| one.stage).collect::<Vec<_>>();
    assert_eq!(stages, [Stage::Processing, Stage::Pending]);
    reader.ack(&[came]).await?;
    slow.finish(1, 1).await?;
    assert_eq!(scene.status(&sent).await?.stage, Stage::Completed);
    Ok(())
}

pub async fn what_waits_is_counted_by_tenant_and_in_all<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let counts = async |admin: &<H::Transport as Transport>::Admin| {
        let of = async |tenant: &str| admin.count_scheduled(Some(&tenant.parse()?)).await;
        Ok::<_, Error>((admin.count_scheduled(None).await?, of("acme").await?, of("globex").await?))
    };
    let admin = scene.admin();
    assert_eq!(counts(&admin).await?, (0, 0, 0));
    let far = Duration::from_secs(7 * 86_400);
    let sent = [("acme", far), ("acme", H::delay()), ("globex", far)];
    let sent = sent.map(|(tenant, delay)| event_of(tenant, "lead.created").map(|event| later(event, delay)));
    let mut kept = Vec::new();
    for event in sent {
        let event = event?;
        schedule(scene, &event).await?;
        kept.push(event);
    }
    assert_eq!(counts(&admin).await?, (3, 2, 1));
    let reader = scene.open("billing/ledger", &["*"]).await?;
    reader.take_one_within(by::<H>(H::delay())).await?;
    scene.ledger.published("lead.created".parse()?);
    assert_eq!(counts(&admin).await?, (2, 1, 1));
    for event in &kept {
        let _some_come_too_late = scene.admin().cancel(&event.tenant, event.id).await?;
    }
    assert_eq!(counts(&admin).await?, (0, 0, 0));
    Ok(())
}

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct InvoiceSent {}

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct InvoiceReminded {}

pub async fn a_handler_may_publish_for_later_and_the_chain_is_kept<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(BusConfig::new("billing")).await?;
    let (tell, mut ear) = mpsc::unbounded_channel();
    let reminding = async |_: Event<InvoiceSent>, cx: Context| {
        cx.publish(cx.event(InvoiceReminded {}).delay(H::delay())).await.map(drop).map_err(Into::into)
    };
    bus.subscribe(Subscription::to::<InvoiceSent>("reminding").handler(reminding)).await?;
    let hearing = async |tell: mpsc::UnboundedSender<_>, event: Event<InvoiceReminded>, cx: Context| {
        // A test that has heard enough has left.
        let _unheard = tell.send((event.envelope.cause(), cx.correlation_id()));
    };
    bus.subscribe(Subscription::to::<InvoiceReminded>("hearing").handler_with(tell, hearing)).await?;
    let sent = bus.publish(InvoiceSent {}.event("acme").correlation("order-7")).await?;
    let begun = Instant::now();
    let told = tokio::time::timeout(by::<H>(H::delay()) + H::soon(), ear.recv()).await;
    assert_eq!(told.ok().flatten(), Some((Some(sent.id), "order-7".to_owned())));
    scene.ledger.published(InvoiceReminded::TYPE.parse()?);
    assert!(begun.elapsed() + Duration::from_millis(20) >= H::delay(), "it came after {:?}", begun.elapsed());
    bus.shutdown().await
}

pub async fn times_that_can_not_be_meant_are_refused_and_nothing_is_stored<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(BusConfig::new("billing")).await?;
    let (past, far): (Timestamp, Timestamp) = ("2001-01-01T00:00:00Z".parse()?, "2199-01-01T00:00:00Z".parse()?);
    let century = Duration::from_secs(100 * 366 * 86_400);
    let draft = || InvoiceReminded {}.event("acme");
    let refused = [
        (draft().at(past), 1),
        (draft().at(far), 1),
        (draft().delay(century), 1),
        (draft().delay(Duration::MAX), 1),
        (draft().delay(Duration::from_secs(1)).at(past), 2),
        (draft().at(far).delay(century), 3),
    ];
    for (draft, mistakes) in refused {
        let error = bus.publish(draft).await.err().ok_or_else(|| unexpected("it was taken"))?;
        assert_eq!((error.kind(), error.problems().len()), (ErrorKind::InvalidInput, mistakes), "{error}");
    }
    let raw = Outgoing { due: Some(Due::At(past)), ..event("lead.created")? };
    assert_eq!(bus.publish(raw).await.err().map(|error| error.kind()), Some(ErrorKind::InvalidInput));
    assert!(draft().delay(Duration::from_secs(1)).build().is_err(), "an event can't say that it comes later");
    assert_eq!((bus.scheduled().await?, bus.process_counters().published), (0, 0));
    let good = bus.publish(draft().delay(Duration::from_secs(366 * 86_400))).await?;
    assert_eq!((bus.scheduled().await?, bus.tenant("acme")?.scheduled().await?), (1, 1));
    assert_eq!(bus.tenant("globex")?.cancel(good.id).await?, Cancellation::Unknown);
    assert_eq!(bus.tenant("acme")?.cancel(good.id).await?, Cancellation::Cancelled);
    bus.shutdown().await
}

pub async fn a_delayed_event_reaches_an_idle_subscription_in_a_new_process<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let sent = later(event("lead.created")?, H::delay());
    schedule(scene, &sent).await?;
    let elsewhere = scene.another_process().await?;
    let reader = scene.open_on(&elsewhere, spec("billing/ledger", &["*"])?).await?;
    let came = reader.take_one_within(by::<H>(H::delay())).await?;
    assert_eq!(came.id, sent.id);
    scene.ledger.published(sent.event_type.clone());
    reader.ack(&[came]).await
}
