use serde::{Deserialize, Serialize};

/// What an operator does.
///
/// ```
/// use tekup_core::audit::ActionKind;
/// assert_eq!(ActionKind::SetRateLimit.as_str(), "set_rate_limit");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ActionKind {
    /// Dead letters are given back: one, or those of a filter.
    Replay,
    /// Dead letters are deleted: one, or those of a filter.
    Purge,
    /// A new event is published in place of a dead one.
    Edit,
    /// A subscription is paused.
    Pause,
    /// A paused subscription goes on.
    Resume,
    /// A rate limit is set or lifted.
    SetRateLimit,
    /// A subscription is removed for good.
    Remove,
    /// An event that waits for its time is cancelled.
    Cancel,
    /// A place that the store had lost is made anew.
    Repair,
    /// Something that a newer version does.
    #[serde(other)]
    Other,
}

impl ActionKind {
    /// A stable name.
    ///
    /// ```
    /// use tekup_core::audit::ActionKind;
    /// assert_eq!(ActionKind::Replay.as_str(), "replay");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Purge => "purge",
            Self::Edit => "edit",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::SetRateLimit => "set_rate_limit",
            Self::Remove => "remove",
            Self::Cancel => "cancel",
            Self::Repair => "repair",
            Self::Other => "other",
        }
    }
}

impl std::fmt::Display for ActionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_wire() {
        use ActionKind as Kind;
        let kinds = [Kind::Replay, Kind::Purge, Kind::Edit, Kind::Pause, Kind::Resume, Kind::SetRateLimit];
        for kind in kinds.into_iter().chain([Kind::Remove, Kind::Cancel, Kind::Repair, Kind::Other]) {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
