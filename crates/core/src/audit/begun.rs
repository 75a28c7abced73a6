use std::{fmt, sync::Arc};

use super::{ActionEnd, ActionOutcome, AdminAction};
use crate::{
    error::{Error, Result},
    transport::DynAdmin,
};

/// An action whose begin is recorded: its end is to be.
pub(crate) struct Begun {
    admin: Arc<dyn DynAdmin>,
    /// `None` once its end is recorded.
    action: Option<AdminAction>,
}

impl Begun {
    /// # Errors
    /// Those of the store: then the action must not be done.
    pub(crate) async fn record(admin: Arc<dyn DynAdmin>, action: AdminAction) -> Result<Self> {
        admin.record(&action).await.map_err(|cause| {
            let message = format!("nothing was done, for `{}` could not be recorded: {cause}", action.kind);
            Error::new(cause.kind(), message).with_source(cause)
        })?;
        Ok(Self { admin, action: Some(action) })
    }

    /// Records how it ended, once. What was done is done: that it could not be recorded is told in the log.
    pub(crate) async fn end(&mut self, end: ActionEnd) {
        let Some(action) = self.action.clone() else { return };
        record_end(self.admin.as_ref(), AdminAction { end: Some(end), ..action }).await;
        // Not before: who drops this on the way may end it again.
        self.action = None;
    }

    pub(crate) async fn end_with<T>(&mut self, result: &Result<T>, count: impl FnOnce(&T) -> u64) {
        let end = match result {
            Ok(answer) => ActionEnd::new(ActionOutcome::Done, count(answer)),
            Err(error) => ActionEnd::with_error(error, 0),
        };
        self.end(end).await;
    }

    /// Says that it was stopped, from where nobody can wait for that. Outside of a runtime it stays without an end.
    pub(crate) fn stopped(&mut self, count: u64) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let Some(action) = self.action.take() else { return };
        let (admin, end) = (Arc::clone(&self.admin), Some(ActionEnd::new(ActionOutcome::Stopped, count)));
        runtime.spawn(async move { record_end(admin.as_ref(), AdminAction { end, ..action }).await });
    }
}

async fn record_end(admin: &dyn DynAdmin, action: AdminAction) {
    if let Err(error) = admin.record(&action).await {
        tracing::warn!(%error, action = %action.kind, id = action.id, "the end of an action could not be recorded");
    }
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").field("action", &self.action).finish_non_exhaustive()
    }
}
