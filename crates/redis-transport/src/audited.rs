//! What is recorded of events, in the call that stores them.

use redis::Cmd;
use tekup_core::{Result, transport::Outgoing};

use crate::{error, keys::PartitionKeys};

/// A record, and the place of its event in the call, from 1.
type Record = (usize, String);

/// Those of the events whose types are audited; mostly none.
pub(crate) fn records<'batch>(events: impl Iterator<Item = &'batch Outgoing>) -> Result<Vec<Record>> {
    let audited = (1..).zip(events).filter_map(|(place, event)| Some((place, event.audit.as_ref()?)));
    let written = audited.map(|(place, event)| Ok((place, serde_json::to_string(event)?)));
    written.collect::<serde_json::Result<_>>().map_err(|cause| error::unexpected("an audited event").with_source(cause))
}

/// The key comes last of all.
pub(crate) fn write_key(cmd: &mut Cmd, keys: &PartitionKeys, records: &[Record]) {
    if !records.is_empty() {
        cmd.arg(keys.audited());
    }
}

/// The records come behind all events.
pub(crate) fn write(cmd: &mut Cmd, records: &[Record]) {
    for (place, record) in records {
        cmd.arg(place).arg(record);
    }
}
