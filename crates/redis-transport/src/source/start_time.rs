//! Beginning at a time: before anything is read, what lies before it is counted, so that the books are exact.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use redis::{Cmd, Pipeline, Value};
use tekup_core::{Error, ErrorKind, Result};

use super::{Inner, join, lanes::Registry};
use crate::{error, scripts};

/// The most lanes that one call looks at.
const AT_ONCE: usize = 20;
/// So many calls of 1,000 entries each are more than any lane can be long.
const MOST_ROUNDS: usize = 1_000_000;

/// A lane in which it is not counted yet: where to go on, how many were counted, up to which entry, how many were added
/// until then.
#[derive(Clone)]
struct Uncounted {
    name: String,
    number: u32,
    so_far: (String, u64, String, u64),
}

impl Inner {
    /// Whether its time has come, if it begins at one; else how long that takes.
    ///
    /// The lanes are read after that: what is made later is read from its beginning anyway.
    pub(super) async fn reach_start(&self) -> Result<Option<Duration>> {
        let Some(start) = self.record().start() else { return Ok(None) };
        if self.begun.load(Relaxed) {
            return Ok(None);
        }
        if let Some(wait) = self.until(start).await? {
            return Ok(Some(wait));
        }
        let all: Vec<usize> = (0..self.partitions().len()).collect();
        let registries = join::registries(&self.shared.commands, self.partitions(), &all).await?;
        for (partition, registry) in registries.iter().enumerate() {
            if let Some(wait) = self.count_in(partition, start, registry).await? {
                return Ok(Some(wait));
            }
        }
        self.begun.store(true, Relaxed);
        Ok(None)
    }

    /// How long it is until then by the server's clock; `None` if the time has come.
    async fn until(&self, start: u64) -> Result<Option<Duration>> {
        Ok(wait_in(&self.shared.commands.one(self.begin_call(0, start, &[])).await?))
    }

    /// As `until`: the clock may have gone back.
    async fn count_in(&self, partition: usize, start: u64, registry: &Registry) -> Result<Option<Duration>> {
        let uncounted = |(name, number): &(String, u32)| Uncounted {
            name: name.clone(),
            number: *number,
            so_far: (String::new(), 0, "0-0".into(), 0),
        };
        let mut open: Vec<Uncounted> = registry.lanes.iter().map(uncounted).collect();
        for _ in 0..MOST_ROUNDS {
            if open.is_empty() {
                return Ok(None);
            }
            let mut pipeline = Pipeline::with_capacity(1);
            open.chunks(AT_ONCE).for_each(|chunk| _ = pipeline.add_command(self.begin_call(partition, start, chunk)));
            let mut left = Vec::new();
            for (chunk, answer) in open.chunks(AT_ONCE).zip(self.shared.commands.all(pipeline).await?) {
                let answer = answer?;
                if let Some(wait) = wait_in(&answer) {
                    return Ok(Some(wait));
                }
                let answers: Vec<Option<(String, u64, String, u64)>> =
                    redis::from_redis_value(answer).map_err(|_| error::unexpected("a count of what lies before"))?;
                let counted = chunk.iter().zip(answers);
                left.extend(counted.filter_map(|(lane, so_far)| Some(Uncounted { so_far: so_far?, ..lane.clone() })));
            }
            open = left;
        }
        Err(Error::new(ErrorKind::Unavailable, "what lies before the start can't be counted: try again"))
    }

    fn begin_call(&self, partition: usize, start: u64, lanes: &[Uncounted]) -> Cmd {
        let keys = &self.partitions()[partition];
        let mut call = scripts::BEGIN.call(1 + lanes.len());
        call.arg(keys.starts());
        lanes.iter().for_each(|lane| _ = call.arg(keys.lane_named(&lane.name)));
        call.arg(&self.group).arg(start);
        for Uncounted { number, so_far: (from, counted, last, added), .. } in lanes {
            call.arg(number).arg(from).arg(counted).arg(last).arg(added);
        }
        call
    }
}

/// How long it is until the time, if it has not come.
fn wait_in(answer: &Value) -> Option<Duration> {
    match answer {
        Value::Int(wait) => Some(Duration::from_millis(u64::try_from(*wait).unwrap_or(1))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tekup_core::{
        Timestamp,
        transport::{SourceSpec, StartAt, Transport},
    };

    use super::*;
    use crate::{RedisConfig, RedisTransport, testing::Server};

    /// As when the clock goes back after it was asked whether the time has come.
    #[tokio::test]
    async fn nothing_is_counted_before_the_time_and_that_is_no_error() {
        let server = Server::start().await;
        let transport = RedisTransport::connect(&RedisConfig::new(server.url()).partitions(1)).await.unwrap();
        let mut spec = SourceSpec::new("billing/ledger".parse().unwrap(), vec!["*".parse().unwrap()]);
        let start = Timestamp::now().unix_millis() + 60_000;
        spec.start_at = StartAt::At(Timestamp::from_unix_millis(start).unwrap());
        let source = transport.open(spec).await.unwrap();
        let registry = Registry { version: "1".into(), lanes: vec![("lead.created:medium".into(), 1)] };
        let wait = source.inner.count_in(0, start.unsigned_abs(), &registry).await.unwrap().unwrap();
        assert!(wait <= Duration::from_secs(60) && wait > Duration::from_secs(50), "{wait:?}");
    }
}
