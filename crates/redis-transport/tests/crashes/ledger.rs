use std::{
    collections::{BTreeMap, BTreeSet},
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};

use tekup_core::{EventId, Timestamp};

/// What happened, in the order in which it happened: a file that all workers append to, outside of Redis.
#[derive(Debug, Clone)]
pub(crate) struct Ledger(PathBuf);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Started,
    Done,
    Failed,
}

#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) step: Step,
    pub(crate) id: EventId,
    pub(crate) attempt: u32,
    pub(crate) worker: String,
    pub(crate) at: Timestamp,
}

impl Ledger {
    pub(crate) fn of(dir: &Path) -> Self {
        Self(dir.join("ledger"))
    }

    /// One short write, so that lines of several processes do not mix.
    pub(crate) fn note(&self, step: Step, id: EventId, attempt: u32, worker: &str) {
        let line = format!("{step:?} {id} {attempt} {worker} {}\n", Timestamp::now());
        let mut file = OpenOptions::new().append(true).create(true).open(&self.0).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(Line::parse).collect()
    }

    /// The events of one step, each with its lines.
    pub(crate) fn by_event(&self, step: Step) -> BTreeMap<EventId, Vec<Line>> {
        let mut events: BTreeMap<EventId, Vec<Line>> = BTreeMap::new();
        for line in self.lines().into_iter().filter(|line| line.step == step) {
            events.entry(line.id).or_default().push(line);
        }
        events
    }

    pub(crate) fn ids(&self, step: Step) -> BTreeSet<EventId> {
        self.by_event(step).into_keys().collect()
    }

    /// What one worker took one step with.
    pub(crate) fn ids_of(&self, step: Step, worker: &str) -> BTreeSet<EventId> {
        self.lines().into_iter().filter(|line| line.step == step && line.worker == worker).map(|line| line.id).collect()
    }
}

impl Line {
    fn parse(line: &str) -> Self {
        let [step, id, attempt, worker, at] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let step = [Step::Started, Step::Done, Step::Failed].into_iter().find(|one| format!("{one:?}") == step);
        Self {
            step: step.unwrap(),
            id: id.parse().unwrap(),
            attempt: attempt.parse().unwrap(),
            worker: worker.into(),
            at: at.parse().unwrap(),
        }
    }
}
