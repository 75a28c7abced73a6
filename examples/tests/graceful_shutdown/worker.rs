use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

use crate::journal::Journal;

/// A worker of the example; killed when dropped.
pub(crate) struct Worker {
    child: Child,
    listeners: Vec<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn start(name: &'static str, url: &str, journal: &Journal) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_graceful_shutdown"));
        command.args(["--redis", url]).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let said = tokio::spawn(listen(child.stdout.take().unwrap(), name, journal.clone()));
        let logged = tokio::spawn(listen(child.stderr.take().unwrap(), name, journal.clone()));
        Self { child, listeners: vec![said, logged] }
    }

    /// Sends a signal by name to this process and no other.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        let kill = ["-c", r#"kill -"$1" "$2""#, "kill", name, &pid];
        assert!(std::process::Command::new("sh").args(kill).status().unwrap().success());
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it has ended by itself, and all that it said is noted; its exit code, unless a signal has killed it.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(std::time::Duration::from_secs(30), self.child.wait());
        let status = ended.await.unwrap().unwrap();
        for listener in self.listeners.drain(..) {
            listener.await.unwrap();
        }
        status.code()
    }
}

async fn listen(from: impl AsyncRead + Unpin, name: &'static str, journal: Journal) {
    let mut lines = BufReader::new(from).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        journal.note(name, line);
    }
}
