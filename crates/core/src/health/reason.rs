use std::fmt;

use serde::{Deserialize, Serialize};

use super::Level;
use crate::ids::SubscriptionId;

/// A part of a running subscription.
///
/// ```
/// assert_eq!(tekup_core::health::Part::Keeper.to_string(), "keeper");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Reads events.
    Reader,
    /// Takes verdicts to the store.
    Settler,
    /// Renews leases.
    Keeper,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reader => "reader",
            Self::Settler => "settler",
            Self::Keeper => "keeper",
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
    /// Too many events wait for a subscription.
    Lagging {
        /// Which.
        subscription: SubscriptionId,
        /// How many are stored for it and not handed out.
        waiting: u64,
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
    /// How bad it is.
    ///
    /// ```
    /// use tekup_core::health::{Level, Reason};
    /// assert_eq!(Reason::Closed.level(), Level::Unhealthy);
    /// ```
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            Self::StoreSlow { .. } | Self::Lagging { .. } | Self::DeadLettersGrow { .. } | Self::Unaccounted { .. } => {
                Level::Degraded
            }
            Self::Closed
            | Self::StoreUnreachable { .. }
            | Self::SubscriptionStopped { .. }
            | Self::Ended { .. }
            | Self::Stalled { .. } => Level::Unhealthy,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the bus is shut down: make a new one"),
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
                "the {part} of `{subscription}` gets nothing done for {for_ms} ms: look for an outage of the store, and for handlers that block their thread"
            ),
            Self::Lagging { subscription, waiting } => {
                write!(f, "{waiting} events wait for `{subscription}`: raise its concurrency, or start more replicas")
            }
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
