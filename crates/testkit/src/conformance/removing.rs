//! Subscriptions that are removed for good.

use std::sync::Arc;

use tekup_core::{
    Error, ErrorKind, EventId, RateLimit, RawEvent, Result, Subscription, SubscriptionId,
    transport::{
        Admin, Books, Capabilities, Due, Latency, LatencyDelta, Outgoing, Policy, Source, Stage, StartAt, Transport,
    },
};

use super::{
    Harness, Scene,
    events::{assert_all, assert_in_order, event, event_of, events, ids},
    on_the_bus::{scored, settings},
    replica::{Replica, exactly},
    scene::spec,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.dead_letters && can.status;

const LEDGER: &str = "billing/ledger";

/// Of a call that must be refused.
fn refusal<T: std::fmt::Debug>(answer: Result<T>, kind: ErrorKind) -> Result<Error> {
    let Err(error) = answer else { return Err(unexpected(format!("this should be refused: {answer:?}"))) };
    assert_eq!(error.kind(), kind, "{error}");
    Ok(error)
}

/// One event acked, one held, one to be retried, one dead, and two that wait.
async fn busy<H: Harness>(scene: &Scene<H>, reader: &Replica<H>) -> Result<Vec<Outgoing>> {
    let batch = events(6, "lead.created")?;
    scene.publish(batch.clone()).await?;
    let [acked, _held, retried, dead] = exactly(reader.take_by(4, 4).await?)?;
    reader.ack(&[acked]).await?;
    reader.retry(&retried, H::lease() * 100).await?;
    reader.bury(&[dead]).await?;
    Ok(batch)
}

/// Events of so many tenants: some in each part of the store.
fn of_many_tenants(tenants: usize) -> Result<Vec<Outgoing>> {
    (0..tenants).map(|number| event_of(&format!("tenant-{number}"), "lead.created")).collect()
}

pub async fn a_removed_subscription_is_gone_with_all_that_it_had_and_no_other_is_touched<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let (reader, other) = (scene.open(LEDGER, &["*"]).await?, scene.open("billing/ledger-2", &["*"]).await?);
    let old = busy(scene, &reader).await?;
    reader.close().await?;
    let books = scene.remove(&reader.id).await?;
    let expected = Books { published: 6, acked: 1, ready: 2, pending: 1, retrying: 1, dead: 1, ..Books::default() };
    assert_eq!(books, expected, "what was deleted is told");

    let admin = scene.admin();
    refusal(admin.books(&reader.id).await, ErrorKind::NotFound)?;
    refusal(admin.replicas(&reader.id).await, ErrorKind::NotFound)?;
    refusal(admin.depths(&reader.id, None).await, ErrorKind::NotFound)?;
    let listed = admin.subscriptions(None, 10).await?.subscriptions;
    assert_eq!(listed.iter().map(|one| &one.id).collect::<Vec<_>>(), [&other.id]);
    refusal(admin.count_dead_letters(&reader.id, None).await, ErrorKind::NotFound)?;
    refusal(admin.state(&reader.id).await, ErrorKind::NotFound)?;
    let new = of_many_tenants(20)?;
    scene.publish(new.clone()).await?;
    for sent in old.iter().chain(&new) {
        let of: Vec<_> = scene.status(sent).await?.subscriptions.into_iter().map(|it| it.subscription).collect();
        assert_eq!(of, std::slice::from_ref(&other.id), "the status names it still");
    }
    assert_all(other.finish(26, 10).await?, ids(&[old, new].concat()));
    other.nothing_comes().await
}

pub async fn a_removed_subscription_begins_anew_when_it_is_opened_again<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let mut described = spec(LEDGER, &["*"])?;
    described.policy = Some(Policy::default());
    let first = scene.open_with(described).await?;
    busy(scene, &first).await?;
    scene.admin().set_paused(&first.id, true).await?;
    scene.admin().set_rate_limit(&first.id, Some(RateLimit::per_second(1))).await?;
    first.close().await?;
    scene.remove(&first.id).await?;
    scene.publish(events(3, "lead.created")?).await?;

    let (one, two) = scene.open_twice(spec(LEDGER, &["*"])?).await?;
    let state = scene.admin().state(&one.id).await?;
    assert_eq!((state.paused, state.rate_limit), (None, None), "what operators said went along");
    assert_eq!(scene.admin().registration(&one.id).await?.policy, None, "what it said of its policy went along");
    assert_eq!(scene.admin().books(&one.id).await?, Books::default());
    assert_eq!(scene.admin().replicas(&one.id).await?.alive, 2);
    tokio::try_join!(one.nothing_comes(), two.nothing_comes())?;
    let sent = of_many_tenants(20)?;
    scene.publish(sent.clone()).await?;
    let mut came = one.finish(10, 5).await?;
    came.extend(two.finish(10, 5).await?);
    assert_all(came, ids(&sent));
    first.close().await
}

pub async fn a_removed_subscription_may_start_from_the_beginning_again<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let keeper = scene.open("billing/keeper", &["*"]).await?;
    let mut from_the_beginning = spec(LEDGER, &["*"])?;
    from_the_beginning.start_at = StartAt::Beginning;
    let first = scene.open_with(from_the_beginning.clone()).await?;
    let batch = events(5, "lead.created")?;
    scene.publish(batch.clone()).await?;
    first.finish(5, 5).await?;
    first.close().await?;
    scene.remove(&first.id).await?;
    let again = scene.open_with(from_the_beginning).await?;
    scene.ledger.ask_only_for_balance(&again.id);
    assert_in_order(&again.finish(5, 5).await?, &ids(&batch));
    assert_eq!(scene.stage_of(&batch[0], &again.id).await?, Some(Stage::Completed));
    assert_in_order(&keeper.finish(5, 5).await?, &ids(&batch));
    again.nothing_comes().await
}

pub async fn what_comes_due_after_a_removal_is_not_for_the_removed<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (reader, other) = (scene.open(LEDGER, &["*"]).await?, scene.open("billing/audit", &["*"]).await?);
    let sent = Outgoing { due: Some(Due::After(H::delay())), ..event("lead.created")? };
    scene.transport.publish(vec![sent.clone()]).await?;
    reader.close().await?;
    scene.remove(&reader.id).await?;
    scene.ledger.ask_only_for_balance(&other.id);
    assert_eq!(other.take_one_within(H::delay() + H::soon()).await.map(|came| came.id)?, sent.id);
    assert_eq!(scene.status(&sent).await?.subscriptions.len(), 1);
    let back = scene.open(LEDGER, &["*"]).await?;
    back.nothing_comes().await
}

pub async fn a_removal_is_refused_while_a_replica_is_alive<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (one, two) = scene.open_twice(spec(LEDGER, &["*"])?).await?;
    let sent = events(4, "lead.created")?;
    scene.publish(sent.clone()).await?;
    let refused = refusal(scene.admin().remove(&one.id).await, ErrorKind::Conflict)?;
    assert!(refused.to_string().contains("while 2 replicas of it are alive: stop them"), "{refused}");
    one.close().await?;
    let refused = refusal(scene.admin().remove(&one.id).await, ErrorKind::Conflict)?;
    assert!(refused.to_string().contains("while 1 replica of it is alive: stop"), "{refused}");
    assert_in_order(&two.finish(4, 4).await?, &ids(&sent));
    Ok(())
}

pub async fn a_removal_is_refused_while_a_job_works_on_dead_letters<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open(LEDGER, &["*"]).await?;
    super::purging::bury(scene, &reader, &events(2, "lead.created")?).await?;
    reader.close().await?;
    let (admin, lease) = (scene.admin(), H::lease() * 10);
    for tenant in [None, Some("acme".parse()?)] {
        assert_eq!(admin.hold_letters(&reader.id, tenant.as_ref(), "a job", lease).await?, None);
        let refused = refusal(admin.remove(&reader.id).await, ErrorKind::Conflict)?;
        assert!(refused.to_string().contains("while a job works on its dead letters"), "{refused}");
        admin.free_letters(&reader.id, tenant.as_ref(), "a job").await?;
    }
    assert_eq!(scene.dead(&reader.id).await?.len(), 2);
    assert_eq!(scene.remove(&reader.id).await?.dead, 2);
    Ok(())
}

pub async fn a_removal_of_an_unknown_subscription_names_the_one_that_was_meant<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let reader = scene.open(LEDGER, &["*"]).await?;
    reader.close().await?;
    let error = refusal(scene.admin().remove(&"billing/leger".parse()?).await, ErrorKind::NotFound)?;
    assert!(error.to_string().contains(LEDGER), "{error}");
    scene.remove(&reader.id).await?;
    refusal(scene.admin().remove(&reader.id).await, ErrorKind::NotFound).map(drop)
}

pub async fn a_replica_that_joins_while_a_removal_runs_has_a_whole_subscription<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let lanes = ["lead.created", "lead.scored", "invoice.paid"].map(event).into_iter().collect::<Result<Vec<_>>>()?;
    scene.publish(lanes).await?;
    let elsewhere = scene.another_process().await?;
    let (mut refused, mut anew) = (0, 0);
    for round in 0..20 {
        let spec = spec(&format!("billing/race-{round}"), &["*"])?;
        scene.transport.open(spec.clone()).await?.close().await?;
        let waits = scene.transport.publish(of_many_tenants(20)?).await?;
        assert_eq!(waits.len(), 20);
        // Sooner or later in the removal: each round asks the store for something else first, once more than the last.
        let joins = async {
            for _ in 0..round / 2 {
                elsewhere.admin().counters(None).await?;
            }
            elsewhere.open(spec.clone()).await
        };
        let admin = scene.admin();
        let (removed, joined) = if round % 2 == 0 {
            let (joined, removed) = tokio::join!(biased; joins, admin.remove(&spec.id));
            (removed, joined)
        } else {
            tokio::join!(biased; admin.remove(&spec.id), joins)
        };
        let replica = Replica::<H>::new(joined?, spec.id.clone(), Arc::clone(&scene.ledger));
        match removed {
            Ok(books) => {
                anew += 1;
                assert_eq!(books.ready, 20, "all was there still");
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                refused += 1;
                replica.finish(20, 20).await?;
            }
        }
        let sent = of_many_tenants(20)?;
        scene.transport.publish(sent.clone()).await?;
        assert_all(replica.finish(20, 20).await?, ids(&sent));
        assert_eq!(scene.admin().replicas(&spec.id).await?.alive, 1);
        replica.close().await?;
        scene.ledger.ask_only_for_balance(&spec.id);
    }
    assert!(refused > 0 && anew > 0, "{refused} removals were refused, {anew} came first: both should be seen");
    Ok(())
}

pub async fn what_was_counted_of_a_removed_subscription_is_gone_and_stays_gone<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let (reader, admin) = (scene.open(LEDGER, &["*"]).await?, scene.admin());
    let mut latency = Latency::default();
    latency.handling.count_in(10, 3);
    let delta =
        |tenant| LatencyDelta { subscription: reader.id.clone(), tenant, event_type: None, latency: latency.clone() };
    let counted = || Ok::<_, Error>(vec![delta(None), delta(Some("acme".parse()?))]);
    admin.add_latencies(counted()?).await.into_iter().collect::<Result<Vec<()>>>()?;
    assert!(!admin.latencies(&reader.id, Some(&"acme".parse()?)).await?.all().is_empty());
    reader.close().await?;
    scene.remove(&reader.id).await?;
    // Of a process that tells late.
    for told in admin.add_latencies(counted()?).await {
        assert_eq!(told.map_err(|error| error.kind()), Err(ErrorKind::NotFound));
    }
    let again = scene.open(LEDGER, &["*"]).await?;
    for tenant in [None, Some("acme".parse()?)] {
        assert!(admin.latencies(&again.id, tenant.as_ref()).await?.all().is_empty(), "{tenant:?}");
    }
    Ok(())
}

pub async fn a_removal_tells_what_would_be_lost_and_deletes_nothing_unless_its_name_is_given_twice<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let bus = scene.bus(settings::<H>("billing")).await?;
    let id: SubscriptionId = LEDGER.parse()?;
    let running = bus.subscribe(Subscription::matching("ledger", "lead.*").handler(async |_: RawEvent, _| ())).await?;
    let alive = bus.removal(LEDGER).await?;
    assert!(alive.to_string().ends_with("it is refused while replicas are alive, now 1"), "{alive}");
    refusal(alive.confirm(LEDGER).await, ErrorKind::Conflict)?;
    running.unsubscribe().await?;
    let sent: Vec<EventId> = vec![bus.publish(scored(1)).await?.id, bus.publish(scored(2)).await?.id];

    let removal = bus.removal(LEDGER).await?;
    assert_eq!((removal.subscription(), removal.books().ready, removal.replicas().alive), (&id, 2, 0));
    let expected = "to remove `billing/ledger` deletes its position, 2 ready, 0 pending, 0 retrying and 0 dead events; \
                    nobody reads it";
    assert!(removal.to_string().starts_with(expected), "{removal}");
    let refused = refusal(removal.confirm("billing/audit").await, ErrorKind::InvalidInput)?;
    assert!(refused.to_string().contains("`billing/ledger`") && refused.to_string().contains("`billing/audit`"));
    assert_eq!(bus.books(LEDGER).await?.ready, 2, "nothing was deleted");

    assert_eq!(removal.confirm(LEDGER).await?.ready, 2);
    scene.ledger.removed(&id);
    refusal(bus.books(LEDGER).await, ErrorKind::NotFound)?;
    refusal(removal.confirm(LEDGER).await, ErrorKind::NotFound)?;
    for id in sent {
        assert_eq!(bus.status("acme", id).await?.subscriptions, []);
    }
    bus.shutdown().await
}
