use crate::{
    error::Result,
    ids::{EventType, TenantId},
    transport::{Outgoing, Receipt},
};

/// Events of one type and tenant that were stored one after another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) event_type: EventType,
    pub(crate) tenant: TenantId,
    pub(crate) events: u64,
}

impl Stored {
    /// What a batch comes to if all of it is new. Events of one type and tenant mostly come together, so that few names are
    /// copied.
    pub(crate) fn runs(batch: &[Outgoing]) -> Vec<Self> {
        let alike = |one: &Outgoing, next: &Outgoing| one.event_type == next.event_type && one.tenant == next.tenant;
        let runs = batch.chunk_by(alike).filter_map(|run| Some((run.first()?, run.len() as u64)));
        runs.map(|(first, events)| Self { event_type: first.event_type.clone(), tenant: first.tenant.clone(), events })
            .collect()
    }

    /// Leaves what was stored as new; what has no answer was not.
    pub(crate) fn keep_new(runs: &mut [Self], answers: &[Result<Receipt>]) {
        let mut is_new = answers.iter().map(|answer| answer.as_ref().is_ok_and(|receipt| !receipt.duplicate));
        for run in runs {
            run.events = (0..run.events).map(|_| u64::from(is_new.next().unwrap_or(false))).sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    #[test]
    fn of_each_run_only_what_is_new_is_counted() {
        let event = |event_type: &str| Outgoing::unchecked("acme".parse().unwrap(), event_type.parse().unwrap(), "{}");
        let batch = ["a.b", "a.b", "a.b", "c.d", "a.b", "a.b"].map(event);
        let mut runs = Stored::runs(&batch);
        assert_eq!(runs.iter().map(|run| run.events).collect::<Vec<_>>(), [3, 1, 2]);
        let receipt = |at: usize, duplicate| Ok(Receipt::new(batch[at].id, duplicate));
        let refused = Err(Error::new(ErrorKind::TooLarge, "too large"));
        // The last has no answer.
        Stored::keep_new(
            &mut runs,
            &[receipt(0, false), receipt(1, true), refused, receipt(3, false), receipt(4, false)],
        );
        let told: Vec<_> = runs.iter().map(|run| (run.event_type.as_str(), run.events)).collect();
        assert_eq!(told, [("a.b", 1), ("c.d", 1), ("a.b", 1)]);
    }
}
