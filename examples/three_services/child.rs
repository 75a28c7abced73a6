use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{self, ChildStdout, Command},
    time::timeout,
};

use crate::PATIENCE;

/// A service as a process; killed when dropped.
pub(crate) struct Child {
    service: &'static str,
    process: process::Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// This program once more, told which service it is.
    pub(crate) fn start(service: &'static str, url: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--redis", url, service]).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn()?;
        let said = BufReader::new(process.stdout.take().context("no standard output")?).lines();
        Ok(Self { service, process, said })
    }

    /// Waits until it says this.
    pub(crate) async fn expect(&mut self, word: &str) -> Result<()> {
        let said = timeout(PATIENCE, self.said.next_line()).await??;
        ensure!(said.as_deref() == Some(word), "{} said {said:?} instead of {word:?}", self.service);
        Ok(())
    }

    /// Lets go of it, and answers what it said until its end, which must be in order.
    pub(crate) async fn end(mut self) -> Result<Vec<String>> {
        drop(self.process.stdin.take());
        let mut said = Vec::new();
        while let Some(line) = timeout(PATIENCE, self.said.next_line()).await?? {
            said.push(line);
        }
        let status = timeout(PATIENCE, self.process.wait()).await??;
        ensure!(status.success(), "{} has ended with {status}", self.service);
        Ok(said)
    }
}
