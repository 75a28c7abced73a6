//! Time on the clock, and on the processors.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tekup_testkit::redis::RedisServer;

/// What something took.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// On the clock.
    pub wall: Duration,
    /// On the processors, by this process.
    pub client: Duration,
    /// On the processors, by the server.
    pub server: Duration,
}

/// Measures from its start.
#[derive(Debug)]
pub struct Stopwatch {
    wall: Instant,
    client: Duration,
    server: Duration,
    server_pid: u32,
}

impl Stopwatch {
    /// Starts.
    ///
    /// # Errors
    /// If the server is gone, or the machine has no `/proc`.
    pub fn start(server: &RedisServer) -> Result<Self> {
        let server_pid = server.pid().context("the server is gone")?;
        let (client, server) = (processor_time(std::process::id())?, processor_time(server_pid)?);
        Ok(Self { wall: Instant::now(), client, server, server_pid })
    }

    /// What it took until now.
    ///
    /// # Errors
    /// As [`Stopwatch::start`].
    pub fn stop(&self) -> Result<Taken> {
        let wall = self.wall.elapsed();
        let client = processor_time(std::process::id())? - self.client;
        let server = processor_time(self.server_pid)? - self.server;
        Ok(Taken { wall, client, server })
    }
}

/// The time that all threads of a process have run: the first number of each `schedstat`, in nanoseconds.
fn processor_time(pid: u32) -> Result<Duration> {
    let mut nanos = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task")).context("the processor time of a process")? {
        // A thread may end while we look.
        let Ok(stat) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        nanos += stat.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or_default();
    }
    Ok(Duration::from_nanos(nanos))
}

/// The middle one; of an even number, the mean of the two in the middle; 0 of none.
#[must_use]
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match (values.get(half), values.get(half.wrapping_sub(1))) {
        (Some(upper), Some(lower)) if values.len().is_multiple_of(2) => (upper + lower) / 2.0,
        (Some(middle), _) => *middle,
        (None, _) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median([]), 0.0);
        assert_eq!(median([3.0]), 3.0);
        assert_eq!(median([9.0, 1.0, 3.0]), 3.0);
        assert_eq!(median([9.0, 1.0, 3.0, 5.0]), 4.0);
    }

    #[test]
    fn work_takes_processor_time() {
        let server = RedisServer::start().unwrap();
        let watch = Stopwatch::start(&server).unwrap();
        let mut sum = 0_u64;
        while watch.wall.elapsed() < Duration::from_millis(20) {
            sum = std::hint::black_box(sum + 1);
        }
        let taken = watch.stop().unwrap();
        assert!(taken.wall >= Duration::from_millis(20));
        assert!(taken.client > Duration::ZERO);
    }
}
