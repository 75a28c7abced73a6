//! What became of all that was stored for a subscription.

use serde::{Deserialize, Serialize};

/// The books of a subscription: what became of all that was ever stored for it. They always balance.
///
/// An event that waits for its time is in no subscription's books: it is published, in all that take it then, when its
/// time has come. [`Admin::count_scheduled`](super::Admin::count_scheduled) tells how many wait, and
/// [`Depth::oldest`](super::Depth::oldest) if one is past its time and did not leave.
///
/// ```
/// use tekup_core::transport::Books;
///
/// let books = Books { published: 3, acked: 1, pending: 1, dead: 1, ..Books::default() };
/// assert!(books.balanced());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Books {
    /// Events stored of the types that the subscription takes, since it began; those of tenants that it leaves out too.
    pub published: u64,
    /// Deliveries finished.
    pub acked: u64,
    /// Waiting in lanes, not handed out yet.
    pub ready: u64,
    /// Handed out and not settled, those of dead replicas included.
    pub pending: u64,
    /// Failed, and waiting for their next attempt, due or not.
    pub retrying: u64,
    /// In the dead letters.
    pub dead: u64,
    /// Dead letters that went because of their age.
    pub expired: u64,
    /// Dead letters that were deleted on request.
    pub purged: u64,
    /// Dead letters that went to make room for newer ones.
    pub letters_dropped: u64,
    /// What went from lanes at their hard cap, before it was settled: handed out or not.
    pub dropped: u64,
}

impl Books {
    /// Whether all that was stored is accounted for.
    ///
    /// ```
    /// use tekup_core::transport::Books;
    /// assert!(!Books { published: 1, ..Books::default() }.balanced());
    /// ```
    #[must_use]
    pub const fn balanced(&self) -> bool {
        let waiting = self.ready + self.pending + self.retrying;
        let letters = self.dead + self.expired + self.purged + self.letters_dropped;
        self.published == self.acked + waiting + letters + self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_end_is_in_the_balance() {
        let ways: [fn(&mut Books) -> &mut u64; 9] = [
            |books| &mut books.acked,
            |books| &mut books.ready,
            |books| &mut books.pending,
            |books| &mut books.retrying,
            |books| &mut books.dead,
            |books| &mut books.expired,
            |books| &mut books.purged,
            |books| &mut books.letters_dropped,
            |books| &mut books.dropped,
        ];
        let mut books = Books { published: ways.len() as u64, ..Books::default() };
        for way in ways {
            assert!(!books.balanced(), "{books:?}");
            *way(&mut books) += 1;
        }
        assert!(books.balanced(), "{books:?}");
    }

    #[test]
    fn books_of_before_letters_were_counted_apart_are_read_and_balance() {
        let stored = r#"{"published":5,"acked":2,"dropped":3}"#;
        let books: Books = serde_json::from_str(stored).unwrap();
        assert_eq!((books.letters_dropped, books.dropped), (0, 3));
        assert!(books.balanced());
        assert!(serde_json::to_string(&books).unwrap().contains(r#""lettersDropped":0,"dropped":3"#));
    }
}
