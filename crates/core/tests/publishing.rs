//! What publishing refuses, what it inherits, and what is counted.

mod common;

use std::time::Duration;

use common::{LeadCreated, LeadScored, Seen, bus, bus_on, lead, until};
use tekup_core::{
    BusConfig, Correlation, Envelope, ErrorKind, EventBatch, EventBus, Outcome, Priority, RawEvent, RetryPolicy,
    Subscription, TekupEvent,
    memory::MemoryTransport,
    transport::{Outgoing, Stage},
};

#[tokio::test(start_paused = true)]
async fn what_can_not_be_stored_is_refused_with_the_reason_and_stores_nothing() {
    let bus = bus();
    let raw = |json: String| RawEvent::parse(json);
    let envelope = |metadata: &str| {
        format!(
            r#"{{"id":"018f6c9a-0000-7000-8000-000000000016","type":"lead.created","tenantId":"acme",
            "timestamp":"2025-09-14T10:15:30Z","metadata":{metadata},"data":{{"leadId":"l","score":1}}}}"#
        )
    };
    let big = "x".repeat(256 * 1024);
    let table = [
        (bus.publish(lead("l").event("")).await.unwrap_err(), ErrorKind::InvalidInput, "tenant `` is empty"),
        (bus.publish(lead("l").event("a").user("*").id("7")).await.unwrap_err(), ErrorKind::InvalidInput, "2 mistakes"),
        (
            bus.publish(LeadScored { score: f64::NAN }.event("a")).await.unwrap_err(),
            ErrorKind::Unencodable,
            "`data.score` is NaN",
        ),
        (
            bus.publish(LeadScored { score: f64::INFINITY }.event("a")).await.unwrap_err(),
            ErrorKind::Unencodable,
            "is inf",
        ),
        (bus.publish(lead(&big).event("a")).await.unwrap_err(), ErrorKind::TooLarge, "262144 are allowed"),
        (
            bus.publish(lead("l").event("a").metadata("big", &big[..20_000])).await.unwrap_err(),
            ErrorKind::TooLarge,
            "16384 are allowed",
        ),
        (
            raw(envelope(&format!("{{\"big\":\"{}\"}}", &big[..20_000]))).unwrap_err(),
            ErrorKind::TooLarge,
            "metadata has",
        ),
        (
            raw(envelope(&format!("{}{}", "[".repeat(65), "]".repeat(65)))).unwrap_err(),
            ErrorKind::TooLarge,
            "64 levels",
        ),
        (raw(envelope("7")).unwrap_err(), ErrorKind::Undecodable, "`metadata`"),
        (raw("[]".into()).unwrap_err(), ErrorKind::Undecodable, "expected an event"),
        (
            bus.publish(Outgoing::unchecked("a".parse().unwrap(), "lead.created".parse().unwrap(), big.clone() + "x"))
                .await
                .unwrap_err(),
            ErrorKind::TooLarge,
            "262145 bytes",
        ),
        (
            bus.publish_batch((0..1_001).map(|_| lead("l").event("a"))).await.unwrap_err(),
            ErrorKind::TooLarge,
            "1001 events",
        ),
    ];
    for (error, kind, part) in table {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{part} in {error}");
        assert!(error.to_string().len() < 400, "an error shows a part of the input only");
    }
    assert_eq!(bus.counters().await.unwrap().published, 0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_answers_for_each_event_in_order() {
    let bus = bus();
    let twice = lead("twice").event("acme").build().unwrap();
    let drafts = vec![
        twice.clone(),
        LeadCreated { lead_id: "nan".into(), score: f64::NAN }.event("acme").build().unwrap(),
        twice,
    ];
    let results = bus.publish_batch(&drafts).await.unwrap();
    assert!(!results[0].as_ref().unwrap().duplicate);
    assert_eq!(results[1].as_ref().unwrap_err().kind(), ErrorKind::Unencodable);
    assert!(results[2].as_ref().unwrap().duplicate);
    assert!(bus.publish_batch(Vec::<RawEvent>::new()).await.unwrap().is_empty());
    assert_eq!(bus.counters().await.unwrap().published, 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_none_is_no_mistake_and_one_beyond_the_limit_names_it() {
    let drafts = |count: usize| (0..count).map(|_| lead("l").event("acme"));
    let bus = bus();
    assert!(bus.publish_batch(drafts(0)).await.unwrap().is_empty());
    let mut config = BusConfig::new("crm");
    config.max_batch_events = 10_000;
    let wide = EventBus::new(config, MemoryTransport::new()).unwrap();
    for (bus, most) in [(&bus, "1000 are allowed"), (&wide, "10000 are allowed")] {
        let error = bus.publish_batch(drafts(10_001)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.to_string().contains("10001 events") && error.to_string().contains(most), "{error}");
        assert_eq!(bus.counters().await.unwrap().published, 0);
    }
    assert_eq!(wide.publish_batch(drafts(10_000)).await.unwrap().len(), 10_000);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_belongs_together_arrives_with_its_number_id_and_priority() {
    let bus = bus();
    let seen: Seen<(u64, RawEvent)> = Seen::new();
    let reading = Subscription::matching("reading", "lead.*").concurrency(1).handler_with(
        seen.clone(),
        async |seen, event: RawEvent, _| {
            let sequence = event.envelope().metadata.get("batchSequence")?;
            seen.note((sequence.unwrap_or(99), event));
            Ok(())
        },
    );
    bus.subscribe(reading).await.unwrap();
    let id = "018f6c9a-0000-7000-8000-000000000016";
    let drafts = || [lead("0").event("acme").id(id), lead("1").event("acme").priority(Priority::Critical)];
    let acme = bus.tenant("acme").unwrap();
    let first = acme.publish_batch(EventBatch::of(drafts())).await.unwrap();
    assert!(first.into_iter().all(|answer| !answer.unwrap().duplicate));
    // The one with an id of its own is stored once, though it is of another batch now.
    let again = bus.publish_batch(EventBatch::of(drafts())).await.unwrap();
    assert_eq!(again.into_iter().map(|answer| answer.unwrap().duplicate).collect::<Vec<_>>(), [true, false]);
    let mut arrived = seen.next_n(3).await;
    arrived.sort_by_key(|(sequence, _)| *sequence);
    assert_eq!(arrived.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), [0, 1, 1]);
    assert_eq!(arrived[0].1.envelope().id, id.parse().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_priority_of_one_publish_holds_for_it_alone() {
    let bus = bus();
    let seen: Seen<String> = Seen::new();
    let reading = || {
        Subscription::to::<LeadCreated>("reading").concurrency(1).handler_with(seen.clone(), async |seen, event, _| {
            seen.note(event.data.lead_id);
            Ok(())
        })
    };
    bus.subscribe(reading()).await.unwrap();
    bus.unsubscribe("reading").await.unwrap();
    bus.publish(lead("low").event("acme").priority(Priority::Low)).await.unwrap();
    bus.publish(lead("as its type").event("acme")).await.unwrap();
    bus.publish(lead("critical").event("acme").priority(Priority::Critical)).await.unwrap();
    bus.subscribe(reading()).await.unwrap();
    assert_eq!(seen.next_n(3).await, ["critical", "as its type", "low"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_publishes_keeps_tenant_user_and_chain_and_names_its_cause() {
    let bus = bus();
    let seen: Seen<RawEvent> = Seen::new();
    let chain = Subscription::to::<LeadCreated>("chain").handler(async |event, cx| {
        assert_eq!((cx.event_id(), cx.tenant()), (event.envelope.id, &event.envelope.tenant));
        cx.publish(LeadScored { score: 1.0 }).await?;
        cx.publish(LeadScored { score: 2.0 }.event("acme").user("robot").correlation("mine")).await?;
        Ok(())
    });
    let audit = Subscription::matching("audit", "lead.scored").concurrency(1).handler_with(
        seen.clone(),
        async |seen, event: RawEvent, cx| {
            assert_eq!(cx.cause(), event.envelope().cause());
            assert_eq!(cx.correlation_id(), event.envelope().correlation_id());
            seen.note(event);
        },
    );
    bus.subscribe(chain).await.unwrap();
    bus.subscribe(audit).await.unwrap();
    let cause = lead("l-1").event("acme").user("user-456").build().unwrap();
    bus.publish(&cause).await.unwrap();
    let effects = seen.next_n(2).await;
    let facts: Vec<_> = effects
        .iter()
        .map(|event| (event.envelope().user.clone().unwrap().to_string(), event.envelope().correlation_id()))
        .collect();
    assert_eq!(facts, [("user-456".into(), cause.envelope.id.to_string()), ("robot".into(), "mine".to_owned())]);
    assert!(effects.iter().all(|event| event.envelope().cause() == Some(cause.envelope.id)));
    assert!(effects.iter().all(|event| event.envelope().tenant == cause.envelope.tenant));
}

#[tokio::test(start_paused = true)]
async fn counters_tell_what_all_processes_did_in_all_and_for_each_tenant() {
    let memory = MemoryTransport::new();
    let (one, two) = (bus_on(&memory, "crm"), bus_on(&memory, "sales"));
    let failing = Subscription::to::<LeadCreated>("failing")
        .retry(RetryPolicy::fixed(2, Duration::from_secs(1)))
        .filter(|event| event.data.lead_id != "unwanted")
        .handler(async |event, _| match event.data.lead_id.as_str() {
            "bad" => Outcome::retry("no"),
            _ => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Outcome::Done
            }
        });
    one.subscribe(failing).await.unwrap();
    for (tenant, id) in [("acme", "good"), ("acme", "bad"), ("globex", "unwanted"), ("globex", "good")] {
        two.publish(lead(id).event(tenant)).await.unwrap();
    }
    until("the bad one is dead", async || Ok(one.dead_letters("crm/failing")?.count().await? == 1)).await;
    one.shutdown().await.unwrap();
    two.shutdown().await.unwrap();

    let all = two.counters().await.unwrap();
    let facts = |it: tekup_core::transport::Counters| {
        [it.published, it.handled, it.failed, it.retried, it.dead_lettered, it.filtered]
    };
    assert_eq!(facts(all), [4, 2, 2, 1, 1, 1]);
    assert_eq!(all.average_handling(), Some(Duration::from_millis(10)));
    assert!(all.updated.is_some());
    assert_eq!(facts(one.tenant("acme").unwrap().counters().await.unwrap()), [2, 1, 2, 1, 1, 0]);
    assert_eq!(facts(one.tenant("globex").unwrap().counters().await.unwrap()), [2, 1, 0, 0, 0, 1]);
    assert_eq!(facts(one.process_counters()), [0, 2, 2, 1, 1, 1]);
    assert_eq!(facts(two.process_counters()), [4, 0, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn counters_are_flushed_by_themselves_within_a_few_seconds() {
    let memory = MemoryTransport::new();
    let (one, two) = (bus_on(&memory, "crm"), bus_on(&memory, "sales"));
    one.publish(lead("l-1").event("acme")).await.unwrap();
    until("the other process knows", async || Ok(two.counters().await?.published == 1)).await;
}

#[tokio::test(start_paused = true)]
async fn the_status_of_an_event_follows_it_through_each_stage() {
    let bus = bus();
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let slow = Subscription::to::<LeadCreated>("slow")
        .retry(RetryPolicy::fixed(2, Duration::from_secs(60)))
        .handler_with(gate.clone(), async |gate, _, cx| {
            gate.acquire().await?.forget();
            if cx.attempt() == 1 {
                Err("no".to_owned())?
            }
            Ok(())
        });
    bus.subscribe(slow).await.unwrap();
    let id = bus.publish(lead("l-1").event("acme")).await.unwrap().id;
    let stage_is =
        async |stage: Stage| until(stage.as_str(), async || Ok(bus.status("acme", id).await?.stage == stage)).await;
    stage_is(Stage::Processing).await;
    gate.add_permits(1);
    stage_is(Stage::Retrying).await;
    assert_eq!(bus.status("acme", id).await.unwrap().subscriptions[0].failures, 1);
    gate.add_permits(1);
    stage_is(Stage::Completed).await;
    let status = bus.status("acme", id).await.unwrap();
    assert_eq!(status.subscriptions.len(), 1);
    assert_eq!(status.subscriptions[0].subscription.to_string(), "crm/slow");
}

#[tokio::test(start_paused = true)]
async fn limits_are_the_buss_own_where_it_publishes_and_where_it_reads() {
    let memory = MemoryTransport::new();
    let mut config = BusConfig::new("crm");
    config.max_payload_bytes = 1_024;
    let narrow = EventBus::new(config, memory.clone()).unwrap();
    let wide = bus_on(&memory, "wide");
    let reading = Subscription::matching("reading", "*").handler(async |_: RawEvent, _| ());
    narrow.subscribe(reading).await.unwrap();
    let large = lead(&"x".repeat(2_000)).event("acme").build().unwrap();
    assert_eq!(narrow.publish(&large).await.unwrap_err().kind(), ErrorKind::TooLarge);
    wide.publish(&large).await.unwrap();
    let dead = narrow.dead_letters("crm/reading").unwrap();
    until("it is dead", async || Ok(dead.count().await? == 1)).await;
    assert!(dead.list(None, 1).await.unwrap().letters[0].error.contains("1024 are allowed"));
}

#[test]
fn a_correlation_id_that_could_not_be_traced_is_a_mistake_of_the_draft() {
    for (id, told) in [(String::new(), "has 0 bytes"), ("x".repeat(129), "has 129 bytes")] {
        let error = lead("l-1").event("acme").correlation(&id).build().unwrap_err();
        assert!(error.to_string().contains(told) && error.to_string().contains("use 1 to 128"), "{error}");
    }
    assert!(lead("l-1").event("acme").correlation("x".repeat(128)).build().is_ok());
}

#[test]
fn an_id_that_a_cause_came_with_is_passed_on_however_long_and_one_that_says_nothing_is_none() {
    let effect_of = |correlation: Option<&str>| {
        let cause = lead("l-1").event("acme").metadata("correlationId", correlation).build().unwrap().envelope;
        let effect = lead("l-2").event("acme").caused_by(&cause).build().unwrap();
        (effect.envelope.correlation_id(), cause.id.to_string())
    };
    let long = "x".repeat(129);
    assert_eq!(effect_of(Some(&long)).0, long);
    for nothing in [Some(""), None] {
        let (inherited, cause) = effect_of(nothing);
        assert_eq!(inherited, cause);
    }
}

#[test]
fn a_correlation_is_inherited_from_the_cause_or_begins_with_its_id() {
    let first = lead("l-1").event("acme").build().unwrap().envelope;
    let named = lead("l-1").event("acme").correlation("import-7").build().unwrap().envelope;
    for (cause, id) in [(&first, first.id.to_string()), (&named, "import-7".to_owned())] {
        let correlation = Correlation::caused_by(cause);
        let drafts =
            [lead("l-2").event("acme").correlated(correlation.clone()), lead("l-2").event("acme").caused_by(cause)];
        for effect in drafts.map(|draft| draft.build().unwrap().envelope) {
            assert_eq!((effect.correlation_id(), effect.cause()), (id.clone(), Some(cause.id)));
            let next = lead("l-3").event("acme").correlated(Correlation::caused_by(&effect)).build().unwrap().envelope;
            assert_eq!((next.correlation_id(), next.cause()), (id.clone(), Some(effect.id)));
        }
    }
}

#[test]
fn ids_of_a_workflow_and_a_session_keep_the_rule_of_correlation_ids() {
    let long = "x".repeat(129);
    let wrong = Correlation::new().workflow("").session(&long);
    let error = lead("l-1").event("ac me").correlated(wrong).build().unwrap_err();
    let [_, workflow, session] = error.problems() else { panic!("{error}") };
    assert_eq!(workflow, "workflow id `` has 0 bytes: use 1 to 128");
    assert!(session.starts_with("session id `xxx") && session.ends_with("has 129 bytes: use 1 to 128"), "{session}");
    let longest = Correlation::new().workflow("x".repeat(128)).session("x");
    assert!(lead("l-1").event("acme").correlated(longest).build().is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_publishes_under_a_correlation_of_its_own_is_caused_by_its_event() {
    let (bus, seen) = (bus(), Seen::new());
    bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |_, cx| {
        let own = Correlation::new().workflow("scoring");
        cx.publish(cx.event(LeadScored { score: 1.0 }).correlated(own)).await?;
        Ok(())
    }))
    .await
    .unwrap();
    bus.subscribe(Subscription::to::<LeadScored>("welcoming").handler_with(seen.clone(), async |seen, event, _| {
        seen.note(event.envelope);
    }))
    .await
    .unwrap();
    let cause = bus.publish(lead("l-1").event("acme").user("u-1")).await.unwrap().id;
    let effect: Envelope = seen.next().await;
    assert_eq!((effect.cause(), effect.tenant_context().to_string()), (Some(cause), "tenant acme, user u-1".into()));
    assert_ne!(effect.correlation_id(), cause.to_string());
    assert_eq!(effect.metadata.get::<String>("workflowId").unwrap().as_deref(), Some("scoring"));
    bus.shutdown().await.unwrap();
}
