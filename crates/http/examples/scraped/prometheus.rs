//! A Prometheus of its own, and what it answers.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::{
    common::{Failure, get},
    dashboard::Question,
};

/// How long it may take to be ready, and in all to have answers.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked meanwhile.
const AGAIN: Duration = Duration::from_millis(250);

pub(crate) struct Prometheus {
    // Fields are dropped in this order: the process before its directory.
    process: Running,
    address: SocketAddr,
    deadline: Instant,
    _dir: TempDir,
}

/// A process that ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

impl Prometheus {
    /// Starts one that scrapes these every second and evaluates these rules; waits until it is ready.
    pub(crate) async fn start(program: &str, alerts: &Path, targets: &[SocketAddr]) -> Result<Self, Failure> {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join("prometheus.yml"), config(&std::fs::canonicalize(alerts)?, targets))?;
        // Free now, and mostly still free in a moment.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new(program);
        command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=warn"]);
        command.arg(format!("--web.listen-address={address}")).current_dir(dir.path()).stdout(Stdio::null());
        let process = command.spawn().map_err(|cause| format!("{program} can't be started: {cause}"))?;
        let mut prometheus =
            Self { process: Running(process), address, deadline: Instant::now() + PATIENCE, _dir: dir };
        prometheus.until_ready().await?;
        Ok(prometheus)
    }

    async fn until_ready(&mut self) -> Result<(), Failure> {
        while let Err(error) = get(self.address, "/-/ready").await {
            if let Some(status) = self.process.0.try_wait()? {
                return Err(format!("Prometheus ended with {status}").into());
            }
            if Instant::now() > self.deadline {
                return Err(format!("Prometheus is not ready: {error}").into());
            }
            tokio::time::sleep(AGAIN).await;
        }
        Ok(())
    }

    /// Asks until there are so many answers, or it takes too long; answers how many there are.
    pub(crate) async fn until(&self, question: &Question, answers: usize) -> Result<usize, Failure> {
        loop {
            let found = self.ask(question).await?;
            if found >= answers || Instant::now() > self.deadline {
                return Ok(found);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// How many series answer a question by a number; how many values a label has.
    async fn ask(&self, question: &Question) -> Result<usize, Failure> {
        match question {
            Question::Query(query) => {
                let data = self.data(&format!("/api/v1/query?query={}", encoded(query))).await?;
                Ok(items(&data["result"]).filter(|series| is_number(series)).count())
            }
            Question::Values { metric, label } => {
                let data = self.data(&format!("/api/v1/label/{label}/values?match[]={}", encoded(metric))).await?;
                Ok(items(&data).count())
            }
        }
    }

    /// Waits until all alerts of a file were evaluated without an error; answers how many there are.
    pub(crate) async fn alerts(&self, file: &Path) -> Result<usize, Failure> {
        let written = std::fs::read_to_string(file)?.matches("- alert:").count();
        loop {
            let data = self.data("/api/v1/rules?type=alert").await?;
            let rules: Vec<&Value> = items(&data["groups"]).flat_map(|group| items(&group["rules"])).collect();
            let is_well =
                |rule: &&&Value| rule["health"] == "ok" && rule["lastError"].as_str().is_none_or(str::is_empty);
            if written > 0 && rules.iter().filter(is_well).count() == written {
                return Ok(written);
            }
            if Instant::now() > self.deadline {
                return Err(format!("of {written} alerts these are known: {rules:?}").into());
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn data(&self, path: &str) -> Result<Value, Failure> {
        let mut answer: Value = serde_json::from_str(&get(self.address, path).await?)?;
        Ok(answer["data"].take())
    }
}

fn config(alerts: &Path, targets: &[SocketAddr]) -> String {
    let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
    // A JSON text is one of YAML too.
    serde_json::json!({
        "global": { "scrape_interval": "1s", "evaluation_interval": "1s" },
        "rule_files": [alerts],
        "scrape_configs": [{ "job_name": "tekup", "static_configs": [{ "targets": targets }] }],
    })
    .to_string()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// `NaN` is what is told of a quotient or a quantile of nothing.
fn is_number(series: &Value) -> bool {
    let value = series["value"][1].as_str().and_then(|value| value.parse::<f64>().ok());
    value.is_some_and(f64::is_finite)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_finite_number_is_an_answer() {
        let series = |value: &str| serde_json::json!({ "metric": {}, "value": [1.0, value] });
        assert!(is_number(&series("0")) && is_number(&series("0.25")));
        assert!(!["NaN", "+Inf", "-Inf", ""].iter().any(|value| is_number(&series(value))));
    }
}
