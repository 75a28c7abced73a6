//! How a subscription's state is written in Redis.

use std::time::Duration;

use tekup_core::{
    RateLimit, Result, SubscriptionId, Timestamp,
    transport::{Policy, SubscriptionState},
};

use crate::error;

/// `<events>/<microseconds>/<burst>`, or nothing.
pub(crate) fn limit_text(limit: Option<RateLimit>) -> String {
    let text = |limit: RateLimit| format!("{}/{}/{}", limit.events(), limit.period().as_micros(), limit.burst());
    limit.map(text).unwrap_or_default()
}

/// From since when it is paused, in milliseconds, and its limit: both may be empty.
pub(crate) fn read(paused: &str, limit: &str) -> Result<SubscriptionState> {
    let unreadable = || error::unexpected("a subscription's state");
    let state =
        SubscriptionState::new(since(paused).ok_or_else(unreadable)?, read_limit(limit).ok_or_else(unreadable)?);
    Ok(state)
}

/// The inner one is `None` for nothing, the outer one for what can't be read.
fn since(millis: &str) -> Option<Option<Timestamp>> {
    if millis.is_empty() {
        return Some(None);
    }
    Timestamp::from_unix_millis(millis.parse().ok()?).ok().map(Some)
}

/// As [`read`], a limit alone.
pub(crate) fn read_declared(limit: &str) -> Result<Option<RateLimit>> {
    read_limit(limit).ok_or_else(|| error::unexpected("a subscription's state"))
}

/// As [`since`].
fn read_limit(text: &str) -> Option<Option<RateLimit>> {
    if text.is_empty() {
        return Some(None);
    }
    let (events, rest) = text.split_once('/')?;
    let (micros, _) = rest.split_once('/')?;
    let limit = RateLimit::new(events.parse().ok()?, Duration::from_micros(micros.parse().ok()?));
    limit.check().ok().map(|()| Some(limit))
}

/// Some numbers and words: a few hundred bytes.
pub(crate) fn policy_text(policy: &Policy) -> String {
    serde_json::to_string(policy).unwrap_or_default()
}

/// What was told of a policy, and by which revision. What a newer deploy has not told is not known, though an older one
/// has; and what can't be read is no reason to hide all else.
pub(crate) fn read_policy(subscription: &SubscriptionId, text: &str, told: &str, revision: u64) -> Option<Policy> {
    if text.is_empty() || told.parse().map_or(true, |told: u64| told < revision) {
        return None;
    }
    let read = serde_json::from_str(text);
    if let Err(error) = &read {
        tracing::warn!(%subscription, %error, "what is stored of the policy can't be read; it is left out");
    }
    read.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_as_it_was_written() {
        let limits = [None, Some(RateLimit::per_second(100)), Some(RateLimit::new(3, Duration::from_micros(100_500)))];
        assert_eq!(limits.map(limit_text), ["", "100/1000000/10", "3/100500/1"]);
        for limit in limits {
            let state = read("1757844930123", &limit_text(limit)).unwrap();
            assert_eq!((state.paused.map(Timestamp::unix_millis), state.rate_limit), (Some(1_757_844_930_123), limit));
            assert!(!read("", &limit_text(limit)).unwrap().is_paused());
        }
    }

    #[test]
    fn a_policy_is_known_if_it_can_be_read_and_no_newer_revision_was_silent() {
        let ledger = "billing/ledger".parse().unwrap();
        let mut policy = Policy::default();
        policy.concurrency = 16;
        let text = policy_text(&policy);
        let newer = text.replacen('{', r#"{"colour":"red","#, 1);
        let table = [
            (text.as_str(), "0", 0, true),
            (&newer, "7", 7, true),
            (&text, "8", 7, true),
            (&text, "6", 7, false),
            (&text, "", 0, false),
            (&text, "x", 0, false),
            ("", "7", 7, false),
            ("{}", "7", 7, false),
            ("16 at once", "7", 7, false),
            ("\u{0}", "7", 7, false),
        ];
        for (text, told, revision, is_known) in table {
            let expected = is_known.then(|| policy.clone());
            assert_eq!(read_policy(&ledger, text, told, revision), expected, "{text} of {told}");
        }
    }

    #[test]
    fn a_state_that_was_damaged_is_an_error() {
        for (paused, limit) in [("soon", ""), ("", "1"), ("", "1/1"), ("", "0/1000000/1"), ("", "x/1000000/1")] {
            assert!(read(paused, limit).is_err(), "{paused} {limit}");
        }
    }
}
