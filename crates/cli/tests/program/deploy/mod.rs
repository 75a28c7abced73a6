//! What `deploy` says of the program is so: a schema can't know that.

mod compose;
mod images;
mod kubernetes;
mod units;

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use serde_json::Value;
use tekup_core::{BusConfig, Environment};
use tekup_redis_transport::Settings;

/// How long a web server waits for requests under way when it stops: `GRACE` of `tekup_http::serve`.
const HTTP_GRACE: Duration = Duration::from_secs(5);
/// How much longer a bus takes to stop whose store does not answer, as `EventBus::shutdown` says.
const SILENCE: Duration = Duration::from_secs(5);
/// Where probes and metrics are served, everywhere.
const OPERATIONS: u64 = 9464;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The documents of a file, with what they have in common filled in.
fn yaml(name: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn words(value: &Value) -> Vec<&str> {
    list(value).iter().map(|word| word.as_str().unwrap()).collect()
}

/// What handlers that have begun may take, then a store that does not answer, and then requests under way.
fn grace() -> Duration {
    BusConfig::default().shutdown_grace + SILENCE + HTTP_GRACE
}

/// `2Gi`, `2g` and `2gb` are the same here.
fn bytes(size: &str) -> u64 {
    let at = size.find(|c: char| !c.is_ascii_digit()).unwrap();
    let unit = match size[at..].to_lowercase().trim_end_matches(['i', 'b']) {
        "g" => 1 << 30,
        "m" => 1 << 20,
        other => panic!("`{other}` is no unit here"),
    };
    size[..at].parse::<u64>().unwrap() * unit
}

/// What redis.conf lets Redis hold.
fn maxmemory() -> u64 {
    let settings = text("redis/redis.conf");
    bytes(settings.lines().find_map(|line| line.strip_prefix("maxmemory ")).unwrap())
}

/// Every variable is one that somebody reads, and each setting of the bus takes its value.
fn expect_settings(place: &str, variables: &BTreeMap<String, String>) {
    let (document, service) = (
        include_str!("../../../../../docs/configuration.md"),
        include_str!("../../../../../examples/axum_service/main.rs"),
    );
    let is_setting = |name: &str| Settings::list().any(|setting| setting.variable == name.trim_end_matches("_FILE"));
    for name in variables.keys() {
        let is_read =
            is_setting(name) || document.contains(&format!("`{name}`")) || service.contains(&format!("\"{name}\""));
        assert!(is_read, "{place}: nobody reads {name}");
    }
    let settings = variables.iter().filter(|(name, _)| is_setting(name));
    let said = settings.map(|(name, value)| match name.as_str() {
        "REDIS_URL_FILE" => ("REDIS_URL", "redis://user:password@redis:6379"),
        _ => (name.as_str(), value.as_str()),
    });
    let environment = Environment::of(said.chain([("SERVICE_NAME", "web")]));
    Settings::from_environment(&environment).unwrap_or_else(|error| panic!("{place}: {error}"));
}

/// A probe that the program or the service asks itself, by its command line.
fn expect_probe(command: &[&str]) {
    let url = command.last().unwrap();
    let path = url.strip_prefix(&format!("http://127.0.0.1:{OPERATIONS}")).unwrap_or_else(|| panic!("{command:?}"));
    assert_eq!(command[command.len() - 2], "probe", "{command:?}");
    expect_route(path);
}

fn expect_route(path: &str) {
    let routes = include_str!("../../../../http/src/operations.rs");
    assert!(routes.contains(&format!(".route(\"{path}\"")), "there is no route {path}");
}

#[test]
fn what_a_server_waits_for_requests_is_as_long_as_is_counted_here() {
    let served = include_str!("../../../../http/src/serve.rs");
    assert!(served.contains(&format!("const GRACE: Duration = Duration::from_secs({});", HTTP_GRACE.as_secs())));
}

#[test]
fn the_port_of_operations_is_the_one_that_the_program_asks_and_serves_unless_told_otherwise() {
    for command in ["probe", "serve"] {
        let help = crate::told(&crate::tekup(&[command, "--help"]));
        assert!(help.contains(&format!("127.0.0.1:{OPERATIONS}")), "{help}");
    }
}
