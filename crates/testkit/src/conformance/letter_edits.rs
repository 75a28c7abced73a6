//! Dead letters that are published again with other data.

use serde::{Deserialize, Serialize};
use tekup_core::{
    DeadLetters, ErrorKind, Priority, RawEvent, Result, TekupEvent,
    transport::{Capabilities, Outgoing},
};

use super::{
    Harness, Scene,
    events::{event, with_bytes},
    letter_jobs::{LeadScored, letters, refused},
    purging::bury,
    replica::exactly,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.dead_letters;

pub async fn an_edited_letter_is_a_new_event_that_names_the_dead_one<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let original =
        LeadScored { score: 0 }.event("acme").user("user-1").correlation("import-7").metadata("source", "csv");
    let original = Outgoing { priority: Priority::Critical, ..Outgoing::of(&original.build()?)? };
    bury(scene, &reader, std::slice::from_ref(&original)).await?;
    let dead = letters(scene).await?;
    let edited = dead.edit_json("acme", original.id, r#"{ "score": 5 }"#)?.await?;
    assert!(!edited.purged && !edited.receipt.duplicate);
    let [delivery] = exactly(reader.take_by(1, 1).await?)?;
    let event = RawEvent::parse(delivery.bytes.clone())?;
    let envelope = event.envelope();
    assert_eq!((envelope.id, delivery.id), (edited.receipt.id, edited.receipt.id));
    assert_ne!(envelope.id, original.id, "it is a new event");
    assert_eq!(delivery.priority, Priority::Critical);
    assert_eq!((envelope.tenant.as_str(), envelope.cause()), ("acme", Some(original.id)));
    assert_eq!((envelope.correlation_id().as_str(), envelope.event_type.as_str()), ("import-7", "lead.scored"));
    assert_eq!(envelope.user.as_ref().map(|user| user.as_str()), Some("user-1"));
    assert_eq!(envelope.metadata.get::<String>("source")?.as_deref(), Some("csv"));
    assert_eq!(event.decode::<LeadScored>()?.data.score, 5);
    reader.ack(&[delivery]).await?;
    let letter = dead.show("acme", original.id).await?.ok_or_else(|| unexpected("the letter did not stay"))?;
    assert_eq!(letter.bytes, original.bytes, "stored bytes are never rewritten");
    edits_that_are_wrong_are_refused(&dead, &original).await?;

    let id = tekup_core::EventId::generate();
    let again = dead.edit("acme", original.id, LeadScored { score: 6 })?.id(id).purge().await?;
    assert_eq!((again.receipt.id, again.purged), (id, true));
    scene.ledger.purged(&reader.id, 1);
    assert_eq!(reader.finish(1, 1).await?, [id]);
    assert_eq!(scene.dead(&reader.id).await?, []);
    reader.nothing_comes().await
}

async fn edits_that_are_wrong_are_refused(dead: &DeadLetters, original: &Outgoing) -> Result<()> {
    #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    struct DealWon {}
    let id = original.id;
    refused(dead.edit("acme", id, DealWon {})?.await, ErrorKind::InvalidInput, "data of another type")?;
    refused(dead.edit_json("acme", id, "{")?.await, ErrorKind::InvalidInput, "no JSON")?;
    refused(dead.edit_json("acme", id, "{}")?.id(id).await, ErrorKind::InvalidInput, "the id of the dead event")?;
    let unknown = tekup_core::EventId::generate();
    refused(dead.edit_json("acme", unknown, "{}")?.purge().await, ErrorKind::NotFound, "no letter")?;
    refused(dead.edit_json("globex", id, "{}")?.purge().await, ErrorKind::NotFound, "another tenant's letter")
}

pub async fn a_letter_whose_envelope_is_broken_is_edited_by_type<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let broken = with_bytes(event("lead.scored")?, "<lead/>");
    bury(scene, &reader, std::slice::from_ref(&broken)).await?;
    let dead = letters(scene).await?;
    refused(dead.edit_json("acme", broken.id, "{}")?.await, ErrorKind::InvalidInput, "JSON of no known version")?;
    let edited = dead.edit("acme", broken.id, LeadScored { score: 1 })?.purge().await?;
    scene.ledger.purged(&reader.id, 1);
    let [delivery] = exactly(reader.take_by(1, 1).await?)?;
    let event = RawEvent::parse(delivery.bytes.clone())?;
    assert_eq!((event.envelope().id, event.envelope().cause()), (edited.receipt.id, Some(broken.id)));
    assert_eq!(event.envelope().correlation_id(), broken.id.to_string());
    reader.ack(&[delivery]).await
}
