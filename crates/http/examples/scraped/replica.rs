//! A process of the service: this program again, with other words.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use crate::common::Failure;

pub(crate) struct Replica {
    process: Child,
    address: SocketAddr,
}

impl Replica {
    /// Starts it, and waits until it serves.
    pub(crate) fn start(url: &str) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = command.args(["service", url]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        Ok(Self { address: line.trim().parse()?, process })
    }

    /// Where its metrics are.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn signal(&self, name: &str) -> Result<(), Failure> {
        // The shell's own, for not every system has a program of that name.
        let mut kill = Command::new("sh");
        let status = kill.args(["-c", r#"kill -"$1" "$2""#, "kill", name, &self.process.id().to_string()]).status()?;
        if status.success() { Ok(()) } else { Err(format!("{name} did not reach the service").into()) }
    }

    /// Lets it shut its bus down.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        drop(self.process.stdin.take());
        let status = self.process.wait()?;
        if status.success() { Ok(()) } else { Err(format!("the service ended with {status}").into()) }
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}
