//! A subscription's state: one hash in the first partition, so that whatever changes it does so for all at once.

use redis::Cmd;
use tekup_core::{RateLimit, Result, SubscriptionId, transport::SubscriptionState};

use super::RedisAdmin;
use crate::{scripts, scripts::Script, state};

/// What the scripts answer for a subscription that was never opened.
const UNKNOWN: i64 = -1;

impl RedisAdmin {
    pub(super) async fn pause_or_resume(&self, subscription: &SubscriptionId, paused: bool) -> Result<bool> {
        let mut call = self.state_call(&scripts::PAUSE, subscription)?;
        call.arg(u8::from(paused));
        self.change_state(subscription, call).await
    }

    pub(super) async fn limit_rate(&self, subscription: &SubscriptionId, limit: Option<RateLimit>) -> Result<bool> {
        limit.map_or(Ok(()), |limit| limit.check())?;
        let mut call = self.state_call(&scripts::LIMIT, subscription)?;
        call.arg(state::limit_text(limit));
        self.change_state(subscription, call).await
    }

    pub(super) async fn read_state(&self, subscription: &SubscriptionId) -> Result<SubscriptionState> {
        self.must_exist(subscription).await?;
        let mut call = redis::cmd("HMGET");
        call.arg(self.keys(0)?.state(subscription)).arg("paused").arg("limit");
        let (paused, limit): (Option<String>, Option<String>) = self.ask("a subscription's state", call).await?;
        state::read(&paused.unwrap_or_default(), &limit.unwrap_or_default())
    }

    fn state_call(&self, script: &Script, subscription: &SubscriptionId) -> Result<Cmd> {
        let keys = self.keys(0)?;
        let mut call = script.call(3);
        call.arg(keys.state(subscription)).arg(keys.subscriptions()).arg(keys.bell()).arg(subscription.to_string());
        Ok(call)
    }

    /// Answers whether it changed.
    async fn change_state(&self, subscription: &SubscriptionId, call: Cmd) -> Result<bool> {
        match self.ask::<i64>("a change of a subscription's state", call).await? {
            UNKNOWN => Err(self.fresh_snapshot(0).await?.not_found(subscription)),
            changed => Ok(changed == 1),
        }
    }
}
