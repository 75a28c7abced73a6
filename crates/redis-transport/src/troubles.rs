//! What a task that works by itself fails to do, and for how long: for the log, and for whoever asks how it is.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tekup_core::{Error, ErrorKind};
use tokio::time::Instant;

/// A duty, and in which partition.
type What = (&'static str, Option<usize>);

#[derive(Debug, Default)]
pub(crate) struct Troubles(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Since when it is at work, if it is.
    at_work: Option<Instant>,
    failing: BTreeMap<What, Trouble>,
}

/// Failures in a row.
#[derive(Debug)]
struct Trouble {
    first: Instant,
    last: Instant,
    /// Of the last that will not pass by itself.
    kind: Option<ErrorKind>,
}

impl Troubles {
    /// It has something to do.
    pub(crate) fn begin(&self) {
        self.state().at_work = Some(Instant::now());
    }

    /// It waits for the next thing to do.
    pub(crate) fn rest(&self) {
        self.state().at_work = None;
    }

    /// It has done its duty.
    pub(crate) fn over(&self, duty: &'static str, partition: Option<usize>) {
        self.state().failing.remove(&(duty, partition));
    }

    /// Answers whether to say so aloud: it will not pass by itself, and no such failure of this duty goes on already.
    pub(crate) fn failed(&self, duty: &'static str, partition: Option<usize>, error: &Error) -> bool {
        let (now, kind) = (Instant::now(), (!error.is_retryable()).then(|| error.kind()));
        let failing = &mut self.state().failing;
        let is_news = kind.is_some() && !failing.iter().any(|((of, _), trouble)| *of == duty && trouble.kind == kind);
        let trouble = failing.entry((duty, partition)).or_insert(Trouble { first: now, last: now, kind });
        (trouble.last, trouble.kind) = (now, kind.or(trouble.kind));
        is_news
    }

    /// For how long it has been at the same work, or has failed in some duty without a success: from the first failure
    /// to the last, for what is seldom done is not tried meanwhile.
    pub(crate) fn last_for(&self) -> Option<Duration> {
        let state = self.state();
        let failing = state.failing.values().map(|trouble| trouble.last - trouble.first);
        failing.chain(state.at_work.map(|since| since.elapsed())).max()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn error(kind: ErrorKind) -> Error {
        Error::new(kind, "no")
    }

    #[test]
    fn what_will_not_pass_is_told_once_and_again_when_it_is_another_or_has_been_over() {
        let troubles = Troubles::default();
        let fails = |partition, kind| troubles.failed("move", Some(partition), &error(kind));
        assert!(!fails(0, ErrorKind::Unavailable), "it passes");
        assert!(fails(0, ErrorKind::Denied));
        assert!(!fails(0, ErrorKind::Denied) && !fails(1, ErrorKind::Denied) && !fails(0, ErrorKind::Unavailable));
        assert!(fails(1, ErrorKind::Internal), "a different failure");
        assert!(troubles.failed("trim", None, &error(ErrorKind::Denied)), "a different duty");
        troubles.over("move", Some(0));
        assert!(fails(0, ErrorKind::Denied), "it was over");
        troubles.over("trim", None);
        assert!(!fails(0, ErrorKind::Denied), "it goes on");
    }

    #[tokio::test(start_paused = true)]
    async fn failures_last_from_the_first_to_the_last_and_work_until_it_is_done() {
        let troubles = Troubles::default();
        let later = async |seconds: u32| tokio::time::advance(seconds * SECOND).await;
        assert_eq!(troubles.last_for(), None);
        troubles.failed("move", Some(1), &error(ErrorKind::Denied));
        later(7).await;
        troubles.failed("move", Some(1), &error(ErrorKind::Unavailable));
        troubles.over("move", Some(0));
        later(60).await;
        assert_eq!(troubles.last_for(), Some(7 * SECOND));
        troubles.begin();
        later(9).await;
        assert_eq!(troubles.last_for(), Some(9 * SECOND));
        troubles.rest();
        assert_eq!(troubles.last_for(), Some(7 * SECOND));
        troubles.over("move", Some(1));
        assert_eq!(troubles.last_for(), None);
    }
}
