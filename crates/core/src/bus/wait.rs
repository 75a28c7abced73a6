//! Waiting until an event is done with.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::EventBus;
use crate::{
    error::{Error, ErrorKind, Result},
    ids::{EventId, TenantId},
    transport::{EventStatus, Stage},
};

/// How long to wait before the status is asked for again: this at first, then twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(5);
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// How long the last look may take, which begins when the patience ends.
const LAST_LOOK: Duration = Duration::from_millis(500);
/// What is as good as no end.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

impl EventBus {
    /// Waits until an event has come to its end in every subscription that it is for (completed or failed), but no
    /// longer than `patience`; answers its status as it is then. An event that is unknown is not waited for.
    ///
    /// The store is asked again and again: after 5 ms at first, and at most every 500 ms. While it does not answer, the
    /// wait goes on. The last look begins when the patience ends, and has 500 ms: if it tells nothing, the last status
    /// that is known is answered.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the tenant's name breaks its rule;
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable), with the event's id, if the store has told nothing of it
    /// all the time; those of the store that will not pass by themselves, at once.
    ///
    /// # Cancel safety
    /// Cancel safe: it only looks.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Event, EventBus, Subscription, TekupEvent, transport::Stage};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated { score: f64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |_: Event<LeadCreated>, _| ())).await?;
    /// let receipt = bus.publish(LeadCreated { score: 75.0 }.event("acme")).await?;
    /// let status = bus.wait_for("acme", receipt.id, Duration::from_secs(5)).await?;
    /// assert_eq!(status.stage, Stage::Completed);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn wait_for<T>(&self, tenant: T, id: EventId, patience: Duration) -> Result<EventStatus>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        let tenant = tenant.try_into().map_err(Error::from)?;
        let admin = self.0.transport.admin();
        look_until_done(id, patience, || admin.status(&tenant, id)).await
    }
}

async fn look_until_done<L>(id: EventId, patience: Duration, look: impl Fn() -> L) -> Result<EventStatus>
where
    L: Future<Output = Result<EventStatus>>,
{
    let begun = Instant::now();
    let ends = begun.checked_add(patience).unwrap_or_else(|| begun + FOREVER);
    let (mut wait, mut known, mut failure) = (FIRST_WAIT, None, None);
    loop {
        match timeout_at(ends + LAST_LOOK, look()).await {
            Ok(Ok(status)) if status.stage.is_final() || status.stage == Stage::Unknown => return Ok(status),
            Ok(Ok(status)) => known = Some(status),
            Ok(Err(error)) if error.is_retryable() => failure = Some(error),
            Ok(Err(error)) => return Err(error),
            Err(_) => {}
        }
        let left = ends.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return known.ok_or_else(|| unanswered(id, patience, failure));
        }
        tokio::time::sleep(wait.min(left)).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

fn unanswered(id: EventId, patience: Duration, failure: Option<Error>) -> Error {
    let message = format!(
        "the store has told nothing of event `{id}` in the {patience:?} that were allowed: check server and network, then ask for its status"
    );
    let error = Error::new(ErrorKind::Unavailable, message);
    match failure {
        Some(failure) => error.with_source(failure),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, error::Error as _};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(stage: Stage) -> Result<EventStatus> {
        Ok(EventStatus { stage, subscriptions: Vec::new() })
    }

    fn away() -> Result<EventStatus> {
        Err(Error::new(ErrorKind::Unavailable, "the store is away"))
    }

    /// Waits for a minute, or none, while the looks end so, and hang after the last; answers how long it took too.
    async fn waited(
        patience: Duration,
        looks: &[fn() -> Result<EventStatus>],
    ) -> (Result<EventStatus>, Duration, EventId) {
        let (number, begun, id) = (Cell::new(0), Instant::now(), EventId::generate());
        let look = || {
            let look = looks.get(number.replace(number.get() + 1)).copied();
            async move {
                match look {
                    Some(look) => look(),
                    None => std::future::pending().await,
                }
            }
        };
        (look_until_done(id, patience, look).await, begun.elapsed(), id)
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_away_for_a_moment_ends_no_wait() {
        let (status, took, _) = waited(MINUTE, &[away, || at(Stage::Pending), away, || at(Stage::Completed)]).await;
        assert_eq!(status.unwrap().stage, Stage::Completed);
        assert!(took < Duration::from_secs(1), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_outlasts_no_patience_and_what_was_known_is_answered() {
        let (status, took, _) = waited(MINUTE, &[|| at(Stage::Retrying), away]).await;
        assert_eq!(status.unwrap().stage, Stage::Retrying);
        assert!((MINUTE..=MINUTE + LAST_LOOK + FIRST_WAIT).contains(&took), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn where_nothing_is_known_the_error_names_the_event_and_the_patience() {
        for looks in [&[][..], &[away as fn() -> _]] {
            let (status, took, id) = waited(MINUTE, looks).await;
            let error = status.unwrap_err();
            assert!(took <= MINUTE + LAST_LOOK + FIRST_WAIT, "{took:?}");
            assert_eq!((error.kind(), error.source().is_some()), (ErrorKind::Unavailable, !looks.is_empty()));
            assert!(error.to_string().contains(&format!("`{id}` in the 60s")), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_not_pass_ends_a_wait_at_once_and_no_patience_is_one_look() {
        let denied = || Err(Error::new(ErrorKind::Denied, "no permission"));
        let (status, took, _) = waited(MINUTE, &[denied]).await;
        assert_eq!((status.unwrap_err().kind(), took), (ErrorKind::Denied, Duration::ZERO));
        let (status, took, _) = waited(Duration::ZERO, &[|| at(Stage::Pending)]).await;
        assert_eq!((status.unwrap().stage, took), (Stage::Pending, Duration::ZERO));
        let (status, _, _) = waited(Duration::MAX, &[|| at(Stage::Pending), || at(Stage::Failed)]).await;
        assert_eq!(status.unwrap().stage, Stage::Failed);
    }
}
