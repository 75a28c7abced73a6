//! What lines say: ids on each that is about an event, no control character, no payload.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tekup_core::{
    Draft, Environment, ErrorKind, Event, EventBus, EventId, Outcome, RawEvent, RetryPolicy, Schemas, Subscription,
    TekupEvent,
    transport::{Outgoing, Stage},
};
use tekup_telemetry::Logging;
use tracing::Instrument;
use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.created")]
struct LeadCreated {
    note: String,
}

const PAYLOAD: &str = "canary-in-the-payload";

/// What an attacker would write: a line of its own, a field of its own, the colours and the title of a terminal.
const HOSTILE: &str = "x\n2001-01-01T00:00:00.000Z ERROR core: forged tenant=evil\r\n\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\0\u{2028}{\"level\":\"ERROR\"}";

fn lead() -> Draft<LeadCreated> {
    LeadCreated { note: PAYLOAD.into() }.event("acme").correlation("import-7")
}

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
    /// Logs of this thread go here until the guard is dropped, as the variables say.
    fn capture(variables: &[(&str, &str)]) -> (Self, tracing::subscriber::DefaultGuard) {
        let lines = Self::default();
        let logging = Logging::from_environment(&Environment::of(variables.iter().copied())).unwrap();
        let subscriber = tracing_subscriber::registry().with(logging.layer(lines.clone()));
        (lines, tracing::subscriber::set_default(subscriber))
    }

    /// All lines; each ends, and has no control character.
    fn all(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        let lines: Vec<_> = text.split_terminator('\n').map(str::to_owned).collect();
        for line in &lines {
            assert!(!line.contains(|part: char| part.is_control() || part == '\u{2028}'), "{line:?}");
            assert!(!line.contains(PAYLOAD), "{line}");
        }
        lines
    }

    fn with(&self, part: &str) -> Vec<String> {
        self.all().into_iter().filter(|line| line.contains(part)).collect()
    }

    /// The only line with that, as JSON.
    fn json(&self, part: &str) -> Value {
        let found = self.with(part);
        assert_eq!(found.len(), 1, "{part}: {:#?}", self.all());
        serde_json::from_str(&found[0]).unwrap()
    }
}

type Leads = Subscription<Event<LeadCreated>>;

/// Lets a handler work on a lead until it is done with it. Answers the lead's id.
async fn handled(subscription: impl FnOnce(Leads) -> Leads) -> EventId {
    let bus = EventBus::in_memory("crm").unwrap();
    let leads = Subscription::to::<LeadCreated>("scoring").retry(RetryPolicy::fixed(2, Duration::from_secs(1)));
    bus.subscribe(subscription(leads)).await.unwrap();
    let id = bus.publish(lead()).await.unwrap().id;
    let status = bus.wait_for("acme", id, Duration::from_secs(60)).await.unwrap();
    assert!(matches!(status.stage, Stage::Completed | Stage::Failed), "{status:?}");
    bus.shutdown().await.unwrap();
    id
}

#[tokio::test(start_paused = true)]
async fn a_handlers_own_lines_carry_the_ids_of_its_event() {
    let (lines, _guard) = Lines::capture(&[("LOG_FORMAT", "json")]);
    let id = handled(|leads| {
        leads.handler(async |_, _| {
            async { tracing::info!(score = 75, tenant = "mine", "scored") }
                .instrument(tracing::info_span!("score", model = "m-1"))
                .await;
        })
    })
    .await;
    let line = lines.json("scored");
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    let expected = json!({
        "timestamp": line["timestamp"], "level": "INFO", "target": "logging", "message": "scored",
        "event.id": id, "event.type": "lead.created", "tenant": "acme", "correlation": "import-7",
        "subscription": "crm/scoring", "attempt": 1,
        // What the handler itself says takes the place of no id.
        "fields": {"score": 75, "tenant": "mine", "model": "m-1"},
    });
    assert_eq!(line, expected);
}

#[tokio::test(start_paused = true)]
async fn a_line_of_text_carries_them_too() {
    let (lines, _guard) = Lines::capture(&[]);
    let id = handled(|leads| leads.handler(async |_, _| tracing::warn!(score = 75, "scored"))).await;
    let line = lines.with("scored").remove(0);
    let (_time, told) = line.split_once(' ').unwrap();
    let expected = format!(
        " WARN logging: scored score=75 event.id={id} event.type=lead.created tenant=acme correlation=import-7 \
         subscription=crm/scoring attempt=1"
    );
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn ids_are_there_whatever_the_filter_says_of_the_bus() {
    for variables in [[("LOG_LEVEL", "error")], [("RUST_LOG", "logging=error")], [("RUST_LOG", "error,tekup_core=off")]]
    {
        let (lines, _guard) = Lines::capture(&variables);
        let id = handled(|leads| leads.handler(async |_, _| tracing::error!("scored"))).await;
        let line = lines.with("scored").remove(0);
        assert!(line.contains(&format!("event.id={id} ")) && line.contains("correlation=import-7"), "{line}");
        assert_eq!(lines.all().len(), 1, "{variables:?}: {:#?}", lines.all());
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_bus_says_of_a_failure_carries_them_once() {
    let (lines, _guard) = Lines::capture(&[("LOG_FORMAT", "json")]);
    let id = handled(|leads| leads.handler(async |_, _| Outcome::retry("the ledger is closed"))).await;
    for (said, attempt) in [("an attempt failed", 1), ("an event goes to the dead letters", 2)] {
        let line = lines.json(said);
        let of_event = json!([id, "lead.created", "acme", "import-7", "crm/scoring", attempt]);
        let told = ["event.id", "event.type", "tenant", "correlation", "subscription", "attempt"];
        assert_eq!(json!(told.map(|name| &line[name])), of_event, "{line}");
        assert_eq!(line["fields"]["error"], "the ledger is closed");
        assert!(told.iter().all(|name| line["fields"].get(name).is_none()), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_handler_says_how_many_events_it_works_on_and_each_failure_carries_its_own_ids() {
    let (lines, _guard) = Lines::capture(&[("LOG_FORMAT", "json")]);
    let id = handled(|leads| {
        leads.batch_handler(10, async |_, _| {
            tracing::info!("scored");
            vec![Outcome::dead_letter("a negative lead")]
        })
    })
    .await;
    let line = lines.json("scored");
    let told = ["subscription", "event.type", "events"].map(|name| &line[name]);
    assert_eq!(json!(told), json!(["crm/scoring", "lead.created", 1]));
    let line = lines.json("an event goes to the dead letters");
    let told = ["event.id", "event.type", "tenant", "correlation"].map(|name| &line[name]);
    assert_eq!(json!(told), json!([id, "lead.created", "acme", "import-7"]), "{line}");
}

#[tokio::test(start_paused = true)]
async fn what_is_logged_while_an_event_is_published_carries_them() {
    struct Talking;
    impl Schemas for Talking {
        fn check(&self, _: &RawEvent) -> tekup_core::Result<()> {
            tracing::info!("checked");
            Ok(())
        }
    }
    let (lines, _guard) = Lines::capture(&[("LOG_FORMAT", "json")]);
    let bus = EventBus::in_memory("crm").unwrap();
    bus.use_schemas(Talking).unwrap();
    let event = lead().build().unwrap();
    bus.publish(event.to_raw().unwrap()).await.unwrap();
    let line = lines.json("checked");
    let told = ["event.id", "event.type", "tenant", "correlation"].map(|name| &line[name]);
    assert_eq!(json!(told), json!([event.envelope.id, "lead.created", "acme", "import-7"]));
}

#[tokio::test(start_paused = true)]
async fn what_others_write_can_begin_no_line_and_speak_to_no_terminal() {
    for format in ["text", "json"] {
        let (lines, _guard) = Lines::capture(&[("LOG_FORMAT", format)]);
        handled(|leads| {
            leads.handler(async |_, _| {
                tracing::info!(field = HOSTILE, shown = %HOSTILE, debugged = ?HOSTILE, "{HOSTILE}");
                async { tracing::info!("within") }.instrument(tracing::info_span!("own", field = %HOSTILE)).await;
                Outcome::dead_letter(HOSTILE)
            })
        })
        .await;
        let all = lines.all();
        assert_eq!(all.len(), 3, "one of each: {all:#?}");
        for line in &all {
            if format == "json" {
                let line: Value = serde_json::from_str(line).unwrap();
                assert_eq!(line["tenant"], "acme", "{line}");
            } else {
                assert!(line.contains(" tenant=acme "), "{line}");
            }
        }
        if format == "json" {
            assert_eq!(lines.json("within")["fields"]["field"], HOSTILE, "nothing is lost");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_read_is_logged_without_a_byte_of_it() {
    let (lines, _guard) = Lines::capture(&[("LOG_LEVEL", "trace")]);
    let bus = EventBus::in_memory("crm").unwrap();
    bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |_: Event<LeadCreated>, _| ()))
        .await
        .unwrap();
    for bytes in [format!("{{\"data\": {PAYLOAD}"), format!("{{\"note\":\"{PAYLOAD}\",\"data\":\"{PAYLOAD}\"}}")] {
        let garbage = Outgoing::unchecked("acme".parse().unwrap(), "lead.created".parse().unwrap(), bytes);
        let id = bus.publish(garbage).await.unwrap().id;
        let status = bus.wait_for("acme", id, Duration::from_secs(60)).await.unwrap();
        assert_eq!(status.stage, Stage::Failed);
        assert_eq!(lines.with(&format!("event.id={id} ")).len(), 1, "{:#?}", lines.all());
    }
    bus.shutdown().await.unwrap();
}

#[test]
fn variables_say_what_is_logged_and_rust_log_wins() {
    for (variables, logged) in [
        (&[][..], "info warn"),
        (&[("LOG_LEVEL", "warn")], "warn"),
        (&[("LOG_LEVEL", "DEBUG")], "debug info warn"),
        (&[("LOG_LEVEL", "off")], ""),
        (&[("LOG_LEVEL", "")], "info warn"),
        (&[("LOG_LEVEL", "off"), ("RUST_LOG", "logging=debug")], "debug info warn"),
        (&[("LOG_LEVEL", "trace"), ("RUST_LOG", "logging=off")], ""),
    ] {
        let (lines, _guard) = Lines::capture(variables);
        tracing::debug!("debug");
        tracing::info!("info");
        tracing::warn!("warn");
        let said: Vec<_> = lines.all().iter().map(|line| line.split(' ').next_back().unwrap().to_owned()).collect();
        assert_eq!(said.join(" "), logged, "{variables:?}");
    }
}

#[test]
fn a_wrong_variable_is_named_with_what_to_write() {
    for (name, value, advice) in [
        ("LOG_LEVEL", "loud", "write `off`, `error`, `warn`, `info`, `debug` or `trace`"),
        ("LOG_LEVEL", "my_service=debug", "write `off`"),
        ("RUST_LOG", "my_service=loud", "write directives"),
        ("LOG_FORMAT", "xml", "neither `text` nor `json`"),
        ("LOG_FORMAT", "json\u{1b}[2J", "LOG_FORMAT is `json\\u{1b}[2J`"),
    ] {
        let error = Logging::from_environment(&Environment::of([(name, value)])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        let told = error.to_string();
        assert!(told.starts_with(&format!("{name} is `")) && told.contains(advice), "{told}");
    }
}
