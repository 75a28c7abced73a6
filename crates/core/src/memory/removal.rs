use tokio::time::Instant;

use super::{store::Store, subscription::Subscription};
use crate::{
    error::{Error, ErrorKind, Result},
    ids::SubscriptionId,
    transport::Books,
};

impl Store {
    /// Removes a subscription for good; answers its books as they were.
    pub(super) fn remove(&mut self, id: &SubscriptionId) -> Result<Books> {
        let turn = self.turn_of(id)?;
        let number = turn.number;
        expect_free(turn.subscription, turn.now)?;
        let books = turn.subscription.books();
        // Its number stays, and means nobody from now on.
        *turn.subscription = Subscription::removed(id.clone());
        self.forget_name(number);
        Ok(books)
    }
}

fn expect_free(subscription: &mut Subscription, now: Instant) -> Result<()> {
    let (id, alive) = (&subscription.id, subscription.replicas);
    let message = match (alive, subscription.letter_holds.longest(now)) {
        (0, None) => return Ok(()),
        (0, Some(left)) => format!(
            "subscription `{id}` can't be removed while a job works on its dead letters: wait for it, or stop it; if it \
             was dropped, they are free again in {left:.1?}"
        ),
        (1, _) => format!(
            "subscription `{id}` can't be removed while 1 replica of it is alive: stop it, then remove it again"
        ),
        _ => format!(
            "subscription `{id}` can't be removed while {alive} replicas of it are alive: stop them, then remove it again"
        ),
    };
    Err(Error::new(ErrorKind::Conflict, message))
}
