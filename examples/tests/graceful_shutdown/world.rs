use std::time::{Duration, Instant};

use tekup_core::{EventBus, EventId, TekupEvent};
use tekup_testkit::redis::RedisServer;
use tokio::time::interval;

use crate::{
    journal::{self, Journal},
    report::{ReportRequested, TENANT},
    worker::Worker,
};

/// What the example calls its subscription.
const WRITING: &str = "reports/writing";

/// Reports that wait or are worked on, at most: more than the two workers can begin, and little enough to be done soon.
const AT_ONCE: usize = 40;

/// What each of them holds at least when one is asked to stop: it works on five, so ten are not begun.
const HELD: i64 = 15;

/// A server, a publisher, and what the workers say.
pub(crate) struct World {
    server: RedisServer,
    bus: EventBus,
    pub(crate) journal: Journal,
}

impl World {
    pub(crate) async fn new() -> Self {
        let server = RedisServer::start().unwrap();
        let bus = tekup_redis_transport::connect(server.url(), "publisher").await.unwrap();
        Self { server, bus, journal: Journal::default() }
    }

    /// A worker that has begun to read.
    pub(crate) async fn hire(&self, name: &'static str) -> Worker {
        let worker = Worker::start(name, &self.server.url(), &self.journal);
        self.journal.until_said(name, "ready").await;
        worker
    }

    /// So many, as fast as they are handled; answers their ids, in order, and when they were stored.
    pub(crate) async fn publish(&self, count: usize) -> Vec<(EventId, Instant)> {
        let mut published = Vec::new();
        while published.len() < count {
            let room = |lines: &[journal::Line]| published.len() < journal::ended(lines) + AT_ONCE;
            self.journal.until("there is room", room).await;
            let works = [200, 60, 60, 60, 60, 60, 60, 60, 60, 60]; // so that some have long to go when a worker is asked
            let drafts = works.map(|takes_ms| ReportRequested { takes_ms }.event(TENANT));
            let receipts = self.bus.publish_batch(drafts).await.unwrap();
            published.extend(receipts.into_iter().map(|receipt| (receipt.unwrap().id, Instant::now())));
        }
        published.sort();
        published
    }

    /// As the example's own publisher does it.
    pub(crate) async fn publish_one_by_hand(&self, takes_ms: u64) -> EventId {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_graceful_shutdown"));
        command.args(["--redis", &self.server.url(), "publish", "1", &takes_ms.to_string()]);
        let output = command.output().await.unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        said.trim().strip_prefix("published ").unwrap().parse().unwrap()
    }

    /// Both hold much more than they may begin at once.
    pub(crate) async fn until_both_hold_what_they_have_not_begun(&self) {
        let keys = self.server.command(&["KEYS", "*:lane:report.requested:medium"]).unwrap();
        let lane = keys.items()[0].text().unwrap();
        let hold_much = async || {
            let pending = self.server.command(&["XPENDING", lane, WRITING]).unwrap();
            let held = pending.items()[3].items().iter().filter(|of_one| of_one.items()[1].int().unwrap() >= HELD);
            held.count() == 2
        };
        self.until("both hold much", hold_much).await;
    }

    pub(crate) async fn until_nothing_waits(&self) {
        let settled = async || {
            let books = self.bus.books(WRITING).await.unwrap();
            books.ready + books.pending + books.retrying == 0 && books.acked == books.published
        };
        self.until("all is settled", settled).await;
    }

    /// Asks again and again; gives up after half a minute.
    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut tick = interval(Duration::from_millis(2));
        while !holds().await {
            assert!(Instant::now() < deadline, "waited in vain: {what}; {:?}", self.bus.books(WRITING).await);
            tick.tick().await;
        }
    }
}
