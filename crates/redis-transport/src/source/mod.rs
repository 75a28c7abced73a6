//! What one replica of a subscription reads from.
//!
//! Nothing blocks on the server: a source that has read all it knows of waits for the bell, and reads what it names.

mod begin;
mod bell;
mod ear;
mod expire;
mod finished;
mod follow;
mod for_newer;
mod join;
mod keeper;
mod lanes;
mod losses;
mod plan;
mod ration;
mod reader;
mod recovery;
mod registered;
mod renew;
mod repair;
mod reply;
mod settle;
mod start_time;
mod state;
mod tend;
mod trim;

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use tekup_core::{
    Result,
    health::{Part, Vital},
    transport::{Delivery, DeliveryRef, Losses, Settled, Settlement, Source, SourceSpec, SubscriptionState},
};
use tokio::{
    sync::{Notify, watch},
    task::{AbortHandle, JoinHandle},
    time::Instant,
};

pub(crate) use self::{
    bell::{Bell, Ear, Ring},
    follow::RedisFollower,
    keeper::{AFTER_FAILURE, until_next},
};
use self::{lanes::Lanes, losses::LossLog, reader::Reader};
use crate::{
    connection::Live, drops::DropLog, keys::PartitionKeys, record::Record, safeguard::Safeguard, transport::Shared,
    troubles::Troubles,
};

/// What one replica of a subscription reads from, on Redis.
///
/// As [`Source`] says; besides: `start`, `settle`, `renew` and `close` may be dropped, it is then unknown whether they
/// took effect.
pub struct RedisSource {
    inner: Arc<Inner>,
    keeper: AbortHandle,
    follower: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    shared: Arc<Shared>,
    spec: SourceSpec,
    group: String,
    /// The name of this replica, without the epoch: unique for each start.
    replica: String,
    /// When it began to be one, in milliseconds by the clock of the first partition.
    since: AtomicU64,
    /// When it last asked to be counted as alive, and was; `None` once it knows that its subscription was removed.
    counted: Mutex<Option<Instant>>,
    lanes: Lanes,
    /// The newest one that was seen.
    record: RwLock<Arc<Record>>,
    /// Whether other lists hold, those of a newer deploy.
    behind: AtomicBool,
    /// What was read and is for a newer deploy.
    for_newer: Mutex<Vec<Delivery>>,
    /// For each partition.
    flags: Vec<Flags>,
    /// What `fetch` waits for.
    wake: Notify,
    /// What the keeper waits for.
    wake_keeper: Notify,
    /// What whoever follows the subscription's state waits for.
    wake_state: Notify,
    state: watch::Sender<SubscriptionState>,
    interrupted: AtomicBool,
    closed: AtomicBool,
    reader: tokio::sync::Mutex<Reader>,
    /// What was taken over and not started: the starts counted on it are not ours.
    unstarted: Mutex<HashSet<DeliveryRef>>,
    /// Its time has come, if it begins at one, and what lies before it is counted.
    begun: AtomicBool,
    /// Something that the subscription needs was seen to be gone.
    lost: AtomicBool,
    losses: LossLog,
    drops: DropLog,
    /// Of the keeper.
    keeping: Troubles,
    /// Of whoever follows the subscription's state.
    following: Troubles,
}

/// What is to be done in a partition.
#[derive(Debug, Default)]
struct Flags {
    /// There may be lanes that we don't know.
    learn: AtomicBool,
    /// Something was handed back.
    released: AtomicBool,
    /// Leases may have ended.
    sweep: AtomicBool,
    /// Something is due earlier than we thought.
    due: AtomicBool,
    /// As many retries wait as may: nothing fresh is read.
    full: AtomicBool,
    /// Retries of a newer deploy lie there: the stream of retries is left alone until the next look.
    rests: AtomicBool,
}

impl RedisSource {
    pub(crate) async fn open(shared: Arc<Shared>, spec: SourceSpec) -> Result<Self> {
        let lanes = Lanes::new(shared.partitions(), &spec.id);
        let inner = Arc::new(Inner::new(shared, spec, lanes));
        inner.begin().await?;
        inner.doubt_lengths();
        let ear: Weak<dyn Ear> = Arc::downgrade(&(inner.clone() as Arc<dyn Ear>));
        inner.shared.bell.listen(ear);
        let keeper = tokio::spawn(keeper::keep(inner.clone())).abort_handle();
        let follower = Mutex::new(Some(tokio::spawn(state::follow(inner.clone()))));
        let source = Self { inner, keeper, follower };
        source.count_what_lies_before().await?;
        Ok(source)
    }

    /// That may take long: meanwhile it says that it lives.
    async fn count_what_lies_before(&self) -> Result<()> {
        let counted = self.inner.reach_start().await;
        if counted.is_err() {
            let _lapses_by_itself = self.close().await;
        }
        counted.map(drop)
    }
}

impl RedisSource {
    /// Ends the one who says that the source lives; answers it, for it may be saying so at this moment.
    fn end_follower(&self) -> Option<JoinHandle<()>> {
        let follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner).take();
        follower.inspect(JoinHandle::abort)
    }
}

impl Inner {
    fn new(shared: Arc<Shared>, spec: SourceSpec, lanes: Lanes) -> Self {
        // What was handed back before it came may wait for nobody else.
        let begin = |_| Flags { released: AtomicBool::new(true), ..Flags::default() };
        let flags = shared.partitions().iter().map(begin).collect();
        let (group, replica) = (spec.id.to_string(), replica_name());
        Self {
            shared,
            spec,
            group,
            replica,
            since: AtomicU64::new(0),
            counted: Mutex::default(),
            lanes,
            record: RwLock::default(),
            behind: AtomicBool::new(false),
            for_newer: Mutex::default(),
            flags,
            wake: Notify::new(),
            wake_keeper: Notify::new(),
            wake_state: Notify::new(),
            state: watch::Sender::default(),
            interrupted: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            reader: tokio::sync::Mutex::default(),
            unstarted: Mutex::default(),
            begun: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            losses: LossLog::default(),
            drops: DropLog::default(),
            keeping: Troubles::default(),
            following: Troubles::default(),
        }
    }

    /// The consumer's name in a life of the server: a new one in each, for a new life may hand out known entry ids.
    fn consumer(&self, epoch: u32) -> String {
        format!("{}.{epoch}", self.replica)
    }

    /// The connection for scripts and settling, no older than the deliveries that were read.
    async fn live(&self, epoch: u32) -> Result<Live> {
        self.shared.commands.live_since(epoch).await
    }

    fn partitions(&self) -> &[PartitionKeys] {
        self.shared.partitions()
    }

    fn is_without(&self, safeguard: Safeguard) -> bool {
        self.shared.without == Some(safeguard)
    }

    fn lease_ms(&self) -> u64 {
        u64::try_from(self.spec.lease.as_millis()).unwrap_or(u64::MAX)
    }

    fn unstarted(&self) -> MutexGuard<'_, HashSet<DeliveryRef>> {
        self.unstarted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over how many retries wait in a partition.
    fn note_waiting(&self, partition: usize, waiting: u64) {
        let Some(flags) = self.flags.get(partition) else { return };
        let full = usize::try_from(waiting).unwrap_or(usize::MAX) >= self.spec.retry_limit;
        if flags.full.swap(full, Relaxed) == full {
            return;
        }
        if full {
            tracing::warn!(subscription = %self.group, partition, waiting, "as many retries wait as may: no fresh events are read");
        }
        self.wake.notify_one();
    }
}

impl Source for RedisSource {
    async fn fetch(&self, most: usize) -> Result<Vec<Delivery>> {
        self.inner.fetch(most).await
    }

    fn interrupt(&self) {
        self.inner.interrupted.store(true, Relaxed);
        self.inner.wake.notify_one();
    }

    async fn start(&self, delivery: DeliveryRef) -> Result<Option<Delivery>> {
        self.inner.start(delivery).await
    }

    async fn settle(&self, batch: Vec<Settlement>) -> Result<Vec<Settled>> {
        self.inner.settle(batch).await
    }

    async fn renew(&self, held: Vec<DeliveryRef>) -> Result<Vec<DeliveryRef>> {
        self.inner.clone().renew(held).await
    }

    fn losses(&self) -> Losses {
        self.inner.losses.so_far()
    }

    fn vitals(&self) -> Vec<(Part, Vital)> {
        let follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody follows what is closed.
        let Some(follower) = &*follower else { return Vec::new() };
        let Inner { keeping, following, .. } = &*self.inner;
        vec![
            (Part::Mover, Vital::of(self.keeper.is_finished(), keeping.last_for())),
            (Part::Watcher, Vital::of(follower.is_finished(), following.last_for())),
        ]
    }

    fn state(&self) -> watch::Receiver<SubscriptionState> {
        self.inner.state.subscribe()
    }

    async fn close(&self) -> Result<()> {
        self.keeper.abort();
        self.inner.closed.store(true, Relaxed);
        self.interrupt();
        if let Some(follower) = self.end_follower() {
            let _aborted = follower.await;
        }
        let withdrawn = self.inner.withdraw().await;
        self.inner.leave().await.and(withdrawn)
    }
}

impl Drop for RedisSource {
    fn drop(&mut self) {
        self.keeper.abort();
        self.end_follower();
    }
}

impl std::fmt::Debug for RedisSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisSource")
            .field("subscription", &self.inner.group)
            .field("replica", &self.inner.replica)
            .finish_non_exhaustive()
    }
}

/// `<host>:<process>:<random>`: who it is, for those who look into Redis, and no one else's.
fn replica_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')).take(64).collect();
    format!("{host}:{}:{:08x}", std::process::id(), fastrand::u32(..))
}
