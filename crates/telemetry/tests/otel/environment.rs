//! A program that is set up by the environment alone.

use std::process::Command;

use tekup_core::{ErrorKind, EventBus};

use crate::{
    collector::Collector,
    service::{PAYLOAD, lead},
};

const PROGRAM: &str = "TEKUP_TEST_PROGRAM";

/// What a process of its own runs.
fn program() {
    let traces = tekup_telemetry::init_traces("crm").unwrap();
    assert_eq!(tekup_telemetry::init_traces("crm").unwrap_err().kind(), ErrorKind::Conflict);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let bus = EventBus::in_memory("crm").unwrap();
        traces.join(&bus).unwrap();
        assert_eq!(traces.join(&bus).unwrap_err().kind(), ErrorKind::Conflict);
        bus.publish(lead()).await.unwrap();
        bus.shutdown().await.unwrap();
    });
    let ended = traces.shutdown().map_or_else(|error| error.kind().code(), |()| "sent");
    tracing::info!(ended, "shut down");
}

/// Runs the named test of this file in a process of its own, which then is the program.
fn run(test: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("environment::{test}"), "--nocapture"]).env(PROGRAM, "1");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_") || name.starts_with("LOG_")) {
        command.env_remove(name);
    }
    let output = command.env_remove("RUST_LOG").envs(variables.iter().copied()).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn a_program_sends_its_spans_where_the_environment_says() {
    if std::env::var_os(PROGRAM).is_some() {
        return program();
    }
    let (collector, test) = (Collector::start(), "a_program_sends_its_spans_where_the_environment_says");
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address.as_str());
    let said = run(test, &[endpoint]);
    assert!(said.contains("shut down ended=sent"), "{said}");
    run(test, &[endpoint, ("OTEL_SERVICE_NAME", "crm-eu")]);
    run(test, &[endpoint, ("OTEL_RESOURCE_ATTRIBUTES", "service.name=crm-us")]);
    run(test, &[endpoint, ("OTEL_SERVICE_NAME", "unsampled"), ("OTEL_TRACES_SAMPLER", "always_off")]);
    let mut services: Vec<_> = collector.received().into_iter().map(|span| span.service).collect();
    services.sort();
    assert_eq!(services, ["crm", "crm-eu", "crm-us"]);
}

#[test]
fn a_program_without_a_collector_ends_and_says_so() {
    if std::env::var_os(PROGRAM).is_some() {
        return program();
    }
    // A port that no test is given.
    let endpoint = "http://127.0.0.1:1";
    let test = "a_program_without_a_collector_ends_and_says_so";
    let said = run(test, &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("LOG_LEVEL", "debug")]);
    assert!(said.contains("shut down ended=unavailable") && !said.contains(PAYLOAD), "{said}");
}
