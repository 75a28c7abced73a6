//! Many calls for one question, a few at a time.

use tokio::sync::Semaphore;

/// The most calls of one question that are under way at once.
const AT_ONCE: usize = 8;

/// What one question may have under way, over all partitions: others that share the connection wait for no more than
/// that.
#[derive(Debug)]
pub(super) struct Turns(Semaphore);

impl Turns {
    pub(super) const fn new() -> Self {
        Self(Semaphore::const_new(AT_ONCE))
    }

    /// Makes a call when it is its turn.
    pub(super) async fn take<T>(&self, call: impl Future<Output = T>) -> T {
        // It is never closed.
        let _turn = self.0.acquire().await;
        call.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn eight_calls_are_under_way_at_once_and_all_are_made_and_answered_in_their_order() {
        let (turns, under_way, most) = (Turns::new(), AtomicUsize::new(0), AtomicUsize::new(0));
        let call = async |number| {
            most.fetch_max(under_way.fetch_add(1, Relaxed) + 1, Relaxed);
            for _ in 0..number % 5 {
                tokio::task::yield_now().await;
            }
            under_way.fetch_sub(1, Relaxed);
            number
        };
        let answers = join_all((0..100).map(|number| turns.take(call(number)))).await;
        assert_eq!((answers, most.into_inner()), ((0..100).collect(), 8));
    }
}
