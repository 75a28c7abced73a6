//! The Compose file beside what it mounts, builds and runs.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value};

use super::{OPERATIONS, bytes, expect_probe, expect_settings, grace, list, maxmemory, path, text, words, yaml};

fn compose() -> Value {
    yaml("compose/compose.yaml").remove(0)
}

fn services(compose: &Value) -> &Map<String, Value> {
    compose["services"].as_object().unwrap()
}

fn duration(value: &Value) -> Duration {
    humantime::parse_duration(value.as_str().unwrap()).unwrap()
}

#[test]
fn what_is_mounted_and_built_is_there_and_every_secret_is_one_that_is_made() {
    let (compose, made) = (compose(), text("redis/secrets.sh"));
    for (name, service) in services(&compose) {
        for mount in words(&service["volumes"]) {
            let from = mount.split(':').next().unwrap();
            let is_volume = compose["volumes"].as_object().unwrap().contains_key(from);
            assert!(is_volume || path("compose").join(from).is_file(), "{name}: {mount}");
        }
        if let Some(dockerfile) = service["build"]["dockerfile"].as_str() {
            assert_eq!(service["build"]["context"], "../..", "{name}");
            assert!(path("..").join(dockerfile).is_file(), "{name}: {dockerfile}");
        }
        for secret in words(&service["secrets"]) {
            let file = compose["secrets"][secret]["file"].as_str().unwrap().strip_prefix("secrets/").unwrap();
            assert!(made.contains(&format!(">\"$folder/{file}\"")), "{name}: {file} is not made");
        }
    }
}

#[test]
fn no_password_stands_in_it_and_every_variable_is_read() {
    for (name, service) in services(&compose()) {
        let Some(environment) = service["environment"].as_object() else { continue };
        let variables: BTreeMap<String, String> =
            environment.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        for (variable, value) in &variables {
            let file = value.strip_prefix("/run/secrets/");
            assert_eq!(variable.ends_with("_FILE"), file.is_some(), "{name}: {variable}");
            assert!(file.is_none_or(|file| words(&service["secrets"]).contains(&file)), "{name}: {value}");
        }
        if name != "grafana" {
            expect_settings(name, &variables);
        }
    }
}

#[test]
fn redis_keeps_what_it_has_and_has_room_and_time_to_do_so() {
    let compose = compose();
    let redis = &compose["services"]["redis"];
    let command = words(&redis["command"]);
    for (option, value) in [("--aclfile", "/run/secrets/redis-users"), ("--dir", "/data")] {
        assert!(command.windows(2).any(|pair| pair == [option, value]), "{option}");
    }
    assert!(
        words(&redis["volumes"]).contains(&"redis-data:/data") && words(&redis["secrets"]).contains(&"redis-users")
    );
    assert!(bytes(redis["mem_limit"].as_str().unwrap()) >= 2 * maxmemory());
    assert!(duration(&redis["stop_grace_period"]) >= Duration::from_secs(60));
    let settings = text("redis/redis.conf");
    for line in ["appendonly yes", "appendfsync everysec", "maxmemory-policy noeviction"] {
        assert!(settings.lines().any(|told| told == line), "{line}");
    }
}

#[test]
fn every_service_is_watched_and_has_limits_and_those_of_the_bus_ask_themselves_within_their_time() {
    for (name, service) in services(&compose()) {
        assert!(service["mem_limit"].is_string() && service["read_only"] == true, "{name}");
        assert_eq!(words(&service["cap_drop"]), ["ALL"], "{name}");
        assert!(service["image"].as_str().unwrap().split_once(':').is_some_and(|(_, tag)| tag != "latest"), "{name}");
        if !["tekup", "service"].contains(&name.as_str()) {
            continue;
        }
        expect_probe(&words(&service["healthcheck"]["test"]));
        // `tekup probe` has 2 s of patience by itself.
        assert!(duration(&service["healthcheck"]["timeout"]) > Duration::from_secs(2), "{name}");
        assert_eq!(service["depends_on"]["redis"]["condition"], "service_healthy", "{name}");
    }
}

#[test]
fn handlers_have_their_time_to_finish() {
    assert!(duration(&compose()["services"]["service"]["stop_grace_period"]) > grace());
}

#[test]
fn images_have_the_version_of_the_workspace() {
    for name in ["tekup", "service"] {
        let image = compose()["services"][name]["image"].as_str().unwrap().to_owned();
        assert!(image.ends_with(concat!(":", env!("CARGO_PKG_VERSION"))), "{image}");
    }
}

#[test]
fn prometheus_asks_the_services_on_the_port_of_operations_and_knows_the_alerts() {
    let (compose, prometheus) = (compose(), yaml("prometheus/prometheus.yml").remove(0));
    let found = &prometheus["scrape_configs"][0]["dns_sd_configs"][0];
    assert_eq!(found["port"], OPERATIONS);
    for name in words(&found["names"]) {
        assert!(services(&compose).contains_key(name), "{name}");
    }
    assert_eq!(words(&prometheus["rule_files"]), ["alerts.yml"]);
    let mounts = list(&compose["services"]["prometheus"]["volumes"]);
    assert!(mounts.contains(&"../prometheus/alerts.yml:/etc/prometheus/alerts.yml:ro".into()));
}
