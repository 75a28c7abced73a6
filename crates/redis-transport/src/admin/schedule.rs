//! Events that wait for their time: cancelled, counted.

use futures_util::future::try_join_all;
use redis::Value;
use tekup_core::{Error, ErrorKind, EventId, Result, TenantId, transport::Cancellation};

use super::RedisAdmin;
use crate::{error, later};

/// How often the index may be cut anew between reading that and asking.
const TRIES: usize = 8;

impl RedisAdmin {
    pub(super) async fn cancel_event(&self, tenant: &TenantId, id: EventId) -> Result<Cancellation> {
        let partition = self.namespace.partition_of(tenant);
        let keys = self.keys(partition)?;
        let mut snapshot = self.snapshot(partition).await?;
        for _ in 0..TRIES {
            let call = later::cancel(keys, &snapshot.layout, self.window, tenant, id);
            match self.connection.one(call).await? {
                Value::SimpleString(_) => snapshot = self.fresh_snapshot(partition).await?,
                Value::BulkString(answer) => {
                    return parse(&answer).ok_or_else(|| error::unexpected("a cancellation"));
                }
                _ => return Err(error::unexpected("a cancellation")),
            }
        }
        let message = format!("event {id} can't be cancelled while the index is cut anew so fast: try again");
        Err(Error::new(ErrorKind::Unavailable, message))
    }

    pub(super) async fn count_later(&self, tenant: Option<&TenantId>) -> Result<u64> {
        let Some(tenant) = tenant else {
            let all = self.namespace.partitions().iter().map(|keys| {
                let mut count = redis::cmd("ZCARD");
                count.arg(keys.later());
                self.ask::<u64>("a count of events that wait", count)
            });
            return Ok(try_join_all(all).await?.iter().sum());
        };
        let mut count = redis::cmd("HGET");
        count.arg(self.keys(self.namespace.partition_of(tenant))?.later_tenants()).arg(tenant.as_str());
        Ok(self.ask::<Option<u64>>("a count of events that wait", count).await?.unwrap_or(0))
    }
}

fn parse(answer: &[u8]) -> Option<Cancellation> {
    let all = [Cancellation::Cancelled, Cancellation::AlreadyCancelled, Cancellation::TooLate, Cancellation::Unknown];
    all.into_iter().find(|one| one.as_str().as_bytes() == answer)
}
