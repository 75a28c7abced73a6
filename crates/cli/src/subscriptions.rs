//! The subscriptions of a bus, a bounded number at a time.

use futures_util::{StreamExt, TryStreamExt, stream};
use tekup_core::{
    ErrorKind, EventBus,
    transport::{ListedSubscription, SubscriptionPage},
};

/// How many are looked at the same time.
const AT_ONCE: usize = 8;

/// Which part of the list.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Page {
    /// At most so many, 1 to 1,000.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    limit: u16,
    /// Those behind the place where an earlier list ended.
    #[arg(long, value_name = "PLACE")]
    after: Option<String>,
}

impl Page {
    pub(crate) fn most(&self) -> usize {
        self.limit.into()
    }

    pub(crate) fn after(&self) -> Option<String> {
        self.after.clone()
    }

    pub(crate) async fn of(&self, bus: &EventBus) -> tekup_core::Result<SubscriptionPage> {
        bus.all_subscriptions(self.after(), self.most()).await
    }
}

/// What is found of each, in their order. One that was removed meanwhile is left out.
pub(crate) async fn each<T>(
    listed: Vec<ListedSubscription>,
    look: impl AsyncFn(ListedSubscription) -> tekup_core::Result<T>,
) -> tekup_core::Result<Vec<T>> {
    let look = &look;
    let found = stream::iter(listed).map(|one| async move {
        match look(one).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            found => found.map(Some),
        }
    });
    found.buffered(AT_ONCE).try_filter_map(async |found| Ok(found)).try_collect().await
}
