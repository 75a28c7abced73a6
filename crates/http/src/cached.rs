//! Looks that cost something: one at a time, and not too often, however many ask.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

/// A look takes at most one part in so many of the time.
const SHARE: u32 = 10;

/// The last look, and whether another one is under way.
pub(crate) struct Cached<T> {
    every: Duration,
    last: watch::Sender<Option<Taken<T>>>,
    looking: Arc<AtomicBool>,
}

/// A look that was taken.
struct Taken<T> {
    found: Arc<T>,
    at: Instant,
    took: Duration,
}

impl<T: Send + Sync + 'static> Cached<T> {
    pub(crate) fn new(every: Duration) -> Self {
        Self { every, last: watch::Sender::new(None), looking: Arc::default() }
    }

    /// The last look, or a new one if that is too old. One that takes longer than `patience` goes on by itself, and what was
    /// found before is answered: nothing, before the first.
    pub(crate) async fn get<F>(&self, look: impl FnOnce() -> F, patience: Duration) -> Option<Arc<T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut seen = self.last.subscribe();
        if self.is_due() {
            self.begin(look);
            let _late = timeout(patience, seen.changed()).await;
        }
        seen.borrow().as_ref().map(|taken| Arc::clone(&taken.found))
    }

    fn is_due(&self) -> bool {
        let last = self.last.borrow();
        last.as_ref().is_none_or(|taken| taken.at.elapsed() >= self.every.max(taken.took * (SHARE - 1)))
    }

    /// Looks, in a task of its own, unless somebody does already.
    fn begin<F: Future<Output = T> + Send + 'static>(&self, look: impl FnOnce() -> F) {
        if self.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let (last, turn, look, began) = (self.last.clone(), Turn(Arc::clone(&self.looking)), look(), Instant::now());
        tokio::spawn(async move {
            let found = Arc::new(look.await);
            last.send_replace(Some(Taken { found, at: Instant::now(), took: began.elapsed() }));
            drop(turn);
        });
    }
}

/// Whose turn it is to look; given back also by one that panics.
struct Turn(Arc<AtomicBool>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use tokio::time::{advance, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Counts its looks, each of which takes so long.
    async fn get(cached: &Cached<u32>, looks: &Arc<AtomicU32>, takes: Duration) -> Option<u32> {
        let looks = Arc::clone(looks);
        let look = || async move {
            sleep(takes).await;
            looks.fetch_add(1, Ordering::Relaxed) + 1
        };
        cached.get(look, SECOND).await.map(|found| *found)
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_share_a_look_until_it_is_old() {
        let (cached, looks) = (Cached::new(10 * SECOND), Arc::default());
        let asked = (0..100).map(|_| get(&cached, &looks, SECOND / 2));
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.iter().all(|answer| *answer == Some(1)), "{answers:?}");
        advance(9 * SECOND).await;
        assert_eq!(get(&cached, &looks, SECOND / 2).await, Some(1));
        advance(SECOND).await;
        assert_eq!(get(&cached, &looks, SECOND / 2).await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_no_patience_is_told_of_the_look_before_and_the_new_one_goes_on() {
        let (cached, looks) = (Cached::new(SECOND), Arc::default());
        assert_eq!(get(&cached, &looks, 3 * SECOND).await, None);
        assert_eq!(get(&cached, &looks, 3 * SECOND).await, None, "the same look is waited for");
        sleep(2 * SECOND).await;
        assert_eq!(get(&cached, &looks, 3 * SECOND).await, Some(1));
        // It has taken three seconds, so nobody looks again for nine times as long.
        sleep(20 * SECOND).await;
        assert_eq!((get(&cached, &looks, Duration::ZERO).await, looks.load(Ordering::Relaxed)), (Some(1), 1));
        sleep(10 * SECOND).await;
        assert_eq!(get(&cached, &looks, SECOND / 2).await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_look_that_panicked_there_is_another() {
        let (cached, looks) = (Cached::<u32>::new(SECOND), Arc::default());
        let panics = || async { panic!("on purpose") };
        assert_eq!(cached.get(panics, SECOND).await, None);
        assert_eq!(get(&cached, &looks, Duration::ZERO).await, Some(1));
    }
}
