//! What the document on configuration says is so.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use std::{collections::BTreeMap, fs};

use tekup_core::{
    BusConfig, Environment,
    settings::{FILE, Part, Setting, Value},
};
use tekup_redis_transport::{RedisConfig, Settings};

const DOCUMENT: &str = include_str!("../../docs/configuration.md");
const HEAD: &str = "| key | variable | unit | default | range | what it is |\n|---|---|---|---|---|---|\n";

fn defaults() -> BTreeMap<&'static str, Value> {
    let (bus, redis) = (BusConfig::default().values(), RedisConfig::default().values());
    let of = |part: &BTreeMap<&str, Value>, list: &'static [Setting]| {
        list.iter().map(|setting| (setting.key, part[setting.field()].clone())).collect::<Vec<_>>()
    };
    of(&bus, BusConfig::SETTINGS).into_iter().chain(of(&redis, RedisConfig::SETTINGS)).collect()
}

fn row(setting: &Setting, default: &Value) -> String {
    let default = match default {
        _ if setting.is_required => "required".to_owned(),
        Value::List(all) if all.is_empty() => "`[]`".to_owned(),
        other => format!("`{other}`"),
    };
    let secret =
        if setting.shown.is_some() { format!("; a secret: `{}_FILE`", setting.variable) } else { String::new() };
    let Setting { key, variable, unit, takes, meaning, .. } = setting;
    format!("| `{key}` | `{variable}` | {unit} | {default} | {takes} | {meaning}{secret} |\n")
}

#[test]
fn the_table_of_the_document_is_the_list_of_all_settings() {
    let defaults = defaults();
    let table: String = Settings::list().map(|setting| row(setting, &defaults[setting.key])).collect();
    assert!(DOCUMENT.contains(&format!("\n{HEAD}{table}\n")), "the table must be:\n{HEAD}{table}");
}

fn first(marker: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(marker).unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_file_of_the_document_is_read_as_it_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus.toml");
    fs::write(&path, first("```toml\n")).unwrap();
    let environment = Environment::of([(FILE, path.to_str().unwrap())]);
    let Settings { bus, redis, .. } = Settings::from_environment(&environment).unwrap();
    assert_eq!((bus.service_name.as_str(), bus.concurrency, bus.latency_tenants.len()), ("billing", 20, 2));
    assert_eq!((redis.namespace.as_str(), redis.partitions), ("shop", 16));
}
