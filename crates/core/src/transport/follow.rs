//! Reading along without being a subscription.

use std::{future::Future, pin::Pin};

use super::Delivery;
use crate::{
    error::Result,
    ids::{Pattern, SubscriptionId},
};

/// What a transport must know to follow events.
///
/// ```
/// use tekup_core::transport::FollowSpec;
///
/// let spec = FollowSpec::new("shop/cache".parse()?, vec!["price.*".parse()?]);
/// assert_eq!(spec.patterns.len(), 1);
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FollowSpec {
    /// Who follows, for logs: nothing is stored under this name.
    pub id: SubscriptionId,
    /// Which event types: any of the patterns may match.
    pub patterns: Vec<Pattern>,
}

impl FollowSpec {
    /// All that there is to say.
    ///
    /// ```
    /// use tekup_core::transport::FollowSpec;
    /// assert_eq!(FollowSpec::new("shop/cache".parse()?, Vec::new()).id.to_string(), "shop/cache");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(id: SubscriptionId, patterns: Vec<Pattern>) -> Self {
        Self { id, patterns }
    }
}

/// What a follower has read.
///
/// ```
/// use tekup_core::transport::Followed;
/// assert_eq!(Followed::default().missed, 0);
/// ```
#[derive(Debug, Default)]
pub struct Followed {
    /// Events, each lane's in the order of storing. They are held by nobody: there is nothing to settle.
    pub deliveries: Vec<Delivery>,
    /// How many went by unread since the last time this was said.
    pub missed: u64,
}

/// Reads every event that is stored from its beginning on, and holds nothing back: neither trimming nor anybody else.
///
/// ```
/// use tekup_core::{memory::MemoryTransport, transport::{FollowSpec, Outgoing, Transport}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let transport = MemoryTransport::new();
/// let mut follower = transport.follow(FollowSpec::new("shop/cache".parse()?, vec!["price.*".parse()?])).await?;
/// transport.publish(vec![Outgoing::unchecked("acme".parse()?, "price.changed".parse()?, "{}")]).await?;
/// assert_eq!(follower.next(10).await?.deliveries.len(), 1);
/// # Ok(())
/// # }
/// ```
pub trait Follower: Send {
    /// Waits until there is something to tell: at most `most` events, or that some were missed. What was read before is
    /// taken to be done with.
    ///
    /// # Cancel safety
    /// A dropped call loses nothing that a later one would not read, though perhaps later.
    ///
    /// ```
    /// use tekup_core::{memory::MemoryTransport, transport::{FollowSpec, Outgoing, Transport}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// # let transport = MemoryTransport::new();
    /// # let mut follower = transport.follow(FollowSpec::new("shop/cache".parse()?, vec!["*".parse()?])).await?;
    /// # let event = || Outgoing::unchecked("acme".parse().unwrap(), "price.changed".parse().unwrap(), "{}");
    /// transport.publish(vec![event(), event()]).await?;
    /// assert_eq!(follower.next(1).await?.deliveries.len(), 1);
    /// assert_eq!(follower.next(1).await?.missed, 0);
    /// # Ok(())
    /// # }
    /// ```
    fn next(&mut self, most: usize) -> Pin<Box<dyn Future<Output = Result<Followed>> + Send + '_>>;
}
