use std::{
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use crate::orders::{Orders, VARIABLE};

/// A worker's process; killed when dropped.
pub(crate) struct Worker {
    child: Child,
    orders: Orders,
}

impl Worker {
    pub(crate) fn start(orders: Orders) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "worker::a_worker_that_is_asked_to_stop_leaves_in_order", "--nocapture"]);
        command.env(VARIABLE, serde_json::to_string(&orders).unwrap());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child: command.spawn().unwrap(), orders }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.orders.dir.join(format!("{}.ready", self.orders.name)).exists()
    }

    /// Kills it (signal 9), and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by name to this process and no other.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let kill = ["-c", r#"kill -"$1" "$2""#, "kill", name, &pid];
        assert!(Command::new("sh").args(kill).status().unwrap().success());
    }

    /// What waits at the worker's gate goes on.
    pub(crate) fn open_gate(&self) {
        std::fs::File::create(self.orders.gate()).unwrap();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut tick = tokio::time::interval(Duration::from_millis(2));
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "worker {} does not end", self.orders.name);
            tick.tick().await;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // One that has ended can't be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
