use std::process::Command;

use crate::{
    terminal::Terminal,
    world::{World, program},
};

const WIDE: (u16, u16) = (20, 150);

/// The words of the line that holds this.
fn line(screen: &str, part: &str) -> String {
    let line = screen.lines().find(|line| line.contains(part)).unwrap_or_default();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn world() -> World {
    let world = World::new().await;
    world.subscribe("scoring").await;
    world.subscribe_failing("import").await;
    world.publish("acme", "broken").await;
    world.publish("globex", "website").await;
    world.until_dead("crm/import", 1).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_shows_what_waits_and_how_fast_it_is_handled() {
    let world = world().await;
    let mut top = Terminal::run(&world, &["top", "--interval", "200ms"], WIDE);
    let screen = top.until(|screen| screen.contains("crm/import")).await;
    assert!(line(&screen, "tekup top").starts_with("tekup top tekup at "), "{screen}");
    assert!(line(&screen, "crm/import").starts_with("crm/import 1 run 0 0 0 1 - "), "{screen}");
    let publishing = async {
        loop {
            world.publish("acme", "website").await;
            tokio::task::yield_now().await;
        }
    };
    let is_fast = |screen: &str| {
        let of =
            |what| line(screen, what).split(' ').nth(1).and_then(|rate| rate.strip_suffix("/s")?.parse::<f64>().ok());
        [of("published"), of("handled")].into_iter().all(|rate| rate.is_some_and(|rate| rate > 10.0))
    };
    let screen = tokio::select! {
        screen = top.until(is_fast) => screen,
        () = publishing => unreachable!(),
    };
    assert!(line(&screen, "published").contains('█'), "{screen}");
    top.press("q");
    assert_eq!((top.ended().await, top.is_taken()), (0, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_sort_switch_freeze_and_explain() {
    let world = world().await;
    world.bus.pause("crm/scoring").await.unwrap();
    for _ in 0..5 {
        world.publish("globex", "website").await;
    }
    world.publish("acme", "broken").await;
    world.until_dead("crm/import", 2).await;
    let mut top = Terminal::run(&world, &["top", "--interval", "200ms"], WIDE);
    let is_before = |screen: &str, a: &str, b: &str| screen.find(a) < screen.find(b) && screen.contains(b);
    let screen = top.until(|screen| is_before(screen, "crm/scoring", "crm/import")).await;
    assert!(line(&screen, "crm/scoring").starts_with("crm/scoring paused 6 0 0 0 "), "{screen}");
    top.press("ss");
    top.until(|screen| screen.contains("sort: dead") && is_before(screen, "crm/import", "crm/scoring")).await;
    top.press("\t");
    let screen = top.until(|screen| screen.contains("TENANT") && screen.contains("globex")).await;
    assert!(line(&screen, "acme").starts_with("acme 1 0 0 0 2 "), "{screen}");
    top.press(" ");
    top.until(|screen| screen.contains("stands still")).await;
    top.press("?");
    top.until(|screen| screen.contains("q        ends it")).await;
    top.press("?\t");
    top.resize(10, 60);
    top.until(|screen| screen.contains("SUBSCRIPTION")).await;
    top.resize(1, 3);
    top.resize(20, 150);
    top.until(|screen| screen.contains("crm/scoring")).await;
    top.press("\u{3}");
    assert_eq!((top.ended().await, top.is_taken()), (0, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_leaves_old_numbers_that_are_told_to_be_old() {
    let mut world = world().await;
    let mut top = Terminal::run(&world, &["top", "--interval", "200ms"], WIDE);
    top.until(|screen| screen.contains("crm/import")).await;
    world.server.stop().unwrap();
    let screen = top.until(|screen| screen.contains("old numbers: ")).await;
    assert!(screen.contains("crm/import"), "{screen}");
    world.server.restart().unwrap();
    // Nothing outlives this server: it is a bus that nobody has joined.
    top.until(|screen| !screen.contains("old numbers: ")).await;
    assert!(Command::new("kill").args(["-TERM", &top.pid()]).status().unwrap().success());
    assert_eq!((top.ended().await, top.is_taken()), (0, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_does_not_keep_it_from_ending() {
    let world = world().await;
    let mut top = Terminal::run(&world, &["top", "--interval", "200ms"], WIDE);
    top.until(|screen| screen.contains("crm/import")).await;
    world.server.freeze().unwrap();
    top.until(|screen| screen.contains("old numbers: ")).await;
    assert!(Command::new("kill").args(["-TERM", &top.pid()]).status().unwrap().success());
    assert_eq!((top.ended().await, top.is_taken()), (0, false));
}

#[test]
fn without_a_terminal_it_says_what_programs_use() {
    let output = program(&["top", "--redis", "redis://127.0.0.1:1"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && told.contains("tekup stats --output json"), "{told}");
    assert_eq!(program(&["top", "--interval", "1ms"]).output().unwrap().status.code(), Some(2));
}
