//! What the README shows of the program is what it prints. `TEKUP_CAPTURE=1 cargo test -p tekup-cli --test operating
//! captures` takes it anew, into `docs/captures`; from there it goes into the README by hand.

use std::{env, fs, path::PathBuf};

use tekup_core::{HandlerError, RawEvent, Subscription};
use tekup_events_crm::LeadCreated;
use tekup_testkit::redis::{Fsync, RedisServer};

use crate::{terminal::Terminal, world::World};

/// A bus with something to see: one subscription works, one is paused, of one some events have died.
async fn scene() -> World {
    let server =
        RedisServer::builder().tcp().append_only(Fsync::EverySecond).config("maxmemory", "256mb").start().unwrap();
    let bus = tekup_redis_transport::connect(server.url(), "crm").await.unwrap();
    let world = World { server, bus };
    world.subscribe("scoring").await;
    let import = Subscription::to::<LeadCreated>("import").handler(async |event, _| match event.data.source.as_str() {
        "broken" => Err(HandlerError::from("the lead has no address").permanent()),
        _ => Ok(()),
    });
    world.bus.subscribe(import).await.unwrap();
    let audit = Subscription::matching("audit", "*").handler(async |_: RawEvent, _| ());
    world.bus.subscribe(audit).await.unwrap();
    world.bus.pause("crm/audit").await.unwrap();
    world.publish("acme", "broken").await;
    world.publish("globex", "broken").await;
    world.until_dead("crm/import", 2).await;
    world
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Numbers, units and plots differ from run to run.
fn shape(text: &str) -> String {
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let word = |word: &str| match word {
        "ms" | "s" | "min" | "h" | "d" => None,
        plot if plot.starts_with(|c: char| ('▁'..='█').contains(&c)) => None,
        number if number == "-" || is_number(number) => Some("0".to_owned()),
        other => Some(other.replace(|c: char| c.is_ascii_digit(), "")),
    };
    let line = |line: &str| line.split_whitespace().filter_map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Holds a capture to the one that is kept, and that to the README.
#[track_caller]
fn holds(name: &str, captured: &str) {
    let captured: String = captured.trim_end().lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let path = root().join("docs/captures").join(name);
    if env::var_os("TEKUP_CAPTURE").is_some() {
        return fs::write(&path, &captured).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap();
    assert_eq!(shape(&captured), shape(&kept), "{name} is kept otherwise than the program prints it now:\n{captured}");
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains(&kept), "the README does not show docs/captures/{name} as it is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_of_the_readme_are_what_the_program_prints() {
    let world = scene().await;
    for (name, line) in [("sub-ls.txt", "sub ls"), ("explain.txt", "explain lead.created"), ("doctor.txt", "doctor")] {
        let words: Vec<&str> = line.split(' ').collect();
        let ran = world.run(&words);
        holds(name, &format!("$ tekup {line}\n{}", ran.out));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_view_of_the_readme_is_what_the_terminal_shows() {
    let world = scene().await;
    let mut top = Terminal::run(&world, &["top", "--interval", "200ms"], (12, 132));
    let traffic = async {
        loop {
            world.publish("acme", "website").await;
        }
    };
    // Until there is a plot to see.
    let bars = |line: &str| line.chars().filter(|c| ('▁'..='█').contains(c)).count();
    let has_plot = |screen: &str| screen.lines().any(|line| line.starts_with("handled") && bars(line) >= 12);
    tokio::select! {
        _ = top.until(has_plot) => {}
        () = traffic => unreachable!(),
    }
    world.until_idle("crm/scoring").await;
    world.until_idle("crm/import").await;
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_calm = |screen: &str| {
        let shows = |row: &str| screen.lines().any(|line| words(line).starts_with(row) && line.contains(" ms "));
        shows("crm/import 1 run 0 0 0 2 - ") && shows("crm/scoring 1 run 0 0 0 0 - ")
    };
    let screen = top.until(is_calm).await;
    top.press("q");
    assert_eq!(top.ended().await, 0);
    holds("top.txt", &format!("$ tekup top\n{screen}"));
}
