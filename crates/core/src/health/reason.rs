use std::fmt;

use serde::{Deserialize, Serialize};

use super::Level;
use crate::ids::SubscriptionId;

/// A task that works by itself: a part of a running subscription, or of a transport.
///
/// ```
/// assert_eq!(tekup_core::health::Part::Keeper.to_string(), "keeper");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Part {
    /// Reads events.
    Reader,
    /// Takes verdicts to the store.
    Settler,
    /// Renews leases.
    Keeper,
    /// Runs handlers.
    Worker,
    /// Heeds what operators say, a pause or a rate limit, and says that this replica lives.
    Watcher,
    /// Moves retries that are due, trims what is settled, and lets go of old dead letters.
    Mover,
    /// Publishes events whose time has come.
    Scheduler,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reader => "reader",
            Self::Settler => "settler",
            Self::Keeper => "keeper",
            Self::Worker => "worker",
            Self::Watcher => "watcher",
            Self::Mover => "mover",
            Self::Scheduler => "scheduler",
        })
    }
}

/// What is wrong with a bus. Displays as one line: what it is, and how to mend it.
///
/// ```
/// use tekup_core::health::{Level, Reason};
///
/// let slow = Reason::StoreSlow { latency_ms: 900 };
/// assert_eq!(slow.level(), Level::Degraded);
/// assert!(slow.to_string().contains("900 ms"));
/// assert_eq!(serde_json::to_string(&slow)?, r#"{"reason":"store_slow","latencyMs":900}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Reason {
    /// The bus is shut down.
    Closed,
    /// The process waits for a bus that is not there yet.
    NotJoined {
        /// Why it could not be joined when that was last tried.
        error: String,
    },
    /// The store does not answer, or refuses to.
    StoreUnreachable {
        /// What it, or the way to it, said.
        error: String,
    },
    /// The store answers late.
    StoreSlow {
        /// How late.
        latency_ms: u64,
    },
    /// A subscription has stopped reading by itself.
    SubscriptionStopped {
        /// Which.
        subscription: SubscriptionId,
        /// Why.
        error: String,
    },
    /// A part of a subscription has ended, which it never should.
    Ended {
        /// Which subscription.
        subscription: SubscriptionId,
        /// Which part.
        part: Part,
    },
    /// A part of a subscription gets nothing done.
    Stalled {
        /// Which subscription.
        subscription: SubscriptionId,
        /// Which part.
        part: Part,
        /// For how long.
        for_ms: u64,
    },
    /// A part of the transport has ended, which it never should.
    TransportEnded {
        /// Which part.
        part: Part,
    },
    /// A part of the transport gets nothing done.
    TransportStalled {
        /// Which part.
        part: Part,
        /// For how long.
        for_ms: u64,
    },
    /// Events that a subscription had not settled were dropped since the last look, for their lanes had reached their hard
    /// cap. They never come.
    EventsDropped {
        /// Whose they were.
        subscription: SubscriptionId,
        /// How many went since then.
        new: u64,
        /// How many went in all.
        dropped: u64,
    },
    /// Too many events wait for a subscription.
    Lagging {
        /// Which.
        subscription: SubscriptionId,
        /// How many are stored for it and not handed out.
        waiting: u64,
    },
    /// What waits for a subscription has waited too long.
    Overdue {
        /// Which.
        subscription: SubscriptionId,
        /// For how long the oldest has waited: to be handed out, if it was, to be settled, or past its time to leave.
        oldest_ms: u64,
    },
    /// The store has lost the place of a subscription that runs here, and it is not made anew yet.
    PlaceLost {
        /// Whose.
        subscription: SubscriptionId,
        /// In which lanes; none, if the whole registration is lost.
        lanes: Vec<String>,
    },
    /// The store has lost the place of a subscription since the last look, and it was made anew.
    PlaceMended {
        /// Whose.
        subscription: SubscriptionId,
        /// How often.
        times: u64,
        /// What was lost the last time, in the words of the transport.
        detail: String,
    },
    /// Subscriptions are registered, and no replica of them has run for long.
    DeadSubscriptions {
        /// Some of them, those that nobody has read for the longest time first.
        subscriptions: Vec<SubscriptionId>,
        /// How many more there are.
        more: u64,
        /// For how long nobody has read the first.
        for_ms: u64,
    },
    /// The subscriptions of the bus can't be listed, though the store answers.
    Unlisted {
        /// Why.
        error: String,
    },
    /// Events have died since the last look.
    DeadLettersGrow {
        /// Whose they are.
        subscription: SubscriptionId,
        /// How many came since then.
        new: u64,
        /// How many there are.
        dead: u64,
    },
    /// A subscription's books can't be read, though the store answers.
    Unaccounted {
        /// Which.
        subscription: SubscriptionId,
        /// Why.
        error: String,
    },
}

impl Reason {
    /// How bad it is. A part that gets nothing done while events are read, settled and renewed is for somebody to look
    /// at; that of a reader, a settler or a keeper is worse, and so is any that has ended.
    ///
    /// ```
    /// use tekup_core::health::{Level, Reason};
    /// assert_eq!(Reason::Closed.level(), Level::Unhealthy);
    /// ```
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            Self::StoreSlow { .. }
            | Self::Stalled { part: Part::Mover | Part::Watcher, .. }
            | Self::TransportStalled { .. }
            | Self::EventsDropped { .. }
            | Self::Lagging { .. }
            | Self::Overdue { .. }
            | Self::PlaceLost { .. }
            | Self::PlaceMended { .. }
            | Self::DeadSubscriptions { .. }
            | Self::Unlisted { .. }
            | Self::DeadLettersGrow { .. }
            | Self::Unaccounted { .. } => Level::Degraded,
            Self::Closed
            | Self::NotJoined { .. }
            | Self::StoreUnreachable { .. }
            | Self::SubscriptionStopped { .. }
            | Self::Ended { .. }
            | Self::TransportEnded { .. }
            | Self::Stalled { .. } => Level::Unhealthy,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the bus is shut down: make a new one"),
            Self::NotJoined { error } => write!(f, "the bus is not joined yet: {error}; it is tried again by itself"),
            Self::StoreUnreachable { error } => {
                write!(f, "the store is out of reach: {error}; check server and network")
            }
            Self::StoreSlow { latency_ms } => {
                write!(f, "the store answers after {latency_ms} ms: look for slow commands, swapping and its network")
            }
            Self::SubscriptionStopped { subscription, error } => {
                write!(f, "`{subscription}` has stopped reading: {error}; mend it, then subscribe again")
            }
            Self::Ended { subscription, part } => {
                write!(f, "the {part} of `{subscription}` has ended by a fault: restart the process, and report it")
            }
            Self::Stalled { subscription, part, for_ms } => write!(
                f,
                "the {part} of `{subscription}` gets nothing done for {for_ms} ms: look for an outage of the store, for what it refuses, by the log, and for handlers that block their thread"
            ),
            Self::TransportEnded { part } => {
                write!(f, "the {part} of the transport has ended by a fault: restart the process, and report it")
            }
            Self::TransportStalled { part, for_ms } => write!(
                f,
                "the {part} of the transport gets nothing done for {for_ms} ms, in some part of the store at least: look for an outage of the store, and for what it refuses, by the log"
            ),
            Self::EventsDropped { subscription, new, dropped } => write!(
                f,
                "{new} events of `{subscription}` are lost, {dropped} in all: their lanes had reached `maxLaneLength`, which drops the oldest; raise it, start more replicas, or raise the subscription's concurrency, and publish again what must not be missing"
            ),
            Self::Lagging { subscription, waiting } => {
                write!(f, "{waiting} events wait for `{subscription}`: raise its concurrency, or start more replicas")
            }
            Self::Overdue { subscription, oldest_ms } => write!(
                f,
                "the oldest event that waits for `{subscription}` has waited for {oldest_ms} ms: look for handlers that hang, at its lanes and tenants by `depths` and, if it is published for later, in the log for why it does not leave"
            ),
            Self::PlaceLost { subscription, lanes } if lanes.is_empty() => write!(
                f,
                "the store has lost the subscription `{subscription}`, and its replicas have not made it anew yet: what was stored meanwhile may be missed; find out what deletes keys in the store"
            ),
            Self::PlaceLost { subscription, lanes } => write!(
                f,
                "the store has lost the place of `{subscription}` in {}: its replicas make it anew, and what was settled since the last trim comes again; find out what deletes keys in the store",
                lanes.join(", ")
            ),
            Self::PlaceMended { subscription, times, detail } => {
                let times = if *times == 1 { "once".into() } else { format!("{times} times") };
                write!(
                    f,
                    "the store has lost the place of `{subscription}` {times} since the last look, the last time {detail}: it was made anew, and what was settled since the last trim comes again; find out what deletes keys in the store"
                )
            }
            Self::DeadSubscriptions { subscriptions, more, for_ms } => {
                let names: Vec<String> = subscriptions.iter().map(|id| format!("`{id}`")).collect();
                let more = if *more == 0 { String::new() } else { format!(" and {more} more") };
                write!(
                    f,
                    "nobody reads {}{more}, the first for {for_ms} ms: their events are kept, and fill the store; start their services, or remove them for good by `bus.removal(..)`",
                    names.join(", ")
                )
            }
            Self::Unlisted { error } => write!(f, "the subscriptions of the bus can't be listed: {error}"),
            Self::DeadLettersGrow { subscription, new, dead } => write!(
                f,
                "{new} new dead letters of `{subscription}`, {dead} in all: list them, mend the cause, and replay them"
            ),
            Self::Unaccounted { subscription, error } => {
                write!(f, "the books of `{subscription}` can't be read: {error}")
            }
        }
    }
}
