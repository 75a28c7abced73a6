//! Publishes events whose time has come: one task for each transport, whether it publishes, reads or only looks.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use redis::{Pipeline, Value};
use tekup_core::{Result, health::Vital};
use tokio::{sync::Notify, task::AbortHandle, time::Instant};

use crate::{
    connection::Connection,
    drops::DropLog,
    later::{self, DueEvent, Turn},
    layouts::Layouts,
    namespace::Namespace,
    publisher,
    scripts::LaneLimits,
    source::{AFTER_FAILURE, Bell, Ear, Ring, until_next},
    troubles::Troubles,
};

/// Partitions in which nothing is due soon, and that are looked at within this time, are looked at together.
const TOGETHER: Duration = Duration::from_millis(1_500);
/// How long trimming keeps what is new, and a little more.
const UNTIL_OLD: Duration = Duration::from_millis(2_500);
/// How often the lanes of a partition that get what has come due are trimmed, at most.
const TRIM_EVERY: Duration = Duration::from_secs(5);

/// What it has to do, in each partition.
const DUTY: &str = "publish";

/// The task; it ends when this is dropped.
pub(crate) struct Scheduler {
    task: AbortHandle,
    troubles: Arc<Troubles>,
    /// The bell holds it weakly.
    _alarm: Arc<Alarm>,
}

impl Scheduler {
    pub(crate) fn start(
        connection: Connection,
        namespace: Arc<Namespace>,
        layouts: Arc<Layouts>,
        (window, limits): (Duration, LaneLimits),
        bell: &Bell,
    ) -> Self {
        let partitions: Vec<_> = namespace.partitions().iter().map(|_| Partition::new()).collect();
        let rung = partitions.iter().map(|_| AtomicBool::new(false)).collect();
        let alarm = Arc::new(Alarm { rung, wake: Notify::new() });
        let ear: Weak<dyn Ear> = Arc::downgrade(&(alarm.clone() as Arc<dyn Ear>));
        bell.listen(ear);
        let troubles = Arc::new(Troubles::default());
        let who = format!("{:016x}", fastrand::u64(..));
        let work = Work {
            connection,
            namespace,
            layouts,
            window,
            limits,
            drops: Arc::default(),
            who,
            alarm: alarm.clone(),
            partitions,
            troubles: troubles.clone(),
        };
        Self { task: tokio::spawn(work.run()).abort_handle(), troubles, _alarm: alarm }
    }

    pub(crate) fn vital(&self) -> Vital {
        Vital::of(self.task.is_finished(), self.troubles.last_for())
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Wakes the task when something is due earlier than all before.
struct Alarm {
    /// For each partition.
    rung: Vec<AtomicBool>,
    wake: Notify,
}

impl Alarm {
    fn ring(&self, partition: usize) {
        if let Some(rung) = self.rung.get(partition) {
            rung.store(true, Relaxed);
            self.wake.notify_one();
        }
    }
}

impl Ear for Alarm {
    fn hear(&self, partition: usize, ring: &Ring<'_>) {
        if *ring == Ring::Scheduled {
            self.ring(partition);
        }
    }

    fn look_everywhere(&self) {
        (0..self.rung.len()).for_each(|partition| self.ring(partition));
    }
}

/// What is known of a partition.
struct Partition {
    /// When there is something to do.
    at: Instant,
    /// Whether nothing is known to be due then: it is only a look.
    is_idle: bool,
    /// What the server told of last, to be published next.
    due: Vec<DueEvent>,
    next_trim: Instant,
}

impl Partition {
    fn new() -> Self {
        let now = Instant::now();
        Self { at: now, is_idle: true, due: Vec::new(), next_trim: now }
    }
}

struct Work {
    connection: Connection,
    namespace: Arc<Namespace>,
    layouts: Arc<Layouts>,
    window: Duration,
    limits: LaneLimits,
    drops: Arc<DropLog>,
    who: String,
    alarm: Arc<Alarm>,
    partitions: Vec<Partition>,
    troubles: Arc<Troubles>,
}

impl Work {
    async fn run(mut self) {
        loop {
            self.troubles.begin();
            self.attend().await;
            self.troubles.rest();
            let next = self.partitions.iter().map(|partition| partition.at).min();
            let sleep = tokio::time::sleep_until(next.unwrap_or_else(|| Instant::now() + AFTER_FAILURE));
            tokio::select! {
                () = sleep => {}
                () = self.alarm.wake.notified() => {}
            }
        }
    }

    /// One round trip for all partitions in which there is something to do.
    async fn attend(&mut self) {
        let now = Instant::now();
        for (partition, rung) in self.partitions.iter_mut().zip(&self.alarm.rung) {
            if rung.swap(false, Relaxed) {
                partition.at = now;
            }
        }
        if !self.partitions.iter().any(|partition| partition.at <= now) {
            return;
        }
        let is_asked =
            |partition: &Partition| partition.at <= now || partition.is_idle && partition.at <= now + TOGETHER;
        let asked: Vec<usize> = (0..self.partitions.len()).filter(|at| is_asked(&self.partitions[*at])).collect();
        let mut pipeline = Pipeline::with_capacity(asked.len());
        for at in &asked {
            pipeline.add_command(self.call(*at));
            let partition = &mut self.partitions[*at];
            // Unless it says otherwise.
            partition.at = now + AFTER_FAILURE.mul_f64(1.0 + fastrand::f64());
        }
        match self.connection.all(pipeline).await {
            Ok(answers) => {
                self.troubles.over(DUTY, None);
                for (at, answer) in asked.into_iter().zip(answers) {
                    let noted = self.note(at, answer).await;
                    self.tell(Some(at), noted);
                }
            }
            Err(error) => self.tell(None, Err(error)),
        }
    }

    fn call(&self, at: usize) -> redis::Cmd {
        let (keys, layout) = (&self.namespace.partitions()[at], self.layouts.of(at));
        later::come_due(keys, &layout, self.window, &self.who, &self.partitions[at].due)
    }

    async fn note(&mut self, at: usize, answer: Result<Value>) -> Result<()> {
        let Some(turn) = Turn::read(answer?)? else {
            self.layouts.reload(at).await?;
            self.partitions[at].at = Instant::now();
            return Ok(());
        };
        let Turn { moved, wait, unreadable, put_off, next } = turn;
        if moved > 0 {
            tracing::trace!(partition = at, moved, "events have come due");
        }
        if unreadable > 0 {
            let key = self.namespace.partitions()[at].later_unreadable();
            tracing::warn!(
                partition = at,
                unreadable,
                key,
                "events that have come due could not be read: what is stored of them was put aside, and their status is failed"
            );
        }
        if put_off > 0 {
            tracing::warn!(
                partition = at,
                put_off,
                "events that have come due can't be stored in their lanes or noted in the index: is a key used by another program? They are tried again every minute"
            );
        }
        self.trim_sometimes(at, moved);
        let partition = &mut self.partitions[at];
        partition.is_idle = next.is_empty() && !(0..=TOGETHER.as_millis() as i64).contains(&wait);
        partition.at = if next.is_empty() { Instant::now() + until_next(wait) } else { Instant::now() };
        partition.due = next;
        Ok(())
    }

    /// Lanes that no subscription takes, and no publisher fills, are trimmed by nobody else.
    fn trim_sometimes(&mut self, at: usize, moved: u64) {
        let now = Instant::now();
        let partition = &mut self.partitions[at];
        if moved == 0 || now < partition.next_trim {
            return;
        }
        partition.next_trim = now + TRIM_EVERY.mul_f64(1.0 + fastrand::f64());
        let (keys, lanes) = (self.namespace.partitions()[at].clone(), later::lanes(&partition.due));
        let (connection, limits, drops) = (self.connection.clone(), self.limits, self.drops.clone());
        tokio::spawn(async move {
            // What is new is kept for a moment where no subscription is registered, and nobody comes back for it.
            tokio::time::sleep(UNTIL_OLD).await;
            if let Err(error) = publisher::trim(&connection, &keys, limits, lanes, &drops).await {
                tracing::debug!(%error, "lanes are trimmed another time");
            }
        });
    }

    /// What will not pass by itself is told loudly, once.
    fn tell(&self, partition: Option<usize>, result: Result<()>) {
        let Err(error) = result else { return self.troubles.over(DUTY, partition) };
        if self.troubles.failed(DUTY, partition, &error) {
            tracing::warn!(partition, %error, "events that come due can't be published in some partition; it is tried on");
        } else {
            tracing::debug!(partition, %error, "events that come due wait");
        }
    }
}
