use std::time::Duration;

/// How it is with a task that works by itself, as it says when it is asked.
///
/// ```
/// use std::time::Duration;
/// use tekup_core::health::Vital;
///
/// assert_eq!(Vital::of(false, None), Vital::Well);
/// assert_eq!(Vital::of(true, Some(Duration::from_secs(9))), Vital::Ended);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vital {
    /// It waits for work, or gets it done.
    Well,
    /// For so long it has tried to get something done, or was refused.
    Trying(Duration),
    /// It has ended, which it never should.
    Ended,
}

impl Vital {
    /// From whether it has ended and for how long it has tried.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tekup_core::health::Vital;
    ///
    /// let minute = Duration::from_secs(60);
    /// assert_eq!(Vital::of(false, Some(minute)), Vital::Trying(minute));
    /// ```
    #[must_use]
    pub fn of(has_ended: bool, tried_for: Option<Duration>) -> Self {
        if has_ended { Self::Ended } else { tried_for.map_or(Self::Well, Self::Trying) }
    }

    pub(crate) fn has_ended(&self) -> bool {
        *self == Self::Ended
    }
}
