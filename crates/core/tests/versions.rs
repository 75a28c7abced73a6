//! Events of other versions: what a handler of today is given of what was stored years ago, and what it refuses.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use common::{Seen, only_letter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, Context, ErrorKind, Event, EventBus, EventId, RawEvent, Subscription, TekupEvent,
    memory::MemoryTransport,
    transport::{DeadLetter, DeadReason},
};

/// A whole name.
#[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "contact.added", version = "1.4.0")]
struct ContactAddedV1 {
    name: String,
}

/// Two names.
#[derive(Debug, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "contact.added", version = "2.0.0", upcasts = "ContactAddedV1")]
struct ContactAddedV2 {
    first: String,
    last: String,
}

/// Two names, and of which kind the contact is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "contact.added", version = "3.1.0", upcasts = "ContactAddedV2")]
struct ContactAdded {
    first: String,
    last: String,
    is_company: bool,
}

impl TryFrom<ContactAddedV1> for ContactAddedV2 {
    type Error = &'static str;
    fn try_from(old: ContactAddedV1) -> Result<Self, &'static str> {
        let (first, last) = old.name.split_once(' ').ok_or("the name has one word only")?;
        Ok(Self { first: first.into(), last: last.into() })
    }
}

impl From<ContactAddedV2> for ContactAdded {
    fn from(ContactAddedV2 { first, last }: ContactAddedV2) -> Self {
        Self { first, last, is_company: false }
    }
}

/// An event as it was stored: `vectors/contact-added.jsonl` holds one of each version, and never changes.
fn stored(version: &str) -> &'static str {
    let named = |line: &&str| line.contains(&format!(r#""version":"{version}""#));
    include_str!("vectors/contact-added.jsonl").lines().find(named).unwrap()
}

fn both_ways(json: &str) -> [tekup_core::Result<Event<ContactAdded>>; 2] {
    [Event::parse(json), RawEvent::parse(json.to_owned()).and_then(|raw| raw.decode())]
}

#[test]
fn an_older_event_is_made_a_newer_one_through_all_versions_between() {
    let ada = ContactAdded { first: "Ada".into(), last: "Lovelace".into(), is_company: false };
    for version in ["1.0.0", "1.4.0", "2.0.0", "3.1.0"] {
        for event in both_ways(stored(version)) {
            let event = event.unwrap();
            assert_eq!(event.data, ada, "{version}");
            assert_eq!(event.envelope.version.to_string(), version, "the envelope says what was stored");
        }
    }
}

#[test]
fn an_older_event_that_is_written_again_has_the_version_of_its_new_shape() {
    for version in ["1.0.0", "2.0.0", "3.1.0", "3.7.0"] {
        let relayed = Event::<ContactAdded>::parse(stored(version)).unwrap();
        let again = RawEvent::parse(relayed.to_json().unwrap()).unwrap();
        assert_eq!(again.envelope().version.to_string(), ContactAdded::VERSION, "from {version}");
        assert_eq!(again.decode::<ContactAdded>().unwrap().data, relayed.data);
    }
}

#[tokio::test(start_paused = true)]
async fn an_older_event_that_a_handler_publishes_again_is_read_by_others() {
    let memory = MemoryTransport::new();
    let bus = EventBus::new(BusConfig::new("relay"), memory.clone()).unwrap();
    let seen = Seen::new();
    let reading = Subscription::to::<ContactAdded>("reading");
    bus.subscribe(reading.handler_with(seen.clone(), async |seen, event, _| seen.note(event.data))).await.unwrap();
    let mut relayed = Event::<ContactAdded>::parse(stored("1.4.0")).unwrap();
    relayed.envelope.id = EventId::generate();
    bus.publish(&relayed).await.unwrap();
    assert_eq!(seen.next().await, relayed.data);
}

#[test]
fn an_event_whose_envelope_is_of_another_type_is_not_written() {
    let mut event =
        ContactAdded { first: "Ada".into(), last: "Lovelace".into(), is_company: false }.event("acme").build().unwrap();
    event.envelope.event_type = "contact.removed".parse().unwrap();
    let error = event.to_json().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unencodable);
    assert!(
        error.to_string().contains("says that it is a `contact.removed`, and its data is that of a `contact.added`"),
        "{error}"
    );
}

#[test]
fn an_event_without_a_version_is_of_the_first() {
    let json = stored("1.0.0").replace(r#""version":"1.0.0","#, "");
    assert_eq!(Event::<ContactAdded>::parse(json).unwrap().data.last, "Lovelace");
}

#[test]
fn a_newer_minor_is_read_and_what_it_adds_is_left_alone() {
    let event = Event::<ContactAdded>::parse(stored("3.7.0")).unwrap();
    assert!(event.data.is_company);
}

#[test]
fn a_newer_major_is_refused_with_what_to_do_even_if_its_data_could_be_read() {
    for error in both_ways(stored("4.0.0")).map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::UnknownVersion);
        let told = error.to_string();
        assert!(told.contains("4.0.0") && told.contains("3.1.0") && told.contains("deploy"), "{told}");
    }
}

#[test]
fn an_older_major_that_no_struct_stands_for_is_refused_with_what_to_do() {
    for error in both_ways(&stored("1.0.0").replace("1.0.0", "0.9.0")).map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::UnknownVersion);
        assert!(error.to_string().contains("upcasts"), "{error}");
    }
}

#[test]
fn an_older_event_that_can_not_be_converted_says_why() {
    for error in both_ways(&stored("1.0.0").replace("Ada Lovelace", "Ada")).map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::Undecodable);
        assert!(error.to_string().contains("1.0.0 can't be made 2.0.0: the name has one word only"), "{error}");
    }
}

#[test]
fn an_older_event_whose_data_has_not_the_shape_of_its_version_is_told_by_that() {
    for error in both_ways(&stored("1.0.0").replace("name", "nam")).map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::Undecodable);
        assert!(error.to_string().contains("missing field `name`"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_of_today_is_given_events_of_all_versions_and_the_rest_is_dead_with_the_reason() {
    let bus = EventBus::in_memory("crm").unwrap();
    let seen = Seen::new();
    let noting = seen.clone();
    let handler = move |event: Event<ContactAdded>, _: Context| {
        noting.note(event.data.last);
        async {}
    };
    bus.subscribe(Subscription::to::<ContactAdded>("welcome").handler(handler)).await.unwrap();

    for version in ["1.0.0", "2.0.0", "3.1.0", "4.0.0"] {
        bus.publish(RawEvent::parse(stored(version)).unwrap()).await.unwrap();
    }
    assert_eq!(seen.next_n(3).await, ["Lovelace"; 3]);
    let letter: DeadLetter = only_letter(&bus, "crm/welcome").await;
    assert_eq!((letter.reason, letter.attempts), (DeadReason::UnknownVersion, 1));
    assert!(letter.error.contains("deploy it with that version"), "{}", letter.error);
    assert_eq!(letter.bytes, stored("4.0.0"), "its bytes are kept, for the program that knows them");
}
