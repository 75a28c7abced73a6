//! What signals do to a process: this program, run again as one that serves.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
#![allow(clippy::print_stdout, reason = "a process tells the tests how far it is")]

mod common;

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use common::{LeadCreated, lead};
use tekup_core::{Context, Event, EventBus, Subscription, TekupEvent};

/// Tells a process what its handler does when it has begun.
const VARIABLE: &str = "TEKUP_TEST_HANDLER";

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_process_that_is_asked_once_finishes_what_it_has_begun_and_ends_with_0() {
    if let Ok(handler) = std::env::var(VARIABLE) {
        serve(&handler);
    }
    let mut process = Process::start("finishes");
    process.until("begun");
    process.signal("TERM");
    process.until("finished");
    assert_eq!(process.ended(), Some(0));
}

#[test]
fn a_second_signal_ends_a_process_at_once_with_the_code_of_that_signal() {
    let table = [
        ("hangs", "stopping", "TERM", 143),
        ("hangs", "stopping", "INT", 130),
        ("lingers", "returned", "TERM", 143), // it has shut down, and does not end by itself
    ];
    for (handler, word, signal, code) in table {
        let mut process = Process::start(handler);
        process.until("begun");
        process.signal("TERM");
        process.until(word);
        process.signal(signal);
        assert_eq!(process.ended(), Some(code), "{handler}, {signal}");
    }
}

#[test]
fn a_handler_that_blocks_the_only_thread_holds_up_nobody_who_asks_twice() {
    let mut process = Process::start("blocks");
    process.until("begun");
    let deadline = Instant::now() + PATIENCE;
    // Nothing tells when the first one has arrived, and one that is still on its way swallows the next.
    while process.lines.recv_timeout(Duration::from_millis(5)) != Err(RecvTimeoutError::Disconnected) {
        assert!(Instant::now() < deadline, "the process does not end");
        process.signal("TERM");
    }
    assert_eq!(process.ended(), Some(143));
}

/// A process that serves; killed when dropped.
struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    fn start(handler: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_process_that_is_asked_once_finishes_what_it_has_begun_and_ends_with_0"]);
        command.arg("--nocapture").env(VARIABLE, handler).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (said, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        Self { child, lines }
    }

    fn until(&self, word: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())).unwrap() != word {}
    }

    /// Sends a signal by name to this process and no other. If it has just ended, it still has its id until it is waited
    /// for.
    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let kill = ["-c", r#"kill -"$1" "$2""#, "kill", name, &pid];
        assert!(Command::new("sh").args(kill).status().unwrap().success());
    }

    /// Waits until it has ended by itself; its exit code, unless a signal has killed it.
    fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        let left = || deadline.saturating_duration_since(Instant::now());
        while self.lines.recv_timeout(left()) != Err(RecvTimeoutError::Disconnected) {
            assert!(Instant::now() < deadline, "the process does not end");
        }
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended can't be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(handler: &str) -> ! {
    std::thread::spawn(die_with_the_tests);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        let bus = EventBus::in_memory("crm").unwrap();
        let scoring = Subscription::to::<LeadCreated>("scoring").handler_with(handler.to_owned(), handle);
        bus.subscribe(scoring).await.unwrap();
        let publish = async {
            bus.publish(lead("l-1").event("acme")).await.unwrap();
            std::future::pending().await
        };
        tokio::select! {
            biased; // signals are listened to before the handler begins
            ended = bus.run_until_signal() => ended,
            ended = publish => ended,
        }
    });
    println!("returned");
    if handler == "lingers" {
        block();
    }
    std::process::exit(i32::from(ended.is_err()))
}

/// The tests hold the other end: it is closed when they end, in whatever way.
fn die_with_the_tests() {
    // Nothing is ever written: whatever is read, the end has come.
    let _ = std::io::stdin().read(&mut [0]);
    std::process::abort();
}

fn block() -> ! {
    loop {
        std::thread::park();
    }
}

async fn handle(handler: String, _: Event<LeadCreated>, cx: Context) {
    println!("begun");
    if handler == "blocks" {
        block();
    }
    cx.stopping().await;
    println!("stopping");
    if handler == "hangs" {
        std::future::pending::<()>().await;
    }
    println!("finished");
}
