/// Where a subscription starts that is registered for the first time.
///
/// ```
/// use tekup_core::{Subscription, RawEvent, transport::StartAt};
///
/// let audit = Subscription::matching("audit", "*").start_at(StartAt::Beginning).handler(async |_: RawEvent, _| ());
/// # drop(audit);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StartAt {
    /// With what is published from now on.
    #[default]
    Now,
    /// With all that the store still has: surely what some other subscription has neither begun nor given back for a
    /// retry. What all of them have settled may be gone, and so may what nobody takes.
    Beginning,
}
