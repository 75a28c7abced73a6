use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use serde_json::Value;
use tekup_redis_transport::{RedisConfig, RedisTransport};

use crate::world::{Ran, World, eventually, program};

pub(crate) struct Served {
    child: Child,
    address: String,
}

impl Served {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    /// The code, and the body.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let code = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (code, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    pub(crate) fn probe(&self, path: &str) -> Ran {
        program(&["probe", &format!("http://{}{path}", self.address)]).output().unwrap().into()
    }

    pub(crate) fn end(self) -> Ran {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        self.child.wait_with_output().unwrap().into()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_and_metrics_of_the_whole_bus_are_served_until_it_is_asked_to_stop() {
    let world = World::new().await;
    world.subscribe_failing("import").await;
    world.publish("acme", "broken").await;
    world.until_dead("crm/import", 1).await;
    let args = ["serve", "--listen", "127.0.0.1:0", "--every", "200ms", "--tenant", "acme"];
    let served = Served::start(world.command(&args));
    for path in ["/livez", "/readyz", "/startupz"] {
        eventually(async || served.get(path).0 == 200).await;
    }
    let (_, health) = served.get("/health");
    assert!(serde_json::from_str::<Value>(&health).unwrap()["level"].is_string(), "{health}");
    let (code, metrics) = served.get("/metrics");
    assert_eq!(code, 200);
    let dead =
        metrics.lines().find(|line| line.contains("crm/import") && line.contains("dead") && line.ends_with(" 1"));
    assert!(dead.is_some(), "{metrics}");
    served.end().ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn until_the_bus_is_there_it_is_alive_but_unready_and_tells_why() {
    let mut world = World::new().await;
    world.server.stop().unwrap();
    let served = Served::start(world.command(&["serve", "--listen", "127.0.0.1:0", "--namespace", "shop"]));
    let tells = async |why: &str| eventually(async || served.get("/readyz?verbose").1.contains(why)).await;
    tells("can't be reached").await;
    for (path, code) in [("/livez", 200), ("/startupz", 503), ("/readyz", 503), ("/health", 503)] {
        assert_eq!(served.get(path).0, code, "{path}");
    }
    let (_, metrics) = served.get("/metrics");
    assert!(metrics.contains("\ntekup_store_up 0\n") && metrics.contains("\ntekup_ready 0\n"), "{metrics}");
    let unready = served.probe("/readyz?verbose").ends_with(3);
    assert!(unready.out.starts_with("503 {") && unready.out.contains("not_joined"), "{}", unready.out);
    // There is a server then, and no bus on it that anybody has joined.
    world.server.restart().unwrap();
    tells("`shop`").await;
    let config = RedisConfig::new(world.server.url()).namespace("shop");
    RedisTransport::connect(&config).await.unwrap();
    for path in ["/livez", "/startupz", "/readyz", "/health"] {
        eventually(async || served.get(path).0 == 200).await;
    }
    eventually(async || served.get("/metrics").1.contains("\ntekup_store_up 1\n")).await;
    assert_eq!(served.probe("/readyz").ends_with(0).out, "200 {\"status\":\"ready\"}\n");
    let ran = served.end().ends_with(0);
    assert!(ran.err.starts_with("waits: ") && ran.err.lines().count() == 2, "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_stop_it_ends_with_0_though_it_still_waits() {
    let mut world = World::new().await;
    world.server.stop().unwrap();
    let served = Served::start(world.command(&["serve", "--listen", "127.0.0.1:0"]));
    assert_eq!(served.get("/livez").0, 200);
    served.end().ends_with(0);
}

#[test]
fn a_probe_that_nobody_answers_in_time_ends_with_1() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/livez", silent.local_addr().unwrap());
    let ran: Ran = program(&["probe", &url, "--timeout", "100ms"]).output().unwrap().into();
    assert!(ran.ends_with(1).err.contains("no answer within 100ms"));
    drop(silent);
    let ran: Ran = program(&["probe", &url]).output().unwrap().into();
    assert!(ran.ends_with(1).err.contains(&url));
    let ran: Ran = program(&["probe", "https://localhost"]).output().unwrap().into();
    assert!(ran.ends_with(1).err.contains("plain HTTP"));
}

#[test]
fn an_address_that_is_none_or_taken_is_an_error_that_names_it() {
    let ran: Ran = program(&["serve", "--listen", "nowhere"]).output().unwrap().into();
    assert!(ran.ends_with(1).err.contains("`nowhere`"));
}
