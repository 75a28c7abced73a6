use std::collections::BTreeMap;

use anyhow::{Result, bail};
use tekup_events_support::SupportPriority;
use tokio::sync::Mutex;

/// What is known of a customer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Customer {
    /// In whole units of the tenant's currency.
    pub(crate) lifetime_value: f64,
    /// Sessions of the last 30 days.
    pub(crate) recent_issues: u32,
    /// How many attempts the directory lets fail before it answers.
    busy: u32,
}

/// Where those who answer look: who the customers are, and which sessions come first.
pub(crate) struct Desk {
    customers: BTreeMap<&'static str, Customer>,
    decisions: Mutex<BTreeMap<String, Decision>>,
}

#[derive(Default)]
struct Decision {
    agent: Option<&'static str>,
    priority: Option<(SupportPriority, &'static str)>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let customers = [
            ("anna", Customer { lifetime_value: 250_000.0, recent_issues: 3, busy: 0 }),
            ("ben", Customer { lifetime_value: 100_000.0, recent_issues: 5, busy: 1 }),
            ("cleo", Customer { lifetime_value: 100_000.5, recent_issues: 2, busy: 2 }),
        ];
        Self { customers: customers.into(), decisions: Mutex::default() }
    }

    /// `None` if there is no such customer.
    pub(crate) fn customer(&self, contact: &str, attempt: u32) -> Result<Option<Customer>> {
        match self.customers.get(contact) {
            Some(customer) if attempt <= customer.busy => bail!("the directory is busy"),
            found => Ok(found.copied()),
        }
    }

    pub(crate) async fn escalate(&self, session: &str, why: &'static str) {
        self.decisions.lock().await.entry(session.to_owned()).or_default().agent = Some(why);
    }

    /// One step above the priority that the session came with.
    pub(crate) async fn raise(&self, session: &str, from: SupportPriority, why: &'static str) {
        let decision = (raised(from), why);
        self.decisions.lock().await.entry(session.to_owned()).or_default().priority = Some(decision);
    }

    /// What was decided, by session.
    pub(crate) async fn lines(&self) -> Vec<String> {
        self.decisions
            .lock()
            .await
            .iter()
            .map(|(session, decision)| format!("{session}: {}", decision.text()))
            .collect()
    }
}

impl Decision {
    fn text(&self) -> String {
        let agent = self.agent.map(|why| format!("an agent ({why})"));
        let priority = self.priority.as_ref().map(|(priority, why)| {
            let priority = format!("{priority:?}").to_lowercase();
            format!("priority {priority} ({why})")
        });
        agent.into_iter().chain(priority).collect::<Vec<_>>().join(", ")
    }
}

fn raised(priority: SupportPriority) -> SupportPriority {
    match priority {
        SupportPriority::Low => SupportPriority::Medium,
        SupportPriority::Medium => SupportPriority::High,
        SupportPriority::High => SupportPriority::Urgent,
        other => other, // there is nothing above, or it is one that this version does not know
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_is_raised_by_one_step_and_no_higher_than_urgent() {
        use SupportPriority::{High, Low, Medium, Urgent};
        assert_eq!([Low, Medium, High, Urgent].map(raised), [Medium, High, Urgent, Urgent]);
    }
}
