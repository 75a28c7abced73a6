//! Groups and data that vanish again and again while 2,000 events a second are published.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tekup_core::{BusConfig, Event, EventBus, EventId, Subscription, SubscriptionHandle, TekupEvent};
use tekup_redis_transport::{RedisConfig, RedisTransport};
use tekup_testkit::redis::RedisServer;
use tokio::task::JoinHandle;

use crate::{
    job::{Job, Task},
    lines::Lines,
};

/// How often something is lost, and how long it is published in between.
const LOSSES: usize = 5;
const BETWEEN: Duration = Duration::from_millis(1_500);
/// A second is what is promised; the machine of a test may be busy. What was measured is printed.
const SOON: Duration = Duration::from_secs(4);
/// So old may be what comes again: a lane is trimmed, and so marked, every second or so, later on a busy machine.
const MARKED: Duration = Duration::from_secs(3);
/// What one process may log.
const MOST_LINES: usize = 10;

type Handled = Arc<Mutex<HashMap<EventId, Vec<Instant>>>>;
type Published = Arc<Mutex<Vec<(EventId, Instant)>>>;

/// A subscriber, and a publisher in a task and on connections of its own.
struct Load {
    server: RedisServer,
    handled: Handled,
    published: Published,
    running: SubscriptionHandle,
    buses: [EventBus; 2],
    publishing: JoinHandle<()>,
}

async fn bus(server: &RedisServer) -> EventBus {
    let transport = RedisTransport::connect(&RedisConfig::new(server.url())).await.unwrap();
    EventBus::new(BusConfig::new("service"), transport).unwrap()
}

impl Load {
    async fn start() -> Self {
        let server = RedisServer::start().unwrap();
        let (subscriber, publisher) = (bus(&server).await, bus(&server).await);
        let (handled, published) = (Handled::default(), Published::default());
        let jobs =
            Subscription::to::<Job>("jobs").handler_with(handled.clone(), async |handled, job: Event<Job>, _| {
                handled.lock().unwrap().entry(job.envelope.id).or_default().push(Instant::now());
            });
        let running = subscriber.subscribe(jobs).await.unwrap();
        let publishing = tokio::spawn(publish(publisher.clone(), published.clone()));
        Self { server, handled, published, running, buses: [subscriber, publisher], publishing }
    }

    /// Loses it again and again; answers when.
    async fn lose(&mut self, lose: impl Fn(&mut RedisServer)) -> Vec<Instant> {
        let mut times = Vec::new();
        for _ in 0..LOSSES {
            tokio::time::sleep(BETWEEN).await;
            times.push(Instant::now());
            lose(&mut self.server);
        }
        tokio::time::sleep(BETWEEN).await;
        times
    }

    /// Stops, after all that was published since then is handled, and each loss is told.
    async fn stop(self, since: Instant) -> (HashMap<EventId, Vec<Instant>>, Vec<(EventId, Instant)>, u64) {
        self.publishing.abort();
        let published = self.published.lock().unwrap().clone();
        let deadline = Instant::now() + Duration::from_secs(20);
        let is_missing = || {
            let handled = self.handled.lock().unwrap();
            published.iter().filter(|(id, begun)| *begun > since && !handled.contains_key(id)).count()
        };
        while is_missing() > 0 {
            assert!(Instant::now() < deadline, "{} of {} are missing", is_missing(), published.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        while self.running.losses().count < LOSSES as u64 {
            assert!(Instant::now() < deadline, "some losses are not told: {:?}", self.running.losses());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(self.running.failure().is_none());
        let losses = self.running.losses().count;
        for bus in self.buses {
            bus.shutdown().await.unwrap();
        }
        let handled = self.handled.lock().unwrap().clone();
        (handled, published, losses)
    }
}

/// How many events are published at once.
const BATCH: usize = 20;

/// Batches of 20 of four tenants, 100 times a second; notes what was stored, and when that was begun.
async fn publish(bus: EventBus, published: Published) {
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    loop {
        tick.tick().await;
        let begun = Instant::now();
        let drafts = (0..BATCH).map(|number| Job { task: Task::Pass }.event(format!("tenant-{}", number % 4)));
        let receipts = match bus.publish_batch(drafts).await {
            Ok(receipts) => receipts,
            Err(error) => {
                assert!(error.is_retryable(), "{error}");
                continue;
            }
        };
        for receipt in receipts {
            match receipt {
                Ok(receipt) => published.lock().unwrap().push((receipt.id, begun)),
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
        }
    }
}

/// How long after each loss something was handled that was published after it.
fn pauses(
    handled: &HashMap<EventId, Vec<Instant>>,
    published: &[(EventId, Instant)],
    losses: &[Instant],
) -> Vec<Duration> {
    let pause = |lost: &Instant| {
        let after = published.iter().filter(|(_, begun)| begun > lost);
        let first = after.filter_map(|(id, _)| handled.get(id)?.first()).min();
        first.unwrap().duration_since(*lost)
    };
    losses.iter().map(pause).collect()
}

/// How often something came again, and how long before the loss the oldest of that had been handled.
fn repeats(handled: &HashMap<EventId, Vec<Instant>>, losses: &[Instant]) -> (usize, Duration) {
    let pairs = || handled.values().flat_map(|times| times.windows(2));
    let age = |pair: &[Instant]| {
        let lost = losses.iter().rfind(|lost| **lost <= pair[1]).unwrap();
        lost.saturating_duration_since(pair[0])
    };
    (pairs().count(), pairs().map(age).max().unwrap_or_default())
}

/// On each thread, of both processes.
fn expect_few_lines(lines: &[String]) {
    assert!((1..=MOST_LINES).contains(&lines.len()), "{lines:#?}");
}

#[tokio::test]
async fn consumption_goes_on_after_each_flushall_and_nothing_stored_afterwards_is_lost() {
    let (lines, _guard) = Lines::capture_from(tracing::Level::INFO);
    let mut load = Load::start().await;
    let lost = load.lose(|server| _ = server.command(&["FLUSHALL"]).unwrap()).await;
    let url = load.server.url();
    let (handled, published, losses) = load.stop(lost[LOSSES - 1]).await;
    let pauses = pauses(&handled, &published, &lost);
    let (repeated, _) = repeats(&handled, &lost);
    println!("{LOSSES} losses of everything, {losses} counted, handled again after {pauses:?}; {repeated} came again");
    assert_eq!(repeated, 0, "what was handled is gone with all the rest");
    assert!(pauses.iter().all(|pause| *pause < SOON), "{pauses:?}");
    assert_eq!(losses, LOSSES as u64);
    // What was stored between two losses had half a second at least to be handled.
    for between in lost.windows(2) {
        let due = published.iter().filter(|(_, at)| *at > between[0] && *at + BETWEEN / 2 < between[1]);
        assert_eq!(due.filter(|(id, _)| !handled.contains_key(id)).count(), 0);
    }
    expect_few_lines(&lines.with_others(&url));
}

#[tokio::test]
async fn consumption_goes_on_after_each_destroyed_group_and_nothing_is_lost() {
    let (lines, _guard) = Lines::capture_from(tracing::Level::INFO);
    let mut load = Load::start().await;
    let begun = Instant::now();
    let lost = load
        .lose(|server| {
            let lanes = server.command(&["KEYS", "*:lane:job.queued:medium"]).unwrap();
            for lane in lanes.items() {
                server.command(&["XGROUP", "DESTROY", lane.text().unwrap(), "service/jobs"]).unwrap();
            }
        })
        .await;
    let url = load.server.url();
    let (handled, published, losses) = load.stop(begun).await;
    let pauses = pauses(&handled, &published, &lost);
    let (repeated, oldest) = repeats(&handled, &lost);
    println!(
        "{LOSSES} losses of groups, {losses} counted, handled again after {pauses:?}; {repeated} of {} came again, the \
         oldest handled {oldest:?} before the loss",
        published.len()
    );
    assert!(pauses.iter().all(|pause| *pause < SOON), "{pauses:?}");
    // The groups of one loss go one after the other, and may be found missing one after the other.
    assert!(losses >= LOSSES as u64, "{losses}");
    // What was settled since the last mark comes again, and nothing before.
    assert!(oldest < MARKED, "{oldest:?}");
    expect_few_lines(&lines.with_others(&url));
}

#[tokio::test]
async fn consumption_goes_on_after_each_deleted_stream_and_it_is_told() {
    let (lines, _guard) = Lines::capture_from(tracing::Level::INFO);
    let mut load = Load::start().await;
    let lost = load
        .lose(|server| {
            let lanes = server.command(&["KEYS", "*:lane:job.queued:medium"]).unwrap();
            for lane in lanes.items() {
                server.command(&["DEL", lane.text().unwrap()]).unwrap();
            }
        })
        .await;
    // What is stored in the very moment is deleted too: the lanes go one after the other.
    let url = load.server.url();
    let (handled, published, losses) = load.stop(lost[LOSSES - 1] + Duration::from_millis(200)).await;
    let pauses = pauses(&handled, &published, &lost);
    let (repeated, _) = repeats(&handled, &lost);
    println!("{LOSSES} losses of streams, {losses} counted, handled again after {pauses:?}; {repeated} came again");
    assert_eq!(repeated, 0, "what was handled is gone with its stream");
    assert!(pauses.iter().all(|pause| *pause < SOON), "{pauses:?}");
    assert!(losses >= LOSSES as u64, "{losses}");
    expect_few_lines(&lines.with_others(&url));
}

#[tokio::test]
async fn consumption_goes_on_after_each_restart_without_data() {
    let (lines, _guard) = Lines::capture_from(tracing::Level::INFO);
    let mut load = Load::start().await;
    let lost = load
        .lose(|server| {
            server.kill().unwrap();
            server.restart().unwrap();
        })
        .await;
    let url = load.server.url();
    let (handled, published, losses) = load.stop(lost[LOSSES - 1] + Duration::from_secs(1)).await;
    let pauses = pauses(&handled, &published, &lost);
    let (repeated, _) = repeats(&handled, &lost);
    println!("{LOSSES} restarts, {losses} losses counted, handled again after {pauses:?}; {repeated} came again");
    assert!(pauses.iter().all(|pause| *pause < SOON), "{pauses:?}");
    assert_eq!(losses, LOSSES as u64);
    // A batch that was under way is sent again, and nobody knows any more that its events were stored and handled.
    assert!(repeated <= LOSSES * BATCH, "{repeated}");
    let (restarts, others): (Vec<_>, Vec<_>) =
        lines.with_others(&url).into_iter().partition(|line| line.contains("Redis was restarted or replaced"));
    assert!((LOSSES..=2 * LOSSES).contains(&restarts.len()), "each process tells of a restart once: {restarts:#?}");
    expect_few_lines(&others);
}

#[test]
fn lines_of_other_threads_that_name_the_server_are_counted_too() {
    let (lines, _guard) = Lines::capture_from(tracing::Level::INFO);
    let log = |what: &'static str| std::thread::spawn(move || tracing::warn!("{what}")).join().unwrap();
    log("redis://a-server/ was restarted");
    log("redis://another/ was restarted");
    tracing::warn!("something was lost");
    assert_eq!(lines.with_others("redis://a-server/").len(), 2);
}
