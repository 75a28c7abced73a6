//! Untyped events held to the schemas of their types: where they come in, and where they are handed out.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use common::{LeadCreated, Seen, lead, only_letter};
use tekup_core::{
    BusConfig, Context, Error, ErrorKind, Event, EventBus, Priority, RawEvent, Result, SchemaCheck, Schemas,
    Subscription, TekupEvent,
    memory::MemoryTransport,
    transport::{DeadReason, Outgoing},
};

/// Knows leads, whose score must not be 7.
struct NoSevens;

impl Schemas for NoSevens {
    fn check(&self, event: &RawEvent) -> Result<()> {
        let is_wrong = event.is::<LeadCreated>() && event.json().contains(r#""score":7}"#);
        let told = "`data.score` is 7: any number but 7";
        if is_wrong { Err(Error::new(ErrorKind::Invalid, told)) } else { Ok(()) }
    }
}

fn seven() -> LeadCreated {
    LeadCreated { score: 7.0, ..lead("l-7") }
}

fn untyped(lead: LeadCreated) -> RawEvent {
    lead.event("acme").build().unwrap().to_raw().unwrap()
}

fn bus(memory: &MemoryTransport, service: &str, mode: SchemaCheck) -> EventBus {
    let mut config = BusConfig::new(service);
    config.schema_check = mode;
    let bus = EventBus::new(config, memory.clone()).unwrap();
    bus.use_schemas(NoSevens).unwrap();
    bus
}

#[tokio::test(start_paused = true)]
async fn an_untyped_event_that_breaks_its_schema_is_not_published_and_harms_no_other() {
    let bus = bus(&MemoryTransport::new(), "crm", SchemaCheck::Enforce);
    let error = bus.publish(untyped(seven())).await.unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("data.score")), (ErrorKind::Invalid, true));
    let answers = bus.publish_batch([untyped(lead("a")), untyped(seven()), untyped(lead("b"))]).await.unwrap();
    assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn an_event_with_a_priority_of_its_own_is_looked_at_and_what_is_no_event_is_kept() {
    let bus = bus(&MemoryTransport::new(), "crm", SchemaCheck::Enforce);
    let urgent = |lead| Outgoing { priority: Priority::Critical, ..Outgoing::raw(&untyped(lead)) };
    assert_eq!(bus.publish(urgent(seven())).await.unwrap_err().kind(), ErrorKind::Invalid);
    bus.publish(urgent(lead("l-1"))).await.unwrap();
    let garbage = r#"{"score":7}"#;
    bus.publish(Outgoing::unchecked("acme".parse().unwrap(), "lead.created".parse().unwrap(), garbage)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_typed_event_is_not_looked_at() {
    let bus = bus(&MemoryTransport::new(), "crm", SchemaCheck::Enforce);
    let seen = Seen::new();
    let noting = seen.clone();
    let handler = move |event: Event<LeadCreated>, _: Context| {
        noting.note(event.data.score);
        async {}
    };
    bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(handler)).await.unwrap();
    bus.publish(seven().event("acme")).await.unwrap();
    assert_eq!(seen.next().await, 7.0);
}

#[tokio::test(start_paused = true)]
async fn a_stored_event_that_breaks_its_schema_is_dead_for_an_untyped_handler_with_the_reason() {
    let memory = MemoryTransport::new();
    let (strict, lax) = (bus(&memory, "audit", SchemaCheck::Enforce), bus(&memory, "crm", SchemaCheck::Off));
    let seen = Seen::new();
    let noting = seen.clone();
    let handler = move |event: RawEvent, _: Context| {
        noting.note(event.json().to_owned());
        async {}
    };
    strict.subscribe(Subscription::matching("all", "*").handler(handler)).await.unwrap();
    lax.publish(untyped(seven())).await.unwrap();
    lax.publish(untyped(lead("l-1"))).await.unwrap();
    assert!(seen.next().await.contains("l-1"));
    let letter = only_letter(&strict, "audit/all").await;
    assert_eq!((letter.reason, letter.attempts), (DeadReason::Invalid, 1));
    assert!(letter.error.contains("any number but 7"), "{}", letter.error);
}

#[tokio::test(start_paused = true)]
async fn one_of_a_batch_that_breaks_its_schema_is_dead_and_the_others_are_handled() {
    let memory = MemoryTransport::new();
    let (strict, lax) = (bus(&memory, "audit", SchemaCheck::Enforce), bus(&memory, "crm", SchemaCheck::Off));
    for lead in [lead("a"), seven(), lead("b")] {
        lax.publish(untyped(lead)).await.unwrap();
    }
    let seen = Seen::new();
    let noting = seen.clone();
    let handler = move |events: Vec<RawEvent>, _| {
        noting.note(events.len());
        async {}
    };
    let all = Subscription::matching("all", "*").start_at(tekup_core::transport::StartAt::Beginning);
    strict.subscribe(all.batch_handler(10, handler)).await.unwrap();
    for lead in [lead("c"), seven(), lead("d")] {
        lax.publish(untyped(lead)).await.unwrap();
    }
    let mut handled = 0;
    while handled < 2 {
        handled += seen.next().await;
    }
    assert_eq!(only_letter(&strict, "audit/all").await.reason, DeadReason::Invalid);
}

#[tokio::test(start_paused = true)]
async fn where_it_only_warns_everything_goes_on() {
    let bus = bus(&MemoryTransport::new(), "audit", SchemaCheck::Warn);
    let seen = Seen::new();
    let noting = seen.clone();
    let handler = move |event: RawEvent, _: Context| {
        noting.note(event.envelope().id);
        async {}
    };
    bus.subscribe(Subscription::matching("all", "*").handler(handler)).await.unwrap();
    let receipt = bus.publish(untyped(seven())).await.unwrap();
    assert_eq!(seen.next().await, receipt.id);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_held_to_its_schema_before_it_is_replayed_though_its_subscription_runs_elsewhere() {
    let memory = MemoryTransport::new();
    let lax = bus(&memory, "crm", SchemaCheck::Off);
    let fail = async |_: RawEvent, _: Context| Err::<(), _>(tekup_core::HandlerError::from("no").permanent());
    lax.subscribe(Subscription::matching("all", "*").handler(fail)).await.unwrap();
    lax.publish(untyped(seven())).await.unwrap();
    let letter = only_letter(&lax, "crm/all").await;

    let operator = bus(&memory, "operator", SchemaCheck::Enforce);
    let dead = operator.dead_letters("crm/all").unwrap();
    let error = dead.replay("acme", letter.id).await.unwrap_err();
    assert!(error.to_string().contains("would only die again") && error.to_string().contains("data.score"), "{error}");
    assert!(dead.forced().replay("acme", letter.id).await.unwrap());
}

#[tokio::test]
async fn schemas_are_given_once() {
    let bus = bus(&MemoryTransport::new(), "crm", SchemaCheck::Enforce);
    let error = bus.use_schemas(NoSevens).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[test]
fn what_happens_is_set_by_a_word() {
    let of = |word| {
        BusConfig::from_environment(&tekup_core::Environment::of([
            ("SERVICE_NAME", "crm"),
            ("EVENT_BUS_SCHEMA_CHECK", word),
        ]))
    };
    assert_eq!(of("warn").unwrap().schema_check, SchemaCheck::Warn);
    let told = of("strict").unwrap_err().to_string();
    assert!(told.contains("EVENT_BUS_SCHEMA_CHECK") && told.contains("off, warn or enforce"), "{told}");
    assert_eq!(serde_json::from_str::<BusConfig>(r#"{"schemaCheck": "off"}"#).unwrap().schema_check, SchemaCheck::Off);
    for (mode, word) in [(SchemaCheck::Off, "off"), (SchemaCheck::Warn, "warn"), (SchemaCheck::Enforce, "enforce")] {
        assert_eq!(mode.to_string(), word);
    }
}
