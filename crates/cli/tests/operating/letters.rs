use std::process::{Command, Stdio};

use crate::{
    terminal::Terminal,
    world::{World, eventually},
};

async fn with_letters(count: u64) -> World {
    let world = World::new().await;
    world.subscribe_failing("import").await;
    for at in 0..count {
        world.publish(if at % 2 == 0 { "acme" } else { "globex" }, "broken").await;
    }
    world.until_dead("crm/import", count).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_listed_by_filter_and_their_errors_can_not_steer_the_terminal() {
    let world = with_letters(3).await;
    let all = world.run(&["dlq", "ls", "crm/import"]).ends_with(0);
    assert_eq!(all.out.lines().count(), 4, "{}", all.out);
    assert!(all.out.contains("\\u{1b}[31mdatabase") && !all.out.contains('\u{1b}'), "{}", all.out);
    let count = |args: &[&str]| {
        let args = [&["dlq", "ls", "crm/import", "--output", "ndjson"], args].concat();
        world.run(&args).ends_with(0).out.lines().count()
    };
    assert_eq!(count(&["--tenant", "acme"]), 2);
    assert_eq!(count(&["--error", "database", "--reason", "attempts_exhausted", "--since", "1h"]), 3);
    assert_eq!(count(&["--type", "proposal.*"]), 0);
    assert_eq!(count(&["--before", "1h"]), 0);
    assert_eq!(count(&["--min-attempts", "2"]), 0);
    let wrong = world.run(&["dlq", "ls", "crm/import", "--reason", "bad-luck"]);
    assert!(wrong.code == 2 && wrong.err.contains("attempts_exhausted"), "{}", wrong.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_shown_without_its_data_unless_these_are_asked_for() {
    let world = World::new().await;
    world.subscribe_failing("import").await;
    let id = world.publish("acme", "broken").await.to_string();
    world.until_dead("crm/import", 1).await;
    let args = ["dlq", "show", "crm/import", &id, "--tenant", "acme"];
    let shown = world.run(&args).ends_with(0);
    assert_eq!(shown.line("reason"), "reason attempts_exhausted");
    assert!(!shown.out.contains("leadId"), "{}", shown.out);
    assert!(world.run(&[&args[..], &["--data"]].concat()).ends_with(0).out.contains("\"leadId\":\"lead-1\""));
    let json = world.run(&[&args[..], &["--data", "--output", "json"]].concat()).ends_with(0).json();
    assert_eq!((&json["attempts"], &json["event"]["data"]["source"]), (&1.into(), &"broken".into()));
    let absent = world.run(&["dlq", "show", "crm/import", &id, "--tenant", "globex"]).ends_with(1);
    assert!(absent.err.contains("globex") && absent.err.contains(&id), "{}", absent.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_counted_before_they_are_replayed_or_purged_and_nothing_is_done_without_consent() {
    let world = with_letters(5).await;
    let silent = world.run(&["dlq", "purge", "crm/import", "--yes"]).ends_with(1);
    assert!(silent.err.contains("--all"), "{}", silent.err);
    assert_eq!(world.run(&["dlq", "purge", "crm/import", "--all", "--tenant", "acme", "--yes"]).code, 1);
    let dry = world.run(&["dlq", "purge", "crm/import", "--all", "--dry-run"]).ends_with(0);
    assert_eq!(dry.out, "5 dead letters of `crm/import` are meant\n");
    let unasked = world.run(&["dlq", "purge", "crm/import", "--all"]).ends_with(1);
    assert!(unasked.err.contains("purge 5 dead letters"), "{}", unasked.err);
    world.until_dead("crm/import", 5).await;
    let purged = world.run(&["dlq", "purge", "crm/import", "--tenant", "globex", "--yes"]).ends_with(0);
    assert_eq!(purged.out, "purge: 2 of 2 done, 0 refused, 0 gone meanwhile\n");
    let replayed =
        world.run(&["dlq", "replay", "crm/import", "--all", "--yes", "--output", "json"]).ends_with(0).json();
    assert_eq!((&replayed["counted"], &replayed["done"], &replayed["stopped"]), (&3.into(), &3.into(), &false.into()));
    // They fail again.
    world.until_dead("crm/import", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_is_interrupted_tells_how_far_it_came_and_frees_the_letters() {
    let world = with_letters(40).await;
    let args = ["dlq", "purge", "crm/import", "--all", "--yes", "--rate", "5", "--output", "json"];
    let child = world.command(&args).stdout(Stdio::piped()).spawn().unwrap();
    let letters = world.bus.dead_letters("crm/import").unwrap();
    eventually(async || letters.count().await.unwrap() < 40).await;
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let ran = crate::world::Ran::from(child.wait_with_output().unwrap()).ends_with(3);
    let (done, left) = (ran.json()["done"].as_u64().unwrap(), letters.count().await.unwrap());
    assert_eq!((ran.json()["stopped"].as_bool(), done + left), (Some(true), 40));
    world.run(&["dlq", "purge", "crm/import", "--all", "--yes"]).ends_with(0);
    assert_eq!(letters.count().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_terminal_it_is_asked_before_anything_is_deleted() {
    let world = with_letters(2).await;
    let purge = || Terminal::run(&world, &["dlq", "purge", "crm/import", "--all"], (10, 100));
    let letters = world.bus.dead_letters("crm/import").unwrap();
    // (what is pressed, how it ends, how many letters are left)
    for (keys, code, left) in [("n\r", 1, 2), ("\r", 1, 2), ("maybe\r", 1, 2), ("y\r", 0, 0)] {
        let mut terminal = purge();
        let asked = terminal.until(|screen| screen.contains("Go on? [y/N]")).await;
        assert!(asked.contains("purge 2 dead letters of `crm/import`"), "{asked}");
        terminal.press(keys);
        assert_eq!(terminal.ended().await, code, "{keys:?}");
        assert_eq!(letters.count().await.unwrap(), left, "{keys:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_can_be_interrupted() {
    let world = with_letters(1).await;
    let mut terminal = Terminal::run(&world, &["dlq", "purge", "crm/import", "--all"], (10, 100));
    terminal.until(|screen| screen.contains("Go on? [y/N]")).await;
    terminal.press("\u{3}");
    assert_ne!(terminal.ended().await, 0);
    assert_eq!(world.bus.dead_letters("crm/import").unwrap().count().await.unwrap(), 1);
}
