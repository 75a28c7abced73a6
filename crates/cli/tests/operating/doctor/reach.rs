//! A bus that can not be looked at.

use tekup_core::{BusConfig, EventBus};
use tekup_redis_transport::{RedisConfig, RedisTransport};

use super::{sound, world};
use crate::world::{Ran, program};

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_missing_is_told_by_its_command() {
    let world = world(sound().tcp()).await;
    world.subscribe("scoring").await;
    let as_weak = |rights: &[&str]| {
        let weak = [&["ACL", "SETUSER", "weak", "reset", "on", ">secret", "~*", "&*"], rights].concat();
        world.server.command(&weak).unwrap();
        let mut command = world.command(&["doctor"]);
        command.env("REDIS_URL", world.server.url().replace("redis://", "redis://weak:secret@"));
        Ran::from(command.output().unwrap())
    };
    for (rights, command) in [
        (&["+ping"][..], "'"),
        (&["+@all", "-info"], "info"),
        (&["+@all", "-hscan"], "hscan"),
        (&["+@all", "-zscore", "-hget"], "can't run this command"),
    ] {
        let ran = as_weak(rights).ends_with(3);
        assert!(ran.out.starts_with("error: denied: ") && ran.out.contains(command), "{command}: {}", ran.out);
        assert!(!ran.out.contains("secret"), "{}", ran.out);
    }
    // What else there is to tell is told.
    let ran = as_weak(&["+@all", "-config|get"]).ends_with(3);
    assert!(ran.out.starts_with("warning: denied: ") && ran.out.contains("config|get"), "{}", ran.out);
    assert!(ran.out.contains("0 errors, 1 warnings"), "{}", ran.out);
    as_weak(&["+@all"]).ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_another_version_has_made_is_told() {
    let world = world(sound()).await;
    let record = world.server.command(&["KEYS", "*namespace*"]).unwrap().items()[0].text().unwrap().to_owned();
    let format = world.server.command(&["HGET", &record, "format"]).unwrap().text().unwrap().to_owned();
    world.server.command(&["HSET", &record, "format", "99"]).unwrap();
    let told = world.finds(&[], &["incompatible"]);
    assert!(told.out.contains("99"), "{}", told.out);
    world.server.command(&["HSET", &record, "format", &format]).unwrap();
    world.is_clean(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_out_of_reach_and_a_namespace_without_a_bus_are_findings() {
    let mut world = world(sound()).await;
    let told = world.finds(&["--namespace", "shop"], &["no-bus"]);
    assert!(told.out.contains("`shop`"), "{}", told.out);
    let config = RedisConfig::new(world.server.url()).namespace("shop");
    EventBus::new(BusConfig::new("shop"), RedisTransport::connect(&config).await.unwrap()).unwrap();
    world.is_clean(&["--namespace", "shop"]);
    world.server.stop().unwrap();
    let told = world.finds(&[], &["unreachable"]);
    assert!(told.out.contains("    run: redis-cli -e -s "), "{}", told.out);
    world.server.restart().unwrap();
    world.cure(&told);
    world.is_clean(&[]);
}

#[test]
fn what_is_wrong_is_told_to_programs_with_its_cure() {
    let ran: Ran = program(&["doctor", "--redis", "redis://127.0.0.1:1", "--output", "json"]).output().unwrap().into();
    let report = ran.ends_with(3).json();
    let finding = &report["findings"][0];
    assert_eq!((&finding["code"], &finding["level"]), (&"unreachable".into(), &"error".into()));
    assert_eq!(finding["cures"][1]["run"], "redis-cli -e -u redis://127.0.0.1:1 PING");
    assert!(report["facts"].is_null());
}
