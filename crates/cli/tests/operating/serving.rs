use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command},
};

use serde_json::Value;

use crate::world::{Ran, World, eventually, program};

struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn start(mut command: Command) -> Self {
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

    fn end(self) -> Ran {
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
async fn it_waits_for_a_bus_that_is_not_there_yet() {
    let mut world = World::new().await;
    let served = Served::start(world.command(&["serve", "--listen", "127.0.0.1:0", "--namespace", "shop"]));
    world.server.stop().unwrap();
    world.server.restart().unwrap();
    let config = tekup_redis_transport::RedisConfig::new(world.server.url()).namespace("shop");
    tekup_redis_transport::RedisTransport::connect(&config).await.unwrap();
    assert_eq!(served.get("/livez").0, 200);
    let ran = served.end().ends_with(0);
    assert!(ran.err.is_empty() || ran.err.starts_with("waits: "), "{}", ran.err);
}

#[test]
fn an_address_that_is_none_or_taken_is_an_error_that_names_it() {
    let ran: Ran = program(&["serve", "--listen", "nowhere"]).output().unwrap().into();
    assert!(ran.ends_with(1).err.contains("`nowhere`"));
}
