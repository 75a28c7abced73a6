use bytes::Bytes;
use serde::de::IgnoredAny;

use crate::envelope;

/// What a line about a delivery tells of its envelope, which by then is given away: it is read once more, as failures are
/// few. Nothing, where it can't be read.
#[derive(Default)]
pub(super) struct Told {
    pub(super) event_type: Option<String>,
    pub(super) correlation: Option<String>,
}

impl Told {
    pub(super) fn of(bytes: &Bytes) -> Self {
        let is_told = tracing::enabled!(tracing::Level::ERROR);
        let read = is_told.then(|| envelope::read::<IgnoredAny>(bytes));
        let Some(Ok((envelope, _))) = read else { return Self::default() };
        Self { event_type: Some(envelope.event_type.to_string()), correlation: Some(envelope.correlation_id()) }
    }
}
