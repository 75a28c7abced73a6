//! Each trouble is made on a live server, the cure that is printed is run as it is printed, and the next look is clean.

mod memory;
mod reach;
mod server;
mod subscriptions;

use std::{path::Path, process::Command};

use tekup_testkit::redis::{Fsync, RedisServer, RedisServerBuilder};

use crate::world::{Ran, World};

/// A server with which nothing is wrong.
fn sound() -> RedisServerBuilder {
    RedisServer::builder().append_only(Fsync::EverySecond).config("maxmemory", "256mb")
}

async fn world(builder: RedisServerBuilder) -> World {
    let server = builder.start().unwrap();
    let bus = tekup_redis_transport::connect(server.url(), "crm").await.unwrap();
    World { server, bus }
}

impl World {
    fn doctor(&self, thresholds: &[&str]) -> Ran {
        self.run(&[&["doctor"], thresholds].concat())
    }

    /// What is wrong, by name.
    #[track_caller]
    fn finds(&self, thresholds: &[&str], codes: &[&str]) -> Ran {
        let ran = self.doctor(thresholds).ends_with(3);
        let found = ran.out.lines().filter(|line| line.starts_with("error: ") || line.starts_with("warning: "));
        let found: Vec<&str> = found.map(|line| line.split(": ").nth(1).unwrap()).collect();
        assert_eq!(found, codes, "{}", ran.out);
        ran
    }

    #[track_caller]
    fn is_clean(&self, thresholds: &[&str]) {
        let ran = self.doctor(thresholds).ends_with(0);
        assert!(ran.out.ends_with(": 0 errors, 0 warnings\n") && ran.out.lines().count() == 1, "{}", ran.out);
    }

    /// Runs all commands that were printed, as a shell does.
    #[track_caller]
    fn cure(&self, told: &Ran) {
        let commands: Vec<&str> = told
            .out
            .lines()
            .filter_map(|line| line.strip_prefix("    run: ").or_else(|| line.strip_prefix("    if that is meant: ")))
            .collect();
        assert!(!commands.is_empty(), "{}", told.out);
        let beside = Path::new(env!("CARGO_BIN_EXE_tekup")).parent().unwrap().to_str().unwrap();
        let path = format!("{beside}:{}", std::env::var("PATH").unwrap());
        for command in commands {
            let mut shell = Command::new("sh");
            shell.args(["-c", command]).env("PATH", &path).env("REDIS_URL", self.server.url());
            let ran = shell.output().unwrap();
            assert!(ran.status.success(), "{command}: {ran:?}");
        }
    }
}
