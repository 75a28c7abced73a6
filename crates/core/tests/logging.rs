//! What is logged: ids on every line of a handler, each failure once, payloads never.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use std::{
    io,
    sync::{Arc, Mutex, atomic::Ordering::Relaxed},
    time::Duration,
};

use common::{LeadCreated, ailing::Ailing, bus, lead, until};
use tekup_core::{
    BusConfig, Error, ErrorKind, Event, EventBus, Outcome, RawEvent, RetryPolicy, SchemaCheck, Schemas, Subscription,
    TekupEvent, memory::MemoryTransport, transport::Outgoing,
};
use tokio::sync::Semaphore;
use tracing_subscriber::fmt::MakeWriter;

/// Lines of a log, to be looked at.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Lines {
    /// Logs of this thread go here until the guard is dropped.
    fn capture() -> (Self, tracing::subscriber::DefaultGuard) {
        let lines = Self::default();
        let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
        let guard = tracing::subscriber::set_default(subscriber);
        (lines, guard)
    }

    fn with(&self, part: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_of_a_handler_carries_event_tenant_and_correlation() {
    let (lines, _guard) = Lines::capture();
    let bus = bus();
    let talking = Subscription::to::<LeadCreated>("talking").handler(async |_, _| tracing::info!("scoring now"));
    bus.subscribe(talking).await.unwrap();
    let event = lead("l-1").event("acme").correlation("import-7").build().unwrap();
    bus.publish(&event).await.unwrap();
    until("it is handled", async || Ok(bus.process_counters().handled == 1)).await;
    let line = lines.with("scoring now").remove(0);
    for part in [
        "messaging.consumer.group.name=crm/talking",
        "messaging.destination.name=lead.created",
        &format!("messaging.message.id={}", event.envelope.id),
        "messaging.message.conversation_id=\"import-7\"",
        "tekup.tenant=acme",
        "tekup.attempt=1",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_failure_is_logged_once_on_one_line_and_without_the_payload() {
    let (lines, _guard) = Lines::capture();
    let bus = bus();
    let failing = Subscription::to::<LeadCreated>("failing")
        .retry(RetryPolicy::fixed(3, Duration::from_secs(1)))
        .handler(async |_, _| Outcome::retry("the ledger\n level=ERROR \u{1b}[2J is closed"));
    bus.subscribe(failing).await.unwrap();
    let receipt = bus.publish(lead("canary-in-the-payload").event("acme")).await.unwrap();
    let garbage = Outgoing::unchecked("acme".parse().unwrap(), "lead.created".parse().unwrap(), "{\"data\": canary}");
    bus.publish(garbage.clone()).await.unwrap();
    let dead = bus.dead_letters("crm/failing").unwrap();
    until("both are dead", async || Ok(dead.count().await? == 2)).await;
    bus.shutdown().await.unwrap();

    let told = lines.with(&format!(" event.id={} ", receipt.id));
    assert_eq!(told.len(), 3, "two retries and the end");
    let correlation = format!("correlation=\"{}\"", receipt.id);
    for line in told {
        assert!(line.contains("event.type=\"lead.created\"") && line.contains("tenant=acme"), "{line}");
        assert!(line.contains(&correlation), "{line}");
    }
    assert_eq!(lines.with(&garbage.id.to_string()).len(), 1);
    assert_eq!(lines.with("the ledger").len(), 3);
    assert!(lines.with("the ledger").iter().all(|line| line.contains("is closed") && !line.contains('\u{1b}')));
    assert!(lines.with("canary").is_empty(), "{:?}", lines.with("canary"));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_breaks_its_schema_is_warned_of_once_a_minute_with_how_many_there_were() {
    struct None;
    impl Schemas for None {
        fn check(&self, _: &RawEvent) -> tekup_core::Result<()> {
            Err(Error::new(ErrorKind::Invalid, "`data.score` breaks `maximum`"))
        }
    }
    let (lines, _guard) = Lines::capture();
    let mut config = BusConfig::new("crm");
    config.schema_check = SchemaCheck::Warn;
    let bus = EventBus::new(config, MemoryTransport::new()).unwrap();
    bus.use_schemas(None).unwrap();
    let publish = async |times: usize| {
        for _ in 0..times {
            bus.publish(lead("s3cret").event("acme").build().unwrap().to_raw().unwrap()).await.unwrap();
        }
        lines.with("an event breaks the schema of its type")
    };
    let told = publish(3).await;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("WARN") && told[0].contains("lead.created") && told[0].contains("before=0"), "{told:#?}");
    assert!(told[0].contains("`data.score` breaks `maximum`") && !told[0].contains("s3cret"), "{told:#?}");

    tokio::time::advance(Duration::from_secs(60)).await;
    let told = publish(2).await;
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[1].contains("before=2"), "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_comes_too_late_is_told_with_the_type_and_the_correlation_of_its_event() {
    let (lines, _guard) = Lines::capture();
    let store = Ailing::default();
    for flag in [&store.forgets, &store.reads_once] {
        flag.store(true, Relaxed);
    }
    let healthy = Ailing { memory: store.memory.clone(), ..Ailing::default() };
    let [slow, other] = [store, healthy].map(|store| {
        let mut config = BusConfig::new("crm");
        config.lease = Duration::from_secs(1);
        EventBus::new(config, store).unwrap()
    });
    let scoring = || Subscription::to::<LeadCreated>("scoring").timeout(Duration::from_secs(86_400));
    let (held, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let late = scoring().handler_with((held.clone(), gate.clone()), async |(held, gate), _: Event<LeadCreated>, _| {
        held.add_permits(1);
        drop(gate.acquire().await);
        Outcome::retry("too late")
    });
    slow.subscribe(late).await.unwrap();
    let event = lead("l-1").event("acme").correlation("import-7").build().unwrap();
    slow.publish(&event).await.unwrap();
    drop(held.acquire().await.unwrap());
    other.subscribe(scoring().handler(async |_, _| ())).await.unwrap();
    until("the other has handled it", async || Ok(other.process_counters().handled == 1)).await;
    gate.add_permits(1);
    until("it is told", async || Ok(!lines.with("this verdict was ignored").is_empty())).await;
    let line = lines.with("this verdict was ignored").remove(0);
    let id = format!("event.id={}", event.envelope.id);
    for part in
        ["event.type=\"lead.created\"", "tenant=acme", "correlation=\"import-7\"", "subscription=crm/scoring", &id]
    {
        assert!(line.contains(part), "{part} in {line}");
    }
}
