//! A server, the program and a service with the logins that `deploy/redis/secrets.sh` makes, started as `deploy/compose` starts them.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Mutex,
};

use serde_json::Value;
use tekup_core::Subscription;
use tekup_events_crm::LeadCreated;

use crate::{
    serving::Served,
    world::{Ran, eventually, program},
};

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name)
}

fn make_logins(folder: &Path, server: &str) -> Output {
    Command::new(deploy("redis/secrets.sh")).arg(folder).arg(server).output().unwrap()
}

/// What the Compose file says of the server.
fn composed() -> Value {
    let text = fs::read_to_string(deploy("compose/compose.yaml")).unwrap();
    let compose: Value = serde_saphyr::from_str(&text).unwrap();
    compose["services"]["redis"].clone()
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// A server as it is composed, on this machine.
struct Composed {
    child: Mutex<Child>,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Composed {
    fn drop(&mut self) {
        // It may have ended by itself.
        let child = self.child.get_mut().unwrap();
        let _ended = child.kill().and_then(|()| child.wait());
    }
}

impl Composed {
    /// Healthy; another process may be quicker to take a port that was free.
    async fn start() -> Self {
        for _ in 0..5 {
            let server = Self::spawn();
            eventually(async || server.is_healthy() || server.has_ended()).await;
            if !server.has_ended() {
                return server;
            }
        }
        panic!("it has ended five times");
    }

    fn spawn() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        let logins = folder.path().join("logins");
        let made = make_logins(&logins, &format!("127.0.0.1:{port}"));
        assert!(made.status.success(), "{made:?}");
        let here = |word: &String| match word.as_str() {
            "/etc/redis/redis.conf" => deploy("redis/redis.conf"),
            "/run/secrets/redis-users" => logins.join("users.acl"),
            "/data" => folder.path().into(),
            other => other.into(),
        };
        let command: Vec<PathBuf> = words(&composed()["command"]).iter().map(here).collect();
        let mut server = Command::new(&command[0]);
        server.args(&command[1..]).args(["--bind", "127.0.0.1", "--port", &port.to_string()]).stdout(Stdio::null());
        drop(free);
        Self { child: Mutex::new(server.spawn().unwrap()), port, folder }
    }

    fn login(&self, name: &str) -> PathBuf {
        self.folder.path().join("logins").join(name)
    }

    fn tekup(&self, args: &[&str]) -> Command {
        let mut command = program(args);
        command.env("REDIS_URL_FILE", self.login("operator-url"));
        command
    }

    fn has_ended(&self) -> bool {
        self.child.lock().unwrap().try_wait().unwrap().is_some()
    }

    /// The health check of the Compose file.
    fn is_healthy(&self) -> bool {
        let test = words(&composed()["healthcheck"]["test"]);
        let mut check = Command::new(&test[1]);
        check.args(["-p", &self.port.to_string()]).args(&test[2..]);
        check.output().unwrap().status.success()
    }

    fn client(&self, args: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_composed_is_healthy_ready_and_without_findings_with_logins_that_were_made() {
    let server = Composed::start().await;
    assert!(server.client(&["PING"]).starts_with("NOAUTH"), "nobody is let in without a name");
    let health = ["--no-auth-warning", "--user", "tekup-health", "--pass", "-"];
    assert!(server.client(&[&health[..], &["XLEN", "tekup:x"]].concat()).starts_with("NOPERM"));
    let served = Served::start(server.tekup(&["serve", "--listen", "127.0.0.1:0"]));
    // Nobody has joined the bus yet.
    served.probe("/readyz").ends_with(3);
    let url = fs::read_to_string(server.login("service-url")).unwrap();
    let bus = tekup_redis_transport::connect(url.trim(), "web").await.unwrap();
    bus.subscribe(Subscription::to::<LeadCreated>("scoring").handler(async |_, _| ())).await.unwrap();
    eventually(async || served.probe("/readyz").code == 0).await;
    let found: Ran = server.tekup(&["doctor"]).output().unwrap().into();
    assert!(found.ends_with(0).out.ends_with(": 0 errors, 0 warnings\n"));
    bus.shutdown().await.unwrap();
    served.end().ends_with(0);
}

#[test]
fn logins_are_made_once_and_each_time_others() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let read = |folder: &Path, name: &str| fs::read_to_string(folder.join(name)).unwrap();
    for folder in [&one, &two] {
        assert!(make_logins(folder, "redis:6379").status.success());
        let (users, url) = (read(folder, "users.acl"), read(folder, "service-url"));
        let password = url.split([':', '@']).nth(2).unwrap();
        assert!(password.len() == 48 && !users.contains(password) && !users.contains("change-me"), "{users}");
    }
    let before = read(&one, "service-url");
    assert_ne!(before, read(&two, "service-url"));
    let again = make_logins(&one, "redis:6379");
    assert!(!again.status.success() && String::from_utf8(again.stderr).unwrap().contains("exists"));
    assert_eq!(read(&one, "service-url"), before);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&one).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
