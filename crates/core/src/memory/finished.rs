use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use crate::ids::{EventId, TenantId};

/// So many ends are kept; then the oldest go.
const MOST: usize = 1_000_000;

type Key = (TenantId, EventId);

/// What a subscription has finished, as long as its replicas want to know.
#[derive(Debug, Default)]
pub(super) struct Finished {
    until: HashMap<Key, Instant>,
    /// In the order of noting; a key that was noted again is there again.
    noted: VecDeque<(Instant, Key)>,
}

impl Finished {
    pub(super) fn note(&mut self, key: Key, now: Instant, window: Duration) {
        let until = now + window;
        self.noted.push_back((until, key.clone()));
        self.until.insert(key, until);
        while self.noted.len() > MOST || self.noted.front().is_some_and(|(until, _)| *until <= now) {
            let Some((until, key)) = self.noted.pop_front() else { return };
            if self.until.get(&key) == Some(&until) {
                self.until.remove(&key);
            }
        }
    }

    pub(super) fn knows(&self, key: &Key, now: Instant) -> bool {
        self.until.get(key).is_some_and(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_end_is_known_for_its_window_and_then_let_go() {
        let (mut finished, now, window) = (Finished::default(), Instant::now(), Duration::from_secs(60));
        let key = |tenant: &str| (tenant.parse().unwrap(), "018f6c9a-0000-7000-8000-000000000016".parse().unwrap());
        finished.note(key("acme"), now, window);
        assert!(finished.knows(&key("acme"), now) && !finished.knows(&key("globex"), now));
        finished.note(key("acme"), now + window / 2, window);
        assert!(finished.knows(&key("acme"), now + window));
        finished.note(key("globex"), now + 2 * window, window);
        assert_eq!((finished.until.len(), finished.noted.len()), (1, 1));
    }
}
