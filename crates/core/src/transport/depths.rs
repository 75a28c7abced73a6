//! How much waits for a subscription, and for how long.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{EventType, TenantId},
    priority::Priority,
};

/// How much waits in one place.
///
/// ```
/// use std::time::Duration;
/// use tekup_core::transport::Depth;
///
/// let depth = Depth { ready: 4, in_flight: 1, oldest: Some(Duration::from_secs(3)), ..Depth::default() };
/// assert_eq!(depth.unsettled(), 5);
/// assert_eq!(depth.to_string(), "4 ready, 1 in flight, 0 retrying, 0 scheduled, 0 dead, the oldest for 3s");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Depth {
    /// Not handed out yet, or handed back.
    pub ready: u64,
    /// Handed out and not settled, those of dead replicas included.
    pub in_flight: u64,
    /// Failed, and waiting for their next attempt, due or not.
    pub retrying: u64,
    /// Published for later, of the types that the subscription takes: it is given them if it is still there then. What is
    /// past its time and did not leave yet is among them.
    pub scheduled: u64,
    /// In the dead letters.
    pub dead: u64,
    /// For how long the oldest of what is ready, in flight, due again or past its time has waited, by the store's clock:
    /// since it was stored; if it failed, since its next attempt was due; if it was published for later and did not leave
    /// yet, since it was due. What waits for a time to come does not count. `None` if there is nothing.
    #[serde(rename = "oldestMs", with = "optional_millis")]
    pub oldest: Option<Duration>,
}

impl Depth {
    /// What is ready, in flight and retrying together.
    ///
    /// ```
    /// use tekup_core::transport::Depth;
    /// assert_eq!(Depth { dead: 3, retrying: 1, ..Depth::default() }.unsettled(), 1);
    /// ```
    #[must_use]
    pub const fn unsettled(&self) -> u64 {
        self.ready + self.in_flight + self.retrying
    }

    /// Whether there is nothing at all.
    ///
    /// ```
    /// assert!(tekup_core::transport::Depth::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what waits in another place.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::transport::Depth;
    ///
    /// let mut sum = Depth { ready: 1, oldest: Some(Duration::from_secs(1)), ..Depth::default() };
    /// sum.add(&Depth { ready: 2, oldest: Some(Duration::from_secs(5)), ..Depth::default() });
    /// assert_eq!((sum.ready, sum.oldest), (3, Some(Duration::from_secs(5))));
    /// ```
    pub fn add(&mut self, other: &Self) {
        self.ready += other.ready;
        self.in_flight += other.in_flight;
        self.retrying += other.retrying;
        self.scheduled += other.scheduled;
        self.dead += other.dead;
        self.oldest = self.oldest.max(other.oldest);
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ready, in_flight, retrying, scheduled, dead, oldest } = self;
        write!(f, "{ready} ready, {in_flight} in flight, {retrying} retrying, {scheduled} scheduled, {dead} dead")?;
        oldest.map_or(Ok(()), |oldest| write!(f, ", the oldest for {oldest:?}"))
    }
}

/// How much waits in one lane: the events of one type and priority.
///
/// ```
/// use tekup_core::{Priority, transport::{Depth, LaneDepth}};
///
/// let depth = Depth { ready: 2, ..Depth::default() };
/// let lane = LaneDepth { event_type: "lead.created".parse()?, priority: Priority::High, lost: false, depth };
/// assert!(lane.to_string().starts_with("lead.created:high: 2 ready"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaneDepth {
    /// The type.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The priority.
    pub priority: Priority,
    /// Whether the store has lost how far the subscription had come there, and nobody has mended it yet: then all that
    /// lies there is told as ready.
    #[serde(default)]
    pub lost: bool,
    /// How much.
    pub depth: Depth,
}

impl fmt::Display for LaneDepth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = if self.lost { " (its place was lost)" } else { "" };
        write!(f, "{}:{}: {}{lost}", self.event_type, self.priority.as_str(), self.depth)
    }
}

/// How much of one tenant waits.
///
/// ```
/// use tekup_core::transport::{Depth, TenantDepth};
///
/// let tenant = TenantDepth { tenant: "acme".parse()?, depth: Depth { ready: 2, ..Depth::default() } };
/// assert!(tenant.to_string().starts_with("acme: 2 ready"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantDepth {
    /// The tenant.
    pub tenant: TenantId,
    /// How much.
    pub depth: Depth,
}

impl fmt::Display for TenantDepth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.tenant, self.depth)
    }
}

/// How much waits for a subscription, in all, by lane and by tenant.
///
/// It includes what is of tenants that the subscription leaves out, until that is read.
///
/// ```
/// use tekup_core::{Priority, transport::{Depth, Depths}};
///
/// let mut depths = Depths { exact: true, ..Depths::default() };
/// let depth = Depth { ready: 3, ..Depth::default() };
/// depths.total.add(&depth);
/// depths.add_lane(&"lead.created".parse()?, Priority::High, &depth);
/// depths.add_tenant(&"acme".parse()?, &depth);
/// assert_eq!((depths.total.ready, depths.of_tenant("acme").ready), (3, 3));
/// println!("{depths}");
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Depths {
    /// In all.
    pub total: Depth,
    /// Lanes in which something waits, and those that are lost, by type, then the highest priority first.
    pub lanes: Vec<LaneDepth>,
    /// Tenants of which something waits, by name.
    pub tenants: Vec<TenantDepth>,
    /// Whether all was counted. If not, the numbers of tenants, those of what is scheduled, and by lane those of what is
    /// retrying or dead are scaled up from a sample; a tenant of which little waits may be missing.
    pub exact: bool,
}

impl Depths {
    /// Adds what waits in a lane, to it alone.
    ///
    /// ```
    /// use tekup_core::{Priority, transport::{Depth, Depths}};
    ///
    /// let mut depths = Depths::default();
    /// for _ in 0..2 {
    ///     depths.add_lane(&"lead.created".parse()?, Priority::High, &Depth { dead: 1, ..Depth::default() });
    /// }
    /// assert_eq!((depths.lanes[0].depth.dead, depths.lanes.len()), (2, 1));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn add_lane(&mut self, event_type: &EventType, priority: Priority, depth: &Depth) {
        if !depth.is_empty() {
            self.lane(event_type, priority).depth.add(depth);
        }
    }

    /// Notes that the place of the subscription in a lane is lost.
    ///
    /// ```
    /// use tekup_core::{Priority, transport::Depths};
    ///
    /// let mut depths = Depths::default();
    /// depths.lose_lane(&"lead.created".parse()?, Priority::High);
    /// assert!(depths.lanes[0].lost);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn lose_lane(&mut self, event_type: &EventType, priority: Priority) {
        self.lane(event_type, priority).lost = true;
    }

    fn lane(&mut self, event_type: &EventType, priority: Priority) -> &mut LaneDepth {
        let place =
            |lane: &LaneDepth| (lane.event_type.as_str().cmp(event_type.as_str())).then(priority.cmp(&lane.priority));
        let found = self.lanes.binary_search_by(place);
        let at = found.unwrap_or_else(|at| {
            let new = LaneDepth { event_type: event_type.clone(), priority, lost: false, depth: Depth::default() };
            self.lanes.insert(at, new);
            at
        });
        &mut self.lanes[at]
    }

    /// Adds what waits of a tenant, to it alone.
    ///
    /// ```
    /// use tekup_core::transport::{Depth, Depths};
    ///
    /// let mut depths = Depths::default();
    /// depths.add_tenant(&"acme".parse()?, &Depth { ready: 1, ..Depth::default() });
    /// assert_eq!((depths.tenants.len(), depths.total.ready), (1, 0));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn add_tenant(&mut self, tenant: &TenantId, depth: &Depth) {
        if depth.is_empty() {
            return;
        }
        let found = self.tenants.binary_search_by(|known| known.tenant.as_str().cmp(tenant.as_str()));
        match found {
            Ok(at) => self.tenants[at].depth.add(depth),
            Err(at) => self.tenants.insert(at, TenantDepth { tenant: tenant.clone(), depth: *depth }),
        }
    }

    /// What waits of a tenant; nothing, if none of it was seen.
    ///
    /// ```
    /// assert!(tekup_core::transport::Depths::default().of_tenant("acme").is_empty());
    /// ```
    #[must_use]
    pub fn of_tenant(&self, tenant: &str) -> Depth {
        let found = self.tenants.iter().find(|known| known.tenant.as_str() == tenant);
        found.map(|known| known.depth).unwrap_or_default()
    }

    /// What waits in a lane.
    ///
    /// ```
    /// use tekup_core::{Priority, transport::Depths};
    /// assert!(Depths::default().of_lane("lead.created", Priority::High).is_empty());
    /// ```
    #[must_use]
    pub fn of_lane(&self, event_type: &str, priority: Priority) -> Depth {
        let is_it = |lane: &&LaneDepth| lane.event_type.as_str() == event_type && lane.priority == priority;
        self.lanes.iter().find(is_it).map(|lane| lane.depth).unwrap_or_default()
    }
}

impl fmt::Display for Depths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.total)?;
        self.lanes.iter().try_for_each(|lane| write!(f, "\n  {lane}"))?;
        let about = if self.exact { "" } else { " (of a sample)" };
        self.tenants.iter().try_for_each(|tenant| write!(f, "\n  {tenant}{about}"))
    }
}

/// A duration that may be absent, as milliseconds.
mod optional_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option, reason = "serde asks for it")]
    pub(super) fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|value| u64::try_from(value.as_millis()).unwrap_or(u64::MAX)).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_and_tenants_are_sorted_summed_and_survive_a_round_trip() {
        let (created, scored): (EventType, EventType) =
            ("lead.created".parse().unwrap(), "lead.scored".parse().unwrap());
        let one = Depth { ready: 1, oldest: Some(Duration::from_millis(1_500)), ..Depth::default() };
        let mut depths = Depths::default();
        for (event_type, priority) in
            [(&scored, Priority::Low), (&created, Priority::Low), (&created, Priority::High), (&scored, Priority::Low)]
        {
            depths.total.add(&one);
            depths.add_lane(event_type, priority, &one);
        }
        depths.add_lane(&scored, Priority::High, &Depth::default());
        for tenant in ["globex", "acme", "globex"] {
            depths.add_tenant(&tenant.parse().unwrap(), &one);
        }
        let lanes = depths.lanes.iter().map(|lane| (lane.event_type.as_str(), lane.priority, lane.depth.ready));
        let expected = [
            ("lead.created", Priority::High, 1),
            ("lead.created", Priority::Low, 1),
            ("lead.scored", Priority::Low, 2),
        ];
        assert_eq!(lanes.collect::<Vec<_>>(), expected);
        assert_eq!((depths.total.ready, depths.of_tenant("globex").ready), (4, 2));
        let json = serde_json::to_string(&depths).unwrap();
        assert!(
            json.starts_with(
                r#"{"total":{"ready":4,"inFlight":0,"retrying":0,"scheduled":0,"dead":0,"oldestMs":1500}"#
            )
        );
        assert_eq!(serde_json::from_str::<Depths>(&json).unwrap(), depths);
        assert_eq!(depths.to_string().lines().count(), 6, "{depths}");
    }
}
