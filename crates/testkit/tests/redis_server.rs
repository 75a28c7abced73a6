//! The Redis server of a test does what its documentation says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a test may fail loudly")]

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tekup_core::ErrorKind;
use tekup_testkit::redis::{Fsync, RedisServer};

const OWNER: &str = "TEKUP_TESTKIT_OWNS_A_SERVER";

fn is_alive(pid: u32) -> bool {
    let mut kill = Command::new("sh");
    kill.args(["-c", r#"kill -0 "$1""#, "kill", &pid.to_string()]);
    kill.stderr(Stdio::null()).status().unwrap().success()
}

fn within(patience: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    while !holds() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

#[test]
fn a_server_answers_as_soon_as_it_is_started_and_keeps_servers_apart() {
    let (one, other) = (RedisServer::start().unwrap(), RedisServer::start().unwrap());
    one.command(&["SET", "k", "1"]).unwrap();
    assert!(other.command(&["GET", "k"]).unwrap().is_nil());
    assert_ne!(one.url(), other.url());
}

#[test]
fn ten_servers_on_tcp_get_ten_ports() {
    let start = || std::thread::spawn(|| RedisServer::builder().tcp().start().unwrap());
    let starting: Vec<_> = (0..10).map(|_| start()).collect();
    let servers: Vec<_> = starting.into_iter().map(|thread| thread.join().unwrap()).collect();
    let urls: std::collections::BTreeSet<_> = servers.iter().map(RedisServer::url).collect();
    assert_eq!(urls.len(), 10);
    assert!(servers.iter().all(|server| server.command(&["PING"]).unwrap().text() == Some("PONG")));
}

#[test]
fn a_server_starts_with_the_flags_that_tests_rely_on() {
    let server = RedisServer::start().unwrap();
    let setting = |name: &str| server.command(&["CONFIG", "GET", name]).unwrap().items()[1].text().unwrap().to_owned();
    assert_eq!(setting("maxmemory-policy"), "noeviction");
    assert_eq!((setting("save").as_str(), setting("appendonly").as_str()), ("", "no"));
    assert!(server.command(&["DEBUG", "SLEEP", "0"]).is_ok());
}

#[test]
fn a_password_is_asked_for() {
    let server = RedisServer::builder().tcp().password("open sesame").start().unwrap();
    assert_eq!(server.command(&["PING"]).unwrap().text(), Some("PONG"));
    assert!(server.url().contains("open%20sesame"));
    let port: u16 = server.url().rsplit(':').next().unwrap().parse().unwrap();
    let mut stranger = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    std::io::Write::write_all(&mut stranger, b"PING\r\n").unwrap();
    let mut answer = String::new();
    BufReader::new(stranger).read_line(&mut answer).unwrap();
    assert!(answer.starts_with("-NOAUTH"), "{answer}");
}

#[test]
fn what_an_append_only_server_has_answered_outlives_kill_minus_nine() {
    let mut server = RedisServer::builder().append_only(Fsync::Always).start().unwrap();
    let pid = server.pid().unwrap();
    server.command(&["SET", "k", "kept"]).unwrap();
    server.kill().unwrap();
    assert!(!is_alive(pid));
    server.restart().unwrap();
    assert_eq!(server.command(&["GET", "k"]).unwrap().text(), Some("kept"));
    assert_ne!(server.pid(), Some(pid));
}

#[test]
fn a_stopped_server_has_written_its_append_only_file() {
    let mut server = RedisServer::builder().append_only(Fsync::EverySecond).start().unwrap();
    server.command(&["SET", "k", "kept"]).unwrap();
    server.stop().unwrap();
    assert_eq!(server.command(&["PING"]).unwrap_err().kind(), ErrorKind::Unavailable);
    server.restart().unwrap();
    assert_eq!(server.command(&["GET", "k"]).unwrap().text(), Some("kept"));
    assert!(server.log_tail().contains("ready to accept connections"));
}

#[test]
fn a_restarted_tcp_server_keeps_its_port() {
    let mut server = RedisServer::builder().tcp().start().unwrap();
    let url = server.url();
    server.restart().unwrap();
    assert_eq!(server.url(), url);
    assert_eq!(server.command(&["PING"]).unwrap().text(), Some("PONG"));
}

#[test]
fn a_frozen_server_answers_after_it_is_thawed_and_not_before() {
    let server = RedisServer::start().unwrap();
    server.freeze().unwrap();
    std::thread::scope(|scope| {
        let (sender, answered) = std::sync::mpsc::channel();
        let asked = &server;
        scope.spawn(move || sender.send(asked.command(&["PING"]).unwrap()).unwrap());
        assert!(answered.recv_timeout(Duration::from_millis(200)).is_err(), "a frozen server answered");
        server.thaw().unwrap();
        assert_eq!(answered.recv_timeout(Duration::from_secs(5)).unwrap().text(), Some("PONG"));
    });
}

#[test]
fn a_frozen_server_is_gone_when_it_is_dropped() {
    let server = RedisServer::start().unwrap();
    let (pid, dir) = (server.pid().unwrap(), server.dir().to_owned());
    server.freeze().unwrap();
    drop(server);
    assert!(!is_alive(pid) && !dir.exists());
}

#[test]
fn a_missing_program_is_an_error_that_says_how_to_get_it() {
    let error = RedisServer::builder().binary("no-such-redis-server").start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.to_string().contains("no-such-redis-server") && error.to_string().contains("apt-get"), "{error}");
}

#[test]
fn a_refused_setting_is_an_error_with_the_servers_words() {
    let error = RedisServer::builder().config("maxmemory", "much").start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.to_string().contains("maxmemory"), "{error}");
}

#[test]
fn a_taken_port_is_an_error_and_never_another_servers_answer() {
    let taken = RedisServer::builder().tcp().start().unwrap();
    let port = taken.url().rsplit(':').next().unwrap().to_owned();
    let error = RedisServer::builder().config("port", port).start().unwrap_err();
    assert!(error.to_string().contains("Address already in use"), "{error}");
}

#[test]
fn commandstats_can_be_asked_for() {
    let server = RedisServer::start().unwrap();
    server.command(&["SET", "k", "v"]).unwrap();
    let stats = server.command(&["INFO", "commandstats"]).unwrap();
    assert!(stats.text().unwrap().contains("cmdstat_set:calls=1,"), "{stats:?}");
}

#[test]
fn bytes_go_and_come_unchanged() {
    let server = RedisServer::start().unwrap();
    let bytes: Vec<u8> = (0..=255).chain([b'\r', b'\n']).collect();
    server.command(&[b"SET", &b"k"[..], &bytes]).unwrap();
    assert_eq!(server.command(&["GET", "k"]).unwrap(), tekup_testkit::redis::Reply::Bulk(bytes));
}

#[tokio::test]
async fn a_server_can_be_started_and_asked_in_an_async_test() {
    let server = RedisServer::start().unwrap();
    assert_eq!(server.command(&["PING"]).unwrap().text(), Some("PONG"));
}

#[test]
fn the_server_is_gone_when_its_owner_is_killed_minus_nine() {
    let (mut owner, pid, dir) = owner_in_a_process_of_its_own("the_server_is_gone_when_its_owner_is_killed_minus_nine");
    assert!(is_alive(pid) && std::path::Path::new(&dir).is_dir());
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert!(within(Duration::from_secs(5), || !is_alive(pid)), "server {pid} outlived its owner");
    assert!(within(Duration::from_secs(5), || !std::path::Path::new(&dir).exists()), "{dir} outlived its owner");
}

#[test]
fn the_server_is_gone_when_its_owner_aborts() {
    let (mut owner, pid, dir) = owner_in_a_process_of_its_own("the_server_is_gone_when_its_owner_aborts");
    drop(owner.stdin.take());
    assert!(!owner.wait().unwrap().success());
    assert!(within(Duration::from_secs(5), || !is_alive(pid)), "server {pid} outlived its owner");
    assert!(within(Duration::from_secs(5), || !std::path::Path::new(&dir).exists()), "{dir} outlived its owner");
}

/// Runs this very test again in a child, where it owns a server until its standard input ends, and then aborts.
fn owner_in_a_process_of_its_own(test: &str) -> (std::process::Child, u32, String) {
    if std::env::var_os(OWNER).is_some() {
        let server = RedisServer::start().unwrap();
        println!("\nOWNS {} {}", server.pid().unwrap(), server.dir().display());
        let _ = std::io::stdin().read(&mut [0]);
        std::process::abort();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(OWNER, "1");
    let mut owner = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let stdout = BufReader::new(owner.stdout.take().unwrap());
    let owned = stdout.lines().map_while(Result::ok).find_map(|line| {
        let (pid, dir) = line.strip_prefix("OWNS ")?.split_once(' ')?;
        Some((pid.parse().ok()?, dir.to_owned()))
    });
    let (pid, dir) = owned.expect("the owner names its server");
    (owner, pid, dir)
}
