use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
};

use super::{LetterProgress, RunningLetterJob, SelectedLetters, pace::Pace};
use crate::{
    audit::ActionKind,
    error::{Error, ErrorKind, Result},
};

/// What a job does with letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Replay,
    Purge,
}

impl From<Work> for ActionKind {
    fn from(work: Work) -> Self {
        match work {
            Work::Replay => Self::Replay,
            Work::Purge => Self::Purge,
        }
    }
}

/// A replay or a purge of many dead letters: done when awaited, in steps of at most a hundred.
///
/// One job at a time works on a subscription's letters: a second one ends with [`ErrorKind::Conflict`]. The jobs of a
/// tenant's handle and those of the bus don't keep each other off, so that no tenant can hold up an operator; each letter
/// is still moved once, by who comes first, for what has died again since it was listed is another letter. What a job has done stays done, in whatever way it ends; of a process that dies, another can
/// begin again after five seconds. Its progress is told, and it is stopped, where it runs: no other process sees it.
///
/// # Errors
/// When awaited, or started: those of [`LetterFilter::check`](super::LetterFilter::check);
/// [`ErrorKind::InvalidInput`] for a rate that is none, or a filter that means everything though
/// [`LetterFilter::all`](super::LetterFilter::all) does not say so; [`ErrorKind::NotFound`] if no such subscription is
/// registered; [`ErrorKind::Conflict`] while another job works on the same letters.
///
/// # Cancel safety
/// If dropped, it stops: of one step at most it is not known whether it was done.
///
/// ```
/// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("crm")?;
/// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
/// let old = bus.dead_letters("crm/audit")?.filter(LetterFilter::new().event_type("lead.*"));
/// let progress = old.purge().per_second(1_000.0).on_progress(|progress| println!("{}", progress.done)).await?;
/// assert_eq!((progress.matched, progress.done), (0, 0));
/// # bus.shutdown().await
/// # }
/// ```
#[must_use = "a job does nothing until it is awaited or started"]
pub struct LetterJob {
    selected: SelectedLetters,
    work: Work,
    per_second: Option<f64>,
    hears: Option<Hears>,
}

type Hears = Box<dyn FnMut(&LetterProgress) + Send>;

impl LetterJob {
    pub(super) fn replay(selected: SelectedLetters) -> Self {
        Self { selected, work: Work::Replay, per_second: None, hears: None }
    }

    pub(super) fn purge(selected: SelectedLetters) -> Self {
        Self { work: Work::Purge, ..Self::replay(selected) }
    }

    /// So many letters per second at most, from one a day to a million. Without it, as fast as the store allows.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let all = bus.dead_letters("crm/audit")?.filter(LetterFilter::all());
    /// assert!(all.replay().per_second(20.0).await.is_ok());
    /// assert!(all.replay().per_second(0.0).await.is_err());
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub fn per_second(mut self, letters: f64) -> Self {
        self.per_second = Some(letters);
        self
    }

    /// Calls a function after each step.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let all = bus.dead_letters("crm/audit")?.filter(LetterFilter::all());
    /// all.replay().on_progress(|progress| println!("{} of {}", progress.done, progress.matched)).await?;
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub fn on_progress(mut self, hears: impl FnMut(&LetterProgress) + Send + 'static) -> Self {
        self.hears = Some(Box::new(hears));
        self
    }

    /// Begins, for a caller that wants to go on step by step.
    ///
    /// # Errors
    /// As the job's.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let mut job = bus.dead_letters("crm/audit")?.filter(LetterFilter::all()).replay().start().await?;
    /// while let Some(progress) = job.next().await? {
    ///     println!("{} of {}", progress.done, progress.matched);
    /// }
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn start(self) -> Result<RunningLetterJob> {
        let pace = Pace::new(self.per_second)?;
        if self.selected.filter.is_silent() {
            let work = if self.work == Work::Purge { "purge" } else { "replay" };
            let message = format!(
                "a {work} by a filter that says nothing would take every letter: say what is meant, or \
                 `LetterFilter::all()`"
            );
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        RunningLetterJob::start(self.selected, self.work, pace).await
    }

    async fn run(mut self) -> Result<LetterProgress> {
        let mut hears = self.hears.take();
        let mut job = self.start().await?;
        loop {
            match job.next().await {
                Ok(None) => return Ok(job.progress().clone()),
                Ok(Some(progress)) => hears.iter_mut().for_each(|hears| hears(progress)),
                Err(error) => {
                    job.fail(&error).await;
                    return Err(error);
                }
            }
        }
    }
}

impl IntoFuture for LetterJob {
    type Output = Result<LetterProgress>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for LetterJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LetterJob")
            .field("selected", &self.selected)
            .field("work", &self.work)
            .field("per_second", &self.per_second)
            .finish_non_exhaustive()
    }
}
