use std::time::{Duration, Instant};

use tekup_core::{Event, EventBus, EventId, Subscription, TekupEvent, transport::Books};
use tekup_redis_transport::{RedisConfig, RedisTransport};
use tekup_testkit::redis::{RedisServer, RedisServerBuilder};
use tempfile::TempDir;

use crate::{
    child::Worker,
    errand::Errand,
    job::{Job, Task},
    ledger::{Ledger, Step},
    orders::Orders,
    worker,
};

pub(crate) const JOBS: &str = "service/jobs";

/// A server, a publisher, and a directory for what the workers write.
pub(crate) struct World {
    pub(crate) server: RedisServer,
    pub(crate) bus: EventBus,
    pub(crate) ledger: Ledger,
    dir: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(RedisServer::builder()).await
    }

    pub(crate) async fn on(server: RedisServerBuilder) -> Self {
        let (server, dir) = (server.start().unwrap(), TempDir::new().unwrap());
        let transport = RedisTransport::connect(&RedisConfig::new(server.url())).await.unwrap();
        let orders = Orders::new("publisher", server.url(), dir.path().into());
        let bus = EventBus::new(worker::settings(&orders), transport).unwrap();
        Self { server, bus, ledger: Ledger::of(dir.path()), dir }
    }

    /// The subscription exists from here on, before the first worker comes.
    pub(crate) async fn register(&self) {
        let jobs = Subscription::to::<Job>("jobs").handler(async |_: Event<Job>, _| ());
        self.bus.subscribe(jobs).await.unwrap().unsubscribe().await.unwrap();
    }

    pub(crate) fn orders(&self, name: &str) -> Orders {
        Orders::new(name, self.server.url(), self.dir.path().into())
    }

    /// A worker that has begun to read.
    pub(crate) async fn hire(&self, orders: Orders) -> Worker {
        let mut worker = Worker::start(orders);
        self.until("the worker is ready", async || {
            assert!(!worker.has_ended(), "a worker ended as it began: {}", self.logs());
            worker.is_ready()
        })
        .await;
        worker
    }

    /// Sends a process on an errand, kills it (signal 9) when it has done that, and answers what it said.
    pub(crate) async fn send(&self, name: &str, errand: Errand) -> String {
        let orders = self.orders(name).errand(errand);
        self.hire(orders.clone()).await.kill();
        std::fs::read_to_string(orders.word()).unwrap()
    }

    /// All of one tenant, so that they are handed out in this order.
    pub(crate) async fn publish(&self, tasks: impl IntoIterator<Item = Task>) -> Vec<EventId> {
        let mut ids = Vec::new();
        for tasks in tasks.into_iter().collect::<Vec<_>>().chunks(1_000) {
            let drafts = tasks.iter().map(|task| Job { task: *task }.event("acme"));
            let receipts = self.bus.publish_batch(drafts).await.unwrap();
            ids.extend(receipts.into_iter().map(|receipt| receipt.unwrap().id));
        }
        ids
    }

    pub(crate) async fn books(&self) -> Books {
        self.bus.books(JOBS).await.unwrap()
    }

    /// All is finished: nothing waits, is held or will be retried.
    pub(crate) async fn until_settled(&self) -> Books {
        self.until("all is settled", async || {
            let books = self.books().await;
            books.ready + books.pending + books.retrying == 0
        })
        .await;
        let books = self.books().await;
        assert!(books.balanced(), "{books:?}");
        books
    }

    pub(crate) async fn until_done(&self, ids: &[EventId]) {
        self.until("the events are done", async || {
            let done = self.ledger.ids(Step::Done);
            ids.iter().all(|id| done.contains(id))
        })
        .await;
    }

    pub(crate) async fn until_started_by(&self, worker: &str, id: EventId) {
        self.until("an event is started", async || self.ledger.ids_of(Step::Started, worker).contains(&id)).await;
    }

    /// Asks again and again; gives up after half a minute.
    pub(crate) async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        while !holds().await {
            assert!(
                Instant::now() < deadline,
                "waited in vain: {what}; {:?}\n{}",
                self.bus.books(JOBS).await,
                self.logs()
            );
            tick.tick().await;
        }
    }

    /// The last lines of all logs.
    pub(crate) fn logs(&self) -> String {
        let files = std::fs::read_dir(self.dir.path()).unwrap().map(|file| file.unwrap().path());
        let logs = files.filter(|path| path.extension().is_some_and(|it| it == "log"));
        logs.map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let lines: Vec<_> = text.lines().collect();
            format!("{}:\n{}\n", path.display(), lines[lines.len().saturating_sub(8)..].join("\n"))
        })
        .collect()
    }

    pub(crate) fn log_of(&self, worker: &str) -> String {
        std::fs::read_to_string(self.orders(worker).log()).unwrap()
    }

    /// The stream of the jobs.
    pub(crate) fn lane(&self) -> String {
        let keys = self.server.command(&["KEYS", "*:lane:job.queued:medium"]).unwrap();
        keys.items()[0].text().unwrap().to_owned()
    }
}

/// So many times the same.
pub(crate) fn times(count: usize, task: Task) -> impl Iterator<Item = Task> {
    std::iter::repeat_n(task, count)
}
