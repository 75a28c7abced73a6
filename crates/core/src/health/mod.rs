//! Whether a bus does its work, and what is wrong if not.

mod facts;
mod reason;
mod roll_call;
mod vital;

use serde::{Deserialize, Serialize};

pub(crate) use facts::{BooksFacts, Facts, SubscriptionFacts, Vitals};
pub use reason::{Part, Reason};
pub(crate) use roll_call::RollCall;
pub use vital::Vital;

/// How well a bus does its work in this process.
///
/// ```
/// use tekup_core::health::Level;
/// assert!(Level::Unhealthy > Level::Degraded && Level::Degraded > Level::Healthy);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is wrong.
    Healthy,
    /// It works, and somebody should look.
    Degraded,
    /// It does not work.
    Unhealthy,
}

/// Whether a bus does its work in this process, with all reasons if it does not.
///
/// ```
/// use tekup_core::health::{Health, Level, Reason};
///
/// let health = Health::of(vec![Reason::Lagging { subscription: "billing/ledger".parse()?, waiting: 20_000 }]);
/// assert_eq!(health.level, Level::Degraded);
/// assert!(!Health::of(vec![Reason::Closed]).is_healthy());
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// That of the worst reason.
    pub level: Level,
    /// All that is wrong, the worst first; nothing if all is well.
    pub reasons: Vec<Reason>,
}

impl Health {
    /// The level follows from the reasons.
    ///
    /// ```
    /// use tekup_core::health::Health;
    /// assert!(Health::of(Vec::new()).is_healthy());
    /// ```
    #[must_use]
    pub fn of(mut reasons: Vec<Reason>) -> Self {
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.level()));
        Self { level: reasons.first().map_or(Level::Healthy, Reason::level), reasons }
    }

    /// Whether nothing is wrong.
    ///
    /// ```
    /// use tekup_core::health::Health;
    /// assert!(Health::of(Vec::new()).is_healthy());
    /// ```
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.level == Level::Healthy
    }
}
