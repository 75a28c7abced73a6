//! A subscription's books, derived from positions: nothing is counted while events flow.
//!
//! - published: entries ever added to its lanes, less those of before it began
//! - ready: entries behind the last one handed out, and those handed back
//! - pending: handed out and not settled, in lanes and in the retry stream
//! - retrying: waiting for their time, or in the retry stream and not handed out
//! - acked: what was handed out from lanes and is none of the others any more

use futures_util::future::{try_join, try_join_all};
use tekup_core::{Result, SubscriptionId, transport::Books};

use super::{RedisAdmin, places::Place, snapshot::Registered, turns::Turns};
use crate::scripts;

/// The most lanes that one call looks at.
const AT_ONCE: usize = 20;

/// What lies in lanes.
#[derive(Debug, Clone, Copy, Default)]
struct Lanes {
    added: u64,
    unread: u64,
    held: u64,
    /// Of `held`, what was handed back.
    released: u64,
    /// What a limit of a lane took.
    dropped: u64,
}

/// What has left the lanes.
#[derive(Debug, Clone, Copy, Default)]
struct Moved {
    waiting: u64,
    in_retry: u64,
    /// Of `in_retry`, what is handed out.
    retry_held: u64,
    dead: u64,
    expired: u64,
    purged: u64,
    /// Letters that went to make room.
    dropped: u64,
}

impl RedisAdmin {
    pub(super) async fn derive_books(&self, subscription: &SubscriptionId) -> Result<Books> {
        self.sum_books(&self.registered(subscription).await?).await
    }

    /// Of what is there, though it is not registered everywhere.
    pub(super) async fn sum_books(&self, subscription: &Registered) -> Result<Books> {
        let (partitions, turns) = (0..self.namespace.partitions().len(), Turns::new());
        let both = partitions.map(|at| {
            let moved = turns.take(self.moved_of(&subscription.id, at));
            try_join(self.lanes_of(subscription, at, &turns), moved)
        });
        let (mut lanes, mut moved) = (Lanes::default(), Moved::default());
        for (in_lanes, elsewhere) in try_join_all(both).await? {
            lanes.add(in_lanes);
            moved.add(elsewhere);
        }
        Ok(balance(lanes, moved))
    }

    /// Of the lanes that it takes, and of those that it took once: what it had there stays in its books.
    async fn lanes_of(&self, subscription: &Registered, partition: usize, turns: &Turns) -> Result<Lanes> {
        let snapshot = turns.take(self.fresh_snapshot(partition)).await?;
        let places = turns.take(self.places_of(subscription, partition, &snapshot)).await?;
        let keys = self.keys(partition)?;
        let look = async |chunk: &[Place]| {
            let mut call = scripts::BOOKS_LANES.call(1 + chunk.len());
            call.arg(keys.starts());
            chunk.iter().for_each(|place| _ = call.arg(keys.lane_named(&place.name)));
            call.arg(subscription.id.to_string());
            chunk.iter().for_each(|place| _ = call.arg(place.number));
            self.ask::<(u64, u64, u64, u64, u64)>("positions in lanes", call).await
        };
        let calls = places.chunks(AT_ONCE).map(|chunk| turns.take(look(chunk)));
        let mut sum = Lanes::default();
        for (added, unread, held, released, dropped) in try_join_all(calls).await? {
            sum.add(Lanes { added, unread, held, released, dropped });
        }
        Ok(sum)
    }

    async fn moved_of(&self, subscription: &SubscriptionId, partition: usize) -> Result<Moved> {
        let keys = self.keys(partition)?;
        let mut call = scripts::BOOKS.call(4);
        call.arg(keys.due(subscription)).arg(keys.retry(subscription)).arg(keys.dead(subscription));
        call.arg(keys.books(subscription)).arg(subscription.to_string());
        let counted: [u64; 7] = self.ask("a subscription's books", call).await?;
        let [waiting, in_retry, retry_held, dead, expired, dropped, purged] = counted;
        Ok(Moved { waiting, in_retry, retry_held, dead, expired, purged, dropped })
    }
}

impl Lanes {
    fn add(&mut self, other: Self) {
        self.added += other.added;
        self.unread += other.unread;
        self.held += other.held;
        self.released += other.released;
        self.dropped += other.dropped;
    }
}

impl Moved {
    fn add(&mut self, other: Self) {
        self.waiting += other.waiting;
        self.in_retry += other.in_retry;
        self.retry_held += other.retry_held;
        self.dead += other.dead;
        self.expired += other.expired;
        self.purged += other.purged;
        self.dropped += other.dropped;
    }
}

/// Numbers that don't add up leave `acked` at 0, and the books unbalanced.
fn balance(lanes: Lanes, moved: Moved) -> Books {
    let Moved { waiting, in_retry, retry_held, dead, expired, purged, dropped: letters_dropped } = moved;
    let elsewhere = waiting + in_retry + dead + expired + purged + letters_dropped + lanes.dropped;
    Books {
        published: lanes.added,
        acked: lanes.added.saturating_sub(lanes.unread + lanes.held + elsewhere),
        ready: lanes.unread + lanes.released,
        pending: lanes.held.saturating_sub(lanes.released) + retry_held,
        retrying: waiting + in_retry.saturating_sub(retry_held),
        dead,
        expired,
        purged,
        letters_dropped,
        dropped: lanes.dropped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_out_and_is_nowhere_else_was_acked() {
        let lanes = Lanes { added: 24, unread: 5, held: 4, released: 1, dropped: 2 };
        let moved = Moved { waiting: 2, in_retry: 3, retry_held: 1, dead: 1, expired: 1, purged: 2, dropped: 1 };
        let books = balance(lanes, moved);
        let expected = Books {
            published: 24,
            acked: 3,
            ready: 6,
            pending: 4,
            retrying: 4,
            dead: 1,
            expired: 1,
            purged: 2,
            letters_dropped: 1,
            dropped: 2,
        };
        assert_eq!(books, expected);
        assert!(books.balanced());
    }

    #[test]
    fn more_letters_than_events_do_not_balance() {
        let books = balance(Lanes { added: 1, ..Lanes::default() }, Moved { dead: 2, ..Moved::default() });
        assert!(!books.balanced());
    }
}
