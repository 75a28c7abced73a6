use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tekup_core::EventId;
use tokio::{sync::watch, time::timeout};

const PATIENCE: Duration = Duration::from_secs(30);

/// What a worker has said, and when that was heard.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) at: Instant,
    pub(crate) worker: &'static str,
    pub(crate) text: String,
}

/// What all workers have said, in the order in which it was heard.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<watch::Sender<Vec<Line>>>);

impl Journal {
    pub(crate) fn note(&self, worker: &'static str, text: String) {
        self.0.send_modify(|lines| lines.push(Line { at: Instant::now(), worker, text }));
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        self.0.borrow().clone()
    }

    /// Looks at each new line; gives up after half a minute.
    pub(crate) async fn until(&self, what: &str, mut holds: impl FnMut(&[Line]) -> bool) {
        let mut heard = self.0.subscribe();
        if timeout(PATIENCE, heard.wait_for(|lines| holds(lines))).await.is_err() {
            let lines = self.lines();
            panic!("waited in vain: {what}; the last lines are {:#?}", &lines[lines.len().saturating_sub(20)..]);
        }
    }

    /// Waits until a line of the worker has these words; answers when that was heard.
    pub(crate) async fn until_said(&self, worker: &str, words: &str) -> Instant {
        let find = |lines: &[Line]| {
            let found = lines.iter().find(|line| line.worker == worker && line.text.contains(words));
            found.map(|line| line.at)
        };
        let mut at = None;
        let hear = |lines: &[Line]| {
            at = find(lines);
            at.is_some()
        };
        self.until(&format!("{worker} says `{words}`"), hear).await;
        at.unwrap()
    }
}

pub(crate) fn ended(lines: &[Line]) -> usize {
    lines.iter().filter(|line| line.text.starts_with("end ")).count()
}

/// The events of which a worker has said this, in order of their ids.
pub(crate) fn ids(lines: &[Line], worker: &str, word: &str) -> Vec<EventId> {
    let said = lines.iter().filter(|line| line.worker == worker).filter_map(|line| line.text.strip_prefix(word));
    let mut ids: Vec<EventId> = said.map(|rest| rest.split(' ').next().unwrap().parse().unwrap()).collect();
    ids.sort();
    ids
}
