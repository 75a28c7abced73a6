//! Who did what to the bus, and which sensitive events were published: kept by the store, told by
//! [`EventBus::audit`](crate::EventBus::audit).
//!
//! **Actions** of operators: replays, purges and edits of dead letters, pauses, resumes, rate limits, removals, and
//! cancellations of events that wait. Each is recorded before it begins, and is not done if that fails; the same record is
//! completed when it ends, by what came of it. One without an end is under way, or its
//! process died, or the call was dropped before its end. Calls that are
//! refused before the store is asked, for a name that is none or another tenant's letter, are not recorded. A record costs
//! an action two short calls of the store; it is kept though the store is full, for a pause or a purge may be the cure.
//!
//! **Events** of types that say `#[event(audit)]`: the envelope of each, never its data nor its free metadata, stored in one
//! step with the event. A duplicate leaves no second record; an event for a later time is recorded when it is accepted.
//! What is published untyped is recorded where the bus knows its type: by [`EventBus::use_schemas`](crate::EventBus::use_schemas),
//! or where its publisher says so by [`Outgoing::audit`](crate::transport::Outgoing::audit). Bytes that are no event leave none.
//!
//! The newest 10,000 actions are kept, and of each partition of the store about the newest 10,000 events: a flood of events
//! pushes out no action. A record has a few hundred bytes, that of an action less than 4 KiB: on Redis 10,000 actions take some
//! 6 MB, and 10,000 events some 3 MB in each partition. What a removed subscription's operators did stays recorded.
//!
//! ```
//! use tekup_core::{BusConfig, EventBus, RawEvent, Subscription, audit::AuditRecord, memory::MemoryTransport};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> tekup_core::Result<()> {
//! let mut config = BusConfig::new("billing");
//! config.operator = Some("ada@example.com".into());
//! let bus = EventBus::new(config, MemoryTransport::new())?;
//! bus.subscribe(Subscription::matching("ledger", "*").handler(async |_: RawEvent, _| ())).await?;
//! bus.pause("billing/ledger").await?;
//!
//! let page = bus.audit(None, None, 100).await?;
//! let AuditRecord::Action(paused) = &page.records[0] else { panic!("only a pause was asked for") };
//! assert_eq!((paused.action.kind.as_str(), paused.action.operator.as_str()), ("pause", "ada@example.com"));
//! # bus.shutdown().await
//! # }
//! ```

mod action;
mod begun;
mod end;
mod event;
mod kind;
mod record;

pub use action::AdminAction;
pub(crate) use begun::Begun;
pub use end::{ActionEnd, ActionOutcome};
pub use event::AuditedEvent;
pub use kind::ActionKind;
pub use record::{ActionRecord, AuditKind, AuditPage, AuditRecord, EventRecord};

/// How many actions a store keeps; of the events it keeps so many in each partition, or a few more.
pub const MOST_RECORDS: usize = 10_000;
