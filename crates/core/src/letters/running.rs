use std::{
    collections::{HashSet, VecDeque},
    fmt,
};

use super::{
    LetterProgress, SelectedLetters,
    hold::Hold,
    job::Work,
    pace::{Pace, STEP},
};
use crate::{
    audit::{ActionEnd, ActionOutcome, Begun},
    error::{Error, Result},
    ids::{EventId, TenantId},
    transport::{DeadLetter, LetterKey},
};

/// A replay or a purge that has begun, and goes on step by step.
///
/// Dropping it stops it, and frees the letters for another job; what it has done stays done.
///
/// ```
/// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("crm")?;
/// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
/// let all = bus.dead_letters("crm/audit")?.filter(LetterFilter::all());
/// let job = all.replay().start().await?;
/// assert!(all.replay().await.is_err()); // one runs
/// job.stop().await?;
/// assert!(all.replay().await.is_ok());
/// # bus.shutdown().await
/// # }
/// ```
#[must_use = "a job goes on only as far as its steps are asked for"]
pub struct RunningLetterJob {
    selected: SelectedLetters,
    work: Work,
    reach: Option<TenantId>,
    hold: Hold,
    begun: Begun,
    pace: Pace,
    /// As many as were there when it began: what dies meanwhile comes behind them.
    left: u64,
    /// What it has given back: of these, what dies again is not given back a second time, though others took letters so
    /// that `left` reaches it.
    given: HashSet<(Option<TenantId>, EventId)>,
    after: Option<String>,
    has_read_all: bool,
    /// Found, and not done yet.
    found: VecDeque<LetterKey>,
    progress: LetterProgress,
}

impl RunningLetterJob {
    pub(super) async fn start(selected: SelectedLetters, work: Work, pace: Pace) -> Result<Self> {
        let reach = selected.reach()?;
        let action = selected.letters.action(work.into()).tenant(reach.as_ref()).detail(&selected.filter.to_string());
        let mut begun = selected.letters.bus().begin(action).await?;
        match Self::take(&selected, reach.as_ref()).await {
            Ok((hold, left)) => Ok(Self::new(selected, work, reach, hold, begun, pace, left)),
            Err(error) => {
                begun.end(ActionEnd::with_error(&error, 0)).await;
                Err(error)
            }
        }
    }

    /// Holds the letters; answers how many there are within reach.
    async fn take(selected: &SelectedLetters, reach: Option<&TenantId>) -> Result<(Hold, u64)> {
        let letters = &selected.letters;
        let own = letters.tenant().cloned();
        let hold = Hold::take(letters.admin().clone(), letters.subscription().clone(), own).await?;
        Ok((hold, selected.count_all(reach).await?))
    }

    fn new(
        selected: SelectedLetters,
        work: Work,
        reach: Option<TenantId>,
        hold: Hold,
        begun: Begun,
        pace: Pace,
        left: u64,
    ) -> Self {
        Self {
            selected,
            work,
            reach,
            hold,
            begun,
            pace,
            left,
            given: HashSet::new(),
            after: None,
            has_read_all: left == 0,
            found: VecDeque::new(),
            progress: LetterProgress::default(),
        }
    }

    /// Makes the next step, when the rate allows it; `None` when all is done.
    ///
    /// # Errors
    /// Those of the store: the step can be asked for again, and letters that it had moved count as gone.
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if the steps were so far apart, more than five seconds, that
    /// another job has begun meanwhile.
    ///
    /// # Cancel safety
    /// If dropped, the step may be made; asked for again, letters that it had moved count as gone.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let mut job = bus.dead_letters("crm/audit")?.filter(LetterFilter::all()).purge().start().await?;
    /// assert!(job.next().await?.is_none()); // there is nothing to purge
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn next(&mut self) -> Result<Option<&LetterProgress>> {
        if self.has_read_all && self.found.is_empty() {
            self.end(ActionOutcome::Done).await?;
            return Ok(None);
        }
        // A store that answers at once would leave the other tasks of the thread no turn.
        tokio::task::yield_now().await;
        self.hold.keep_until(self.pace.due()).await?;
        if self.found.is_empty() {
            self.look().await?;
        }
        if !self.found.is_empty() {
            self.act().await?;
        }
        Ok(Some(&self.progress))
    }

    /// How far it is.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let job = bus.dead_letters("crm/audit")?.filter(LetterFilter::all()).replay().start().await?;
    /// assert_eq!(job.progress().looked_at, 0);
    /// # bus.shutdown().await
    /// # }
    /// ```
    #[must_use]
    pub fn progress(&self) -> &LetterProgress {
        &self.progress
    }

    /// Stops it, and answers how far it came. When this returns, another job can begin.
    ///
    /// # Errors
    /// Those of the store: then another job can begin after five seconds.
    ///
    /// ```
    /// use tekup_core::{EventBus, RawEvent, Subscription, letters::LetterFilter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// bus.subscribe(Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ())).await?;
    /// let job = bus.dead_letters("crm/audit")?.filter(LetterFilter::all()).replay().start().await?;
    /// assert_eq!(job.stop().await?.done, 0);
    /// # bus.shutdown().await
    /// # }
    /// ```
    pub async fn stop(mut self) -> Result<LetterProgress> {
        let is_done = self.has_read_all && self.found.is_empty();
        self.end(if is_done { ActionOutcome::Done } else { ActionOutcome::Stopped }).await?;
        Ok(std::mem::take(&mut self.progress))
    }

    async fn end(&mut self, outcome: ActionOutcome) -> Result<()> {
        self.begun.end(ActionEnd::new(outcome, self.progress.done)).await;
        self.hold.free().await
    }

    /// Nobody asks for the step again.
    pub(super) async fn fail(&mut self, error: &Error) {
        self.begun.end(ActionEnd::with_error(error, self.progress.done)).await;
    }

    async fn look(&mut self) -> Result<()> {
        let page = self.selected.page(self.reach.as_ref(), self.after.clone(), STEP).await?;
        let mut letters = page.letters;
        letters.retain(|letter| !self.given.contains(&(letter.tenant.clone(), letter.id)));
        letters.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= letters.len() as u64;
        self.progress.looked_at += letters.len() as u64;
        letters.iter().for_each(|letter| self.choose(letter));
        self.has_read_all = self.left == 0 || page.next.is_none();
        self.after = page.next;
        Ok(())
    }

    fn choose(&mut self, letter: &DeadLetter) {
        if !self.selected.filter.matches(letter) {
            return;
        }
        self.progress.matched += 1;
        let readable = if self.work == Work::Replay { self.selected.letters.reads(letter) } else { Ok(()) };
        match readable {
            Ok(()) => self.found.push_back(letter.into()),
            Err(error) => self.progress.refuse(letter, error.to_string()),
        }
    }

    async fn act(&mut self) -> Result<()> {
        let step: Vec<LetterKey> = self.found.iter().take(self.pace.most()).cloned().collect();
        let (count, subscription) = (step.len(), self.selected.letters.subscription());
        let admin = self.selected.letters.admin();
        let done = match self.work {
            Work::Replay => admin.replay(subscription, step).await?,
            Work::Purge => admin.purge(subscription, step).await?,
        };
        let moved = self.found.drain(..count);
        if self.work == Work::Replay {
            self.given.extend(moved.map(|letter| (letter.tenant, letter.id)));
        }
        self.pace.spent(count);
        self.progress.done += done;
        self.progress.gone += (count as u64).saturating_sub(done);
        Ok(())
    }
}

impl Drop for RunningLetterJob {
    fn drop(&mut self) {
        self.begun.stopped(self.progress.done);
    }
}

impl fmt::Debug for RunningLetterJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningLetterJob")
            .field("selected", &self.selected)
            .field("work", &self.work)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}
