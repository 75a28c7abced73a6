//! How a subscription's processes handle events, as the newest of them has told.

use std::time::Duration;

use tekup_core::{RetryPolicy, transport::Policy};

use crate::units::short;

/// In a few words; a dash for what nobody has told.
pub(crate) fn in_short(policy: Option<&Policy>) -> String {
    let Some(policy) = policy else { return "-".into() };
    format!("{}, {} each, {}", attempts(&policy.retry), whole(policy.timeout), at_once(policy))
}

/// Line by line.
pub(crate) fn facts(policy: Option<&Policy>) -> [(&'static str, String); 6] {
    let tell = |fact: fn(&Policy) -> String| policy.map_or_else(|| "-".into(), fact);
    [
        ("attempts", tell(|policy| attempts(&policy.retry))),
        ("of each", tell(|policy| format!("{}, and {} crashes give it up", whole(policy.timeout), policy.crash_limit))),
        ("handlers", tell(|policy| format!("{}, with a lease of {}", at_once(policy), whole(policy.lease)))),
        ("retries wait", tell(|policy| format!("{} in a partition at most", policy.retry_limit))),
        ("dead are kept", tell(dead)),
        ("would begin", tell(|policy| policy.start_at.to_string())),
    ]
}

fn attempts(retry: &RetryPolicy) -> String {
    let (attempts, jitter) = (retry.attempts(), if retry.is_jittered() { " with jitter" } else { "" });
    let last = retry.delay_after(attempts.saturating_sub(1));
    match (retry.delay_after(1), last) {
        (None, _) | (_, None) => "1 attempt".into(),
        (Some(first), Some(last)) if first == last => {
            format!("up to {attempts} attempts, {} apart{jitter}", whole(first))
        }
        (Some(first), Some(last)) => {
            format!("up to {attempts} attempts, {} to {} apart{jitter}", whole(first), whole(last))
        }
    }
}

fn at_once(policy: &Policy) -> String {
    let batch = policy.batch.map_or_else(String::new, |most| format!(" of up to {most} events"));
    format!("{} at once{batch}", policy.concurrency)
}

fn dead(policy: &Policy) -> String {
    format!("{}, {} in a partition at most", whole(policy.dead_letter_ttl), policy.dead_letter_cap)
}

/// `30 s` instead of `30.0 s`.
fn whole(time: Duration) -> String {
    short(time).replace(".0 ", " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_policy_is_told_in_short() {
        let exact = RetryPolicy::exponential(5, 2 * SECOND).without_jitter();
        let table: [(RetryPolicy, Option<usize>, &str); 5] = [
            (exact.clone(), None, "up to 5 attempts, 2 s to 16 s apart, 30 s each, 5 at once"),
            (
                exact.cap(3 * SECOND),
                Some(50),
                "up to 5 attempts, 2 s to 3 s apart, 30 s each, 5 at once of up to 50 events",
            ),
            (RetryPolicy::default(), None, "up to 3 attempts, 1 s to 2 s apart with jitter, 30 s each, 5 at once"),
            (RetryPolicy::fixed(3, 600 * SECOND), None, "up to 3 attempts, 10 min apart, 30 s each, 5 at once"),
            (RetryPolicy::none(), None, "1 attempt, 30 s each, 5 at once"),
        ];
        for (retry, batch, told) in table {
            let mut policy = Policy::default();
            (policy.retry, policy.batch) = (retry, batch);
            assert_eq!(in_short(Some(&policy)), told);
        }
        assert_eq!(in_short(None), "-");
    }

    #[test]
    fn a_policy_is_told_line_by_line() {
        let told = facts(Some(&Policy::default())).map(|(_, fact)| fact);
        let expected = [
            "up to 3 attempts, 1 s to 2 s apart with jitter",
            "30 s, and 5 crashes give it up",
            "5 at once, with a lease of 30 s",
            "10000 in a partition at most",
            "1 d, 1000000 in a partition at most",
            "now",
        ];
        assert_eq!(told, expected);
        assert!(facts(None).iter().all(|(_, fact)| fact == "-"));
    }
}
