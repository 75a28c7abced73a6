//! The web service as its container runs it: set up by the environment, watched by itself, stopped by SIGTERM.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests are tests")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tekup_testkit::redis::RedisServer;

struct Service {
    child: Child,
    log: BufReader<ChildStdout>,
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_axum_service"));
    command.env_clear().stdin(Stdio::null());
    command
}

impl Service {
    fn start(url_file: &str) -> Self {
        let variables = [
            ("SERVICE_NAME", "web"),
            ("REDIS_URL_FILE", url_file),
            ("LISTEN", "127.0.0.1:0"),
            ("OPERATIONS_LISTEN", "127.0.0.1:0"),
            ("LOG_FORMAT", "json"),
        ];
        let mut child = program().envs(variables).stdout(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stdout.take().unwrap());
        Self { child, log }
    }

    /// Where it says that it listens; what it logs before is left out.
    fn address(&mut self, what: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.log.read_line(&mut line).unwrap() > 0, "it has ended");
            let logged: Value = serde_json::from_str(&line).unwrap();
            if logged["fields"]["what"] == what {
                return logged["fields"]["address"].as_str().unwrap().to_owned();
            }
        }
    }

    fn stop(mut self) -> Option<i32> {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        self.log.read_to_string(&mut String::new()).unwrap();
        self.child.wait().unwrap().code()
    }
}

fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn probe(address: &str) -> (Option<i32>, String) {
    let output = program().args(["probe", &format!("http://{address}/readyz")]).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn it_runs_by_its_environment_is_its_own_health_check_and_ends_with_0() {
    let server = RedisServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url_file = folder.path().join("redis-url");
    fs::write(&url_file, server.url()).unwrap();
    let mut service = Service::start(url_file.to_str().unwrap());
    let operations = service.address("operations");
    let requests = service.address("requests");
    eventually("it has started", || ask(&operations, "GET /startupz").starts_with("HTTP/1.1 200"));
    assert_eq!(probe(&operations), (Some(0), String::new()));
    assert!(ask(&requests, "POST /leads/lead-1").starts_with("HTTP/1.1 200"));
    let handled = "tekup_events_total{event_type=\"lead.created\",status=\"success\"} 1\n";
    eventually("the lead is handled", || ask(&operations, "GET /metrics").contains(handled));
    assert!(ask(&requests, "GET /metrics").starts_with("HTTP/1.1 404"), "metrics are not for those who send leads");
    assert_eq!(service.stop(), Some(0));
    let (code, told) = probe(&operations);
    assert!(code == Some(1) && told.contains("does not answer"), "{code:?}: {told}");
}

#[test]
fn asked_to_stop_while_it_still_starts_it_ends_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let url_file = folder.path().join("redis-url");
    // Somebody who takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    fs::write(&url_file, format!("redis://{}", silent.local_addr().unwrap())).unwrap();
    let service = Service::start(url_file.to_str().unwrap());
    let _connected = silent.accept().unwrap();
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn a_server_that_is_gone_at_the_end_is_no_reason_to_end_badly() {
    let mut server = RedisServer::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url_file = folder.path().join("redis-url");
    fs::write(&url_file, server.url()).unwrap();
    let mut service = Service::start(url_file.to_str().unwrap());
    let (operations, requests) = (service.address("operations"), service.address("requests"));
    eventually("it has started", || ask(&operations, "GET /startupz").starts_with("HTTP/1.1 200"));
    assert!(ask(&requests, "POST /leads/lead-1").starts_with("HTTP/1.1 200"));
    server.stop().unwrap();
    assert_eq!(service.stop(), Some(0));
}
