//! A server, a bus on it, and the program.

use std::{
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tekup_core::{Event, EventBus, EventId, HandlerError, RetryPolicy, Subscription};
use tekup_events_crm::LeadCreated;
use tekup_testkit::redis::RedisServer;

pub(crate) struct World {
    pub(crate) server: RedisServer,
    pub(crate) bus: EventBus,
}

/// How a command ended, and what it printed.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// The line that holds this, with its columns apart by one space.
    #[track_caller]
    pub(crate) fn line(&self, part: &str) -> String {
        let line = self.out.lines().find(|line| line.contains(part));
        let line = line.unwrap_or_else(|| panic!("no line with {part}: {}{}", self.out, self.err));
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The program, with nothing of the environment of this process that it would heed.
pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tekup"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in
        ["SERVICE_NAME", "REDIS_URL", "REDIS_URL_FILE", "TEKUP_CONTEXT", "TEKUP_CONTEXTS", "XDG_CONFIG_HOME", "HOME"]
    {
        command.env_remove(name);
    }
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("EVENT_BUS_")) {
        command.env_remove(name);
    }
    command
}

impl World {
    pub(crate) async fn new() -> Self {
        let server = RedisServer::start().unwrap();
        let bus = tekup_redis_transport::connect(server.url(), "crm").await.unwrap();
        Self { server, bus }
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = program(args);
        command.env("REDIS_URL", self.server.url());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// A subscription of leads, all of which it finishes.
    pub(crate) async fn subscribe(&self, name: &str) {
        let leads = Subscription::to::<LeadCreated>(name).handler(async |_, _| ());
        self.bus.subscribe(leads).await.unwrap();
    }

    /// One in whose dead letters each lead ends whose source is `broken`.
    pub(crate) async fn subscribe_failing(&self, name: &str) {
        let leads = Subscription::to::<LeadCreated>(name).retry(RetryPolicy::exponential(1, Duration::ZERO)).handler(
            async |event: Event<LeadCreated>, _| {
                if event.data.source == "broken" {
                    return Err(HandlerError::from("the \u{1b}[31mdatabase\u{1b}[0m is away"));
                }
                Ok(())
            },
        );
        self.bus.subscribe(leads).await.unwrap();
    }

    pub(crate) async fn publish(&self, tenant: &str, source: &str) -> EventId {
        use tekup_core::TekupEvent;
        self.bus.publish(LeadCreated::new("lead-1", source, 75.0).event(tenant)).await.unwrap().id
    }

    pub(crate) async fn until_dead(&self, subscription: &str, count: u64) {
        let letters = self.bus.dead_letters(subscription).unwrap();
        eventually(async || letters.count().await.unwrap() == count).await;
    }

    /// Until a subscription has nothing left to do.
    pub(crate) async fn until_idle(&self, subscription: &str) {
        eventually(async || {
            let books = self.bus.books(subscription).await.unwrap();
            books.ready + books.pending + books.retrying == 0
        })
        .await;
    }
}

pub(crate) async fn eventually(holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < deadline, "it did not become so in time");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
