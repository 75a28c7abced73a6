use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// What a worker has to do: it is said in the event, so that each worker that gets it does the same.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
#[event(type = "job.queued")]
pub(crate) struct Job {
    pub(crate) task: Task,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, schemars::JsonSchema)]
pub(crate) enum Task {
    /// Done at once.
    Pass,
    /// Takes the process down.
    Kill,
    /// Waits until the worker's gate is open.
    Wait,
    /// Fails at the first attempt; the next may come after so many milliseconds.
    FailFirst(u64),
}
