use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use crate::ids::TenantId;

/// Who works on the dead letters of a subscription: on those of one tenant, or of all with `None`.
#[derive(Debug, Default)]
pub(super) struct LetterHolds(HashMap<Option<TenantId>, Hold>);

#[derive(Debug)]
struct Hold {
    holder: String,
    until: Instant,
}

impl LetterHolds {
    /// Takes or renews; if another holds, answers for how long yet.
    pub(super) fn hold(
        &mut self,
        tenant: Option<&TenantId>,
        holder: &str,
        now: Instant,
        lease: Duration,
    ) -> Option<Duration> {
        // Of tenants that are done for good nothing must be left.
        self.0.retain(|_, hold| hold.until > now);
        match self.0.get(&tenant.cloned()) {
            Some(other) if other.holder != holder => Some(other.until - now),
            _ => {
                self.0.insert(
                    tenant.cloned(),
                    Hold { holder: holder.into(), until: now.checked_add(lease).unwrap_or(now) },
                );
                None
            }
        }
    }

    /// For how long any letters are held yet, if some are.
    pub(super) fn longest(&mut self, now: Instant) -> Option<Duration> {
        self.0.retain(|_, hold| hold.until > now);
        self.0.values().map(|hold| hold.until - now).max()
    }

    pub(super) fn free(&mut self, tenant: Option<&TenantId>, holder: &str) {
        let tenant = tenant.cloned();
        if self.0.get(&tenant).is_some_and(|hold| hold.holder == holder) {
            self.0.remove(&tenant);
        }
    }
}
