//! One task that looks whether the process is ready, so that probes need not wait for the store.

use std::time::Duration;

use tekup_core::{
    EventBus,
    health::{Health, Level},
};
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{sleep, timeout},
};

use crate::hysteresis::{Hysteresis, Opinion};

/// How long the store may take to answer a look: less than the second that Kubernetes gives a probe.
const PATIENCE: Duration = Duration::from_millis(800);

/// How the task looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Looks {
    pub(crate) every: Duration,
    pub(crate) hysteresis: Hysteresis,
    /// So many subscriptions must run before the process has started.
    pub(crate) subscriptions: usize,
}

/// What the task thinks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ready {
    pub(crate) opinion: Opinion,
    /// Whether it was ready once, with all its subscriptions.
    pub(crate) has_started: bool,
    /// What the last look found; nothing before the first.
    pub(crate) last: Option<Health>,
}

/// The task; it ends when this is dropped.
pub(crate) struct Watcher {
    seen: watch::Receiver<Ready>,
    task: AbortHandle,
}

impl Watcher {
    /// Needs a runtime.
    pub(crate) fn start(bus: EventBus, looks: Looks) -> Self {
        let (tell, seen) = watch::channel(Ready::default());
        let task = tokio::spawn(async move {
            loop {
                let health = bus.readiness(PATIENCE).await;
                let running = bus.subscriptions().len();
                tell.send_modify(|ready| ready.note(health, running, looks));
                sleep(looks.every).await;
            }
        });
        Self { seen, task: task.abort_handle() }
    }

    /// What it thinks now; the first look is waited for.
    pub(crate) async fn ready(&self) -> Ready {
        let mut seen = self.seen.clone();
        let first = async { seen.wait_for(|ready| ready.last.is_some()).await.is_ok() };
        let _in_time = timeout(PATIENCE + PATIENCE / 8, first).await;
        self.seen.borrow().clone()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Ready {
    fn note(&mut self, health: Health, running: usize, looks: Looks) {
        self.opinion = self.opinion.next(health.level < Level::Unhealthy, looks.hysteresis);
        self.has_started |= self.opinion.is_ready && running >= looks.subscriptions;
        self.last = Some(health);
    }
}
