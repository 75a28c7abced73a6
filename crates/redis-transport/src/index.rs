//! Where the index of ids looks for an event: a function of its id alone, and of a small versioned record.

use redis::{Cmd, Pipeline, Value};
use tekup_core::{Error, ErrorKind, EventId, Result};

use crate::{connection::Connection, error, keys::PartitionKeys, scripts, tuning};

/// Which key of the index an id is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Bucket {
    /// With its neighbours in time: `number` is the id's own milliseconds divided by `slice_ms`.
    Slice { slice_ms: u64, number: u64 },
    /// On its own: the id tells no time.
    Own,
}

/// From which millisecond on, how many milliseconds of ids share a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slice {
    from_ms: u64,
    slice_ms: u64,
}

/// How a partition's index is cut into buckets.
///
/// A slice is changed only for ids from a future millisecond on, so that two publishers, of whom one has yet to read the
/// change, never look for one id in two places: a script that is given another version than the stored one answers
/// `STALE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexLayout {
    version: u64,
    /// By time, the first from 0; never empty.
    slices: Vec<Slice>,
}

impl IndexLayout {
    /// What a new partition begins with.
    pub(crate) fn first() -> Self {
        Self { version: 1, slices: vec![Slice { from_ms: 0, slice_ms: tuning::FIRST_MS }] }
    }

    /// Reads the record of a partition, and writes the first one if there is none.
    pub(crate) async fn load(connection: &Connection, keys: &PartitionKeys) -> Result<Self> {
        Self::read(connection.one(Self::call(keys)).await?)
    }

    /// As [`load`](Self::load), for many partitions in one round trip.
    pub(crate) async fn load_all(connection: &Connection, partitions: &[PartitionKeys]) -> Result<Vec<Self>> {
        let mut pipeline = Pipeline::with_capacity(partitions.len());
        partitions.iter().for_each(|keys| _ = pipeline.add_command(Self::call(keys)));
        connection.all(pipeline).await?.into_iter().map(|answer| Self::read(answer?)).collect()
    }

    fn call(keys: &PartitionKeys) -> Cmd {
        let first = Self::first();
        let mut call = scripts::LAYOUT.call(1);
        call.arg(keys.lanes()).arg(first.slices_text());
        call
    }

    fn read(stored: Value) -> Result<Self> {
        let stored = redis::from_redis_value(stored);
        let (version, slices): (String, String) = stored.map_err(|_| error::unexpected("the layout of the index"))?;
        Self::parse(&version, &slices)
    }

    /// # Errors
    /// [`ErrorKind::Incompatible`] if the version is no number, or the other text no list of `from_ms:slice_ms` that begins
    /// at 0 and ascends.
    pub(crate) fn parse(version: &str, slices: &str) -> Result<Self> {
        let read: Option<Vec<Slice>> = slices.split(',').map(Slice::parse).collect();
        let ordered = |slices: &Vec<Slice>| {
            slices.first().is_some_and(|first| first.from_ms == 0) && slices.is_sorted_by(|a, b| a.from_ms < b.from_ms)
        };
        let (Ok(version), Some(slices)) = (version.parse(), read.filter(ordered)) else {
            let message = format!(
                "index layout `{}` of version `{}` is not one that this version can read: join with the version that wrote it",
                slices.escape_debug(),
                version.escape_debug()
            );
            return Err(Error::new(ErrorKind::Incompatible, message));
        };
        Ok(Self { version, slices })
    }

    /// What scripts compare.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// `from_ms:slice_ms`, joined by `,`.
    pub(crate) fn slices_text(&self) -> String {
        let slices: Vec<String> = self.slices.iter().map(|at| format!("{}:{}", at.from_ms, at.slice_ms)).collect();
        slices.join(",")
    }

    /// Where to look for an id.
    pub(crate) fn bucket(&self, id: EventId) -> Bucket {
        let Some(ms) = id.unix_millis() else { return Bucket::Own };
        let Some(at) = self.slices.iter().rfind(|at| at.from_ms <= ms) else { return Bucket::Own };
        Bucket::Slice { slice_ms: at.slice_ms, number: ms / at.slice_ms }
    }
}

impl Slice {
    fn parse(text: &str) -> Option<Self> {
        let (from_ms, slice_ms) = text.split_once(':')?;
        let (from_ms, slice_ms) = (from_ms.parse().ok()?, slice_ms.parse().ok()?);
        (slice_ms > 0).then_some(Self { from_ms, slice_ms })
    }
}

/// Where a bucket says that an event is stored: it holds member, line feed, place, line feed for each, of which the last
/// holds. Whatever bytes an id has, its tenant and place have no line feed in them.
pub(crate) fn place_in(bucket: &[u8], member: &[u8]) -> Option<String> {
    let mut rest = bucket;
    let mut found = None;
    while let Some((id, after)) = rest.split_at_checked(16) {
        let Some((tenant, after)) = split_line(after) else { break };
        let Some((place, after)) = split_line(after) else { break };
        if member.strip_prefix(id) == Some(tenant) {
            found = Some(place);
        }
        rest = after;
    }
    String::from_utf8(found?.to_vec()).ok()
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_tells_the_place_of_what_it_holds_whatever_the_bytes_of_ids() {
        let id = |byte| [byte; 16];
        let feeds = [b'\n'; 16];
        let bucket = [
            &id(1)[..],
            b"acme\n1:5-0\n",
            &feeds,
            b"acme\n2:6-0\n",
            &id(1),
            b"acme-eu\n1:5-1\n",
            &id(3),
            b"acme\nlater\n",
            &id(3),
            b"acme\n1:7-0\n",
        ]
        .concat();
        let place = |id: &[u8], tenant: &str| place_in(&bucket, &[id, tenant.as_bytes()].concat());
        assert_eq!(place(&id(1), "acme").as_deref(), Some("1:5-0"));
        assert_eq!(place(&feeds, "acme").as_deref(), Some("2:6-0"));
        assert_eq!(place(&id(1), "acme-eu").as_deref(), Some("1:5-1"));
        assert_eq!(place(&id(3), "acme").as_deref(), Some("1:7-0"), "the last holds");
        for (id, tenant) in [(id(1), "ac"), (id(1), ""), (id(2), "acme"), (feeds, "acme-eu")] {
            assert_eq!(place(&id, tenant), None, "{id:?} {tenant}");
        }
        for broken in [&b""[..], b"short", &bucket[..20], &feeds] {
            assert_eq!(place_in(broken, &[&id(1)[..], b"acme"].concat()), None);
        }
    }

    fn id_at(ms: u64) -> EventId {
        EventId::from_uuid(uuid::Builder::from_unix_timestamp_millis(ms, &[7; 10]).into_uuid()).unwrap()
    }

    #[test]
    fn an_id_is_looked_for_where_the_slice_of_its_own_time_says() {
        let layout = IndexLayout::parse("3", "0:64,1000:8,5000:1").unwrap();
        let table =
            [(0, 64, 0), (63, 64, 0), (64, 64, 1), (999, 64, 15), (1000, 8, 125), (4999, 8, 624), (5000, 1, 5000)];
        for (ms, slice_ms, number) in table {
            assert_eq!(layout.bucket(id_at(ms)), Bucket::Slice { slice_ms, number }, "{ms}");
        }
        assert_eq!(layout.version(), 3);
    }

    #[test]
    fn an_id_without_a_time_has_a_bucket_of_its_own() {
        let id = "9b2d6f9e-1c57-4b8a-8f0e-2f4d3c6b7a22".parse().unwrap();
        assert_eq!(IndexLayout::first().bucket(id), Bucket::Own);
    }

    #[test]
    fn a_layout_reads_what_it_writes() {
        for text in ["0:64", "0:64,1757844930000:8", "0:1,1:2,2:3"] {
            assert_eq!(IndexLayout::parse("1", text).unwrap().slices_text(), text);
        }
    }

    #[test]
    fn a_layout_that_names_no_place_for_some_id_is_refused() {
        for text in ["", "64", "0:0", "1:64", "0:64,", "0:64,0:8", "0:64,9:8,5:8", "0:-1", "0:64;5:8", "0:x"] {
            assert_eq!(IndexLayout::parse("1", text).unwrap_err().kind(), ErrorKind::Incompatible, "{text}");
        }
        for version in ["", "one", "-1", "1.0"] {
            assert_eq!(IndexLayout::parse(version, "0:64").unwrap_err().kind(), ErrorKind::Incompatible, "{version}");
        }
    }
}
