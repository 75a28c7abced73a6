//! What the server counts: commands by name.
//!
//! Redis counts a command that a script calls like one that a client sends, under its own name (seen on 7.0.15: 100
//! calls of a script that calls `INCR` twice count 100 `EVALSHA` and 200 `INCR`). So a count is at least what clients
//! sent, and exact for what no script calls: `EVALSHA`, which scripts can't call, and `XREADGROUP` and `XACK` as long as
//! nothing is retried or dead-lettered.

use std::collections::HashMap;

use anyhow::{Context, Result};
use tekup_testkit::redis::RedisServer;

/// How often each command was called since the server started or the counts were reset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandCounts(HashMap<String, u64>);

impl CommandCounts {
    /// Sets all counts to 0.
    ///
    /// # Errors
    /// Those of the server.
    pub fn reset(server: &RedisServer) -> Result<()> {
        server.command(&["CONFIG", "RESETSTAT"])?;
        Ok(())
    }

    /// The counts as they are.
    ///
    /// # Errors
    /// Those of the server.
    pub fn of(server: &RedisServer) -> Result<Self> {
        let reply = server.command(&["INFO", "commandstats"])?;
        Ok(Self::parse(reply.text().context("counts that are no text")?))
    }

    fn parse(info: &str) -> Self {
        let counts = info.lines().filter_map(|line| {
            let (name, values) = line.strip_prefix("cmdstat_")?.split_once(':')?;
            let calls = values.strip_prefix("calls=")?.split(',').next()?.parse().ok()?;
            Some((name.to_owned(), calls))
        });
        Self(counts.collect())
    }

    /// How often a command was called, by its lower-case name.
    #[must_use]
    pub fn calls(&self, command: &str) -> u64 {
        self.0.get(command).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_counted_also_when_a_script_calls_it() {
        let server = RedisServer::start().unwrap();
        CommandCounts::reset(&server).unwrap();
        let script = "redis.call('INCR', KEYS[1]) return redis.call('INCR', KEYS[1])";
        server.command(&["EVAL", script, "1", "visits"]).unwrap();
        server.command(&["INCR", "visits"]).unwrap();
        let counts = CommandCounts::of(&server).unwrap();
        assert_eq!((counts.calls("eval"), counts.calls("incr"), counts.calls("xack")), (1, 3, 0));
    }
}
