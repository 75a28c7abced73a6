//! Removing a subscription for good.
//!
//! The first partition says that a removal has begun, and refuses whoever would begin to read meanwhile; the others
//! follow, and the first one is the last to be cleared. So a removal whose process died is found, and finished by the
//! next one, or by whoever subscribes anew. Each partition notes when the removal began: a replica that had begun to
//! read before can't bring the subscription back.

use std::time::Duration;

use redis::Value;
use tekup_core::{Error, ErrorKind, Result, SubscriptionId, TenantId, transport::Books};
use tokio::time::Instant;

use super::RedisAdmin;
use crate::{error, keys::PartitionKeys, scripts, scripts::LaneLimits};

/// How long whoever removes counts as alive, from one partition to the next.
const LEASE_MS: u64 = 10_000;
/// How long to wait for a sign of life of replicas that count as dead: longer than from one to the next, for the clock may
/// have been set forward.
const SILENCE: Duration = Duration::from_secs(7);
/// The most lanes that one call looks at.
const LANES_AT_ONCE: usize = 20;
/// How often to ask whether another still trims. It does for a second; but where it does so all the time, enough is enough.
const MOST_ASKED: usize = 100;
/// How long from one question to the next.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// The most tenants whose latencies one call deletes.
const TENANTS_AT_ONCE: usize = 100;

impl RedisAdmin {
    pub(super) async fn remove_for_good(&self, subscription: &SubscriptionId) -> Result<Books> {
        self.must_exist(subscription).await?;
        self.expect_no_job(subscription).await?;
        let began = self.begin_removal(subscription, None).await?;
        let books = self.sum_books(&self.registered(subscription).await?).await?;
        self.remove_everywhere(subscription, began).await?;
        Ok(books)
    }

    /// Finishes what another process has begun, and did not live to finish.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if somebody else does so.
    pub(crate) async fn finish_removal(&self, subscription: &SubscriptionId) -> Result<()> {
        let began = self.begin_removal(subscription, None).await?;
        self.remove_everywhere(subscription, began).await
    }

    async fn expect_no_job(&self, subscription: &SubscriptionId) -> Result<()> {
        let mut pipeline = redis::pipe();
        for keys in self.namespace.partitions() {
            let mut call = scripts::LETTERS_HELD.call(1);
            call.arg(keys.letter_holds(subscription));
            pipeline.add_command(call);
        }
        let held: Vec<u64> = self.ask_all("who holds dead letters", pipeline).await?;
        match held.into_iter().max() {
            Some(left) if left > 0 => Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "subscription `{subscription}` can't be removed while a job works on its dead letters: wait for it, \
                     or stop it; if its process has died, they are free again in {:.1?}",
                    Duration::from_millis(left)
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Begins, or goes on with the one that `began` then; answers when it began.
    pub(super) async fn begin_removal(&self, subscription: &SubscriptionId, began: Option<u64>) -> Result<u64> {
        let deadline = Instant::now() + SILENCE;
        let mut says = "asks";
        loop {
            if let Some(began) = self.ask_to_begin(subscription, began, says).await? {
                return Ok(began);
            }
            tokio::time::sleep(ASK_EVERY).await;
            says = if Instant::now() < deadline { "waits" } else { "waited" };
        }
    }

    /// `None` if it is to wait for replicas that do not answer.
    async fn ask_to_begin(&self, subscription: &SubscriptionId, began: Option<u64>, says: &str) -> Result<Option<u64>> {
        let keys = self.keys(0)?;
        let mut call = scripts::BEGIN_REMOVAL.call(5);
        call.arg(keys.replicas(subscription)).arg(keys.removing(subscription)).arg(keys.removed()).arg(keys.bell());
        call.arg(keys.removals());
        call.arg(subscription.to_string()).arg(LEASE_MS).arg(began.map_or_else(String::new, |began| began.to_string()));
        call.arg(says);
        let answer: Vec<Value> = self.ask("a removal", call).await?;
        let word = |at: usize| answer.get(at).and_then(|value| redis::from_redis_value::<String>(value.clone()).ok());
        let number = |at: usize| word(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
        match word(0).as_deref() {
            Some("begun") => Ok(Some(number(1))),
            Some("silent") => Ok(None),
            Some("alive") => Err(is_read(subscription, number(1), number(2))),
            Some("busy" | "lost") => Err(is_being_removed(subscription, number(1))),
            _ => Err(error::unexpected("a removal")),
        }
    }

    async fn remove_everywhere(&self, subscription: &SubscriptionId, began: u64) -> Result<()> {
        for partition in (0..self.namespace.partitions().len()).rev() {
            self.begin_removal(subscription, Some(began)).await?;
            self.remove_from(partition, subscription, began).await?;
        }
        tracing::info!(%subscription, "the subscription was removed for good");
        Ok(())
    }

    pub(super) async fn remove_from(&self, partition: usize, subscription: &SubscriptionId, began: u64) -> Result<()> {
        let keys = self.keys(partition)?;
        self.remove_part(keys, subscription, began, &[], &[]).await?;
        // From here on no lane that is made gets a group of it.
        let snapshot = self.fresh_snapshot(partition).await?;
        let lanes: Vec<(u32, &str)> = snapshot.lanes.iter().map(|(number, name)| (*number, name.as_str())).collect();
        for lanes in lanes.chunks(LANES_AT_ONCE) {
            self.begin_removal(subscription, Some(began)).await?;
            self.remove_part(keys, subscription, began, lanes, &[]).await?;
            self.trim_after(keys, subscription, began, lanes).await?;
        }
        let tenants = self.tenants_apart(keys, subscription).await?;
        for tenants in tenants.chunks(TENANTS_AT_ONCE) {
            let gone: Vec<String> = tenants.iter().map(|it| keys.latencies(subscription, Some(it))).collect();
            self.remove_part(keys, subscription, began, &[], &gone).await?;
        }
        self.remove_part(keys, subscription, began, &[], &all_keys(keys, subscription)).await
    }

    async fn remove_part(
        &self,
        keys: &PartitionKeys,
        subscription: &SubscriptionId,
        began: u64,
        lanes: &[(u32, &str)],
        gone: &[String],
    ) -> Result<()> {
        let is_first = self.keys(0)?.removed() == keys.removed();
        let mut call = scripts::REMOVE.call(6 + lanes.len() + gone.len());
        call.arg(keys.removed()).arg(keys.subscriptions()).arg(keys.starts()).arg(keys.bell());
        call.arg(keys.removing(subscription)).arg(keys.removals());
        lanes.iter().for_each(|(_, name)| _ = call.arg(keys.lane_named(name)));
        call.arg(gone).arg(subscription.to_string()).arg(began).arg(u8::from(is_first)).arg(lanes.len());
        lanes.iter().for_each(|(number, _)| _ = call.arg(number));
        match self.ask::<Value>("a removal", call).await? {
            Value::SimpleString(_) => Err(is_being_removed(subscription, 0)),
            _ => Ok(()),
        }
    }

    /// What nobody else takes is trimmed by nobody else: here it is, for as long as that makes lanes shorter.
    async fn trim_after(
        &self,
        keys: &PartitionKeys,
        subscription: &SubscriptionId,
        began: u64,
        lanes: &[(u32, &str)],
    ) -> Result<()> {
        let names: Vec<&str> = lanes.iter().map(|(_, name)| *name).collect();
        // Only what is settled.
        let limits = LaneLimits { length: 0, ..self.limits };
        let (mut before, mut asked) = (u64::MAX, 0);
        while asked < MOST_ASKED {
            self.begin_removal(subscription, Some(began)).await?;
            let trimmed = scripts::trim(keys, "~removal", limits, &names);
            let Value::Array(removed) = self.ask::<Value>("a trim", trimmed).await? else {
                asked += 1;
                tokio::time::sleep(ASK_EVERY).await;
                continue;
            };
            let length = self.length_of(keys, &names).await?;
            if length >= before || !removed.contains(&Value::Int(-1)) {
                break;
            }
            before = length;
        }
        Ok(())
    }

    async fn length_of(&self, keys: &PartitionKeys, lanes: &[&str]) -> Result<u64> {
        let mut calls = redis::pipe();
        lanes.iter().for_each(|name| _ = calls.cmd("XLEN").arg(keys.lane_named(name)));
        let lengths: Vec<u64> = self.ask_all("lengths of lanes", calls).await?;
        Ok(lengths.into_iter().sum())
    }

    /// The tenants whose latencies are counted apart.
    async fn tenants_apart(&self, keys: &PartitionKeys, subscription: &SubscriptionId) -> Result<Vec<TenantId>> {
        let (mut cursor, mut tenants) = (0_u64, Vec::new());
        loop {
            let mut scan = redis::cmd("SSCAN");
            scan.arg(keys.latency_tenants(subscription)).arg(cursor).arg("COUNT").arg(TENANTS_AT_ONCE);
            let page: Vec<String>;
            (cursor, page) = self.ask("the tenants that are counted apart", scan).await?;
            tenants.extend(page.iter().filter_map(|tenant| tenant.parse::<TenantId>().ok()));
            if cursor == 0 {
                return Ok(tenants);
            }
        }
    }
}

/// All that a subscription has in a partition, besides its registration, its groups and the latencies of tenants. In the
/// first partition it ends the removal.
fn all_keys(keys: &PartitionKeys, id: &SubscriptionId) -> [String; 16] {
    [
        keys.due(id),
        keys.waiting(id),
        keys.retry(id),
        keys.exceptions(id),
        keys.dead(id),
        keys.letters(id),
        keys.gone(id),
        keys.letter_holds(id),
        keys.finished(id),
        keys.books(id),
        keys.sweep(id),
        keys.state(id),
        keys.latencies(id, None),
        keys.latency_tenants(id),
        keys.replicas(id),
        keys.removing(id),
    ]
}

fn is_read(subscription: &SubscriptionId, alive: u64, left_ms: u64) -> Error {
    let wait = format!("wait {} s; then remove it again", left_ms.div_ceil(1_000));
    let message = match alive {
        1 => format!(
            "subscription `{subscription}` can't be removed while 1 replica of it is alive: stop it, or if it died, {wait}"
        ),
        _ => format!(
            "subscription `{subscription}` can't be removed while {alive} replicas of it are alive: stop them, or if they \
             died, {wait}"
        ),
    };
    Error::new(ErrorKind::Conflict, message)
}

fn is_being_removed(subscription: &SubscriptionId, left_ms: u64) -> Error {
    let message = format!(
        "another process removes subscription `{subscription}`: look again when it has; if it died, remove it again in {} s",
        left_ms.div_ceil(1_000).max(1)
    );
    Error::new(ErrorKind::Conflict, message)
}
