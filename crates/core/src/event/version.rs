//! Data of other versions: which of them a type reads, and how.

use std::{cmp::Ordering, fmt::Display};

use super::TekupEvent;
use crate::{
    error::{Error, ErrorKind, Result, shown},
    ids::SchemaVersion,
};

/// Reads data that was written at some version: directly if the major is this type's, whatever the minor; through the
/// versions between if it is older.
pub(crate) fn decode<T: TekupEvent>(version: &SchemaVersion, data: &str) -> Result<T> {
    match version.major().cmp(&T::__MAJOR) {
        Ordering::Equal => T::__decode(data),
        Ordering::Less => T::__upcast(version, data).unwrap_or_else(|| Err(too_old::<T>(version))),
        Ordering::Greater => Err(too_new::<T>(version)),
    }
}

/// Reads data as the version before, and makes it this one.
pub(crate) fn upcast<Old, New>(version: &SchemaVersion, data: &str) -> Result<New>
where
    Old: TekupEvent,
    New: TekupEvent + TryFrom<Old, Error: Display>,
{
    New::try_from(decode::<Old>(version, data)?).map_err(|told| {
        let told = shown(&told.to_string());
        let message = format!("`{}` {version} can't be made {}: {told}", New::TYPE, New::VERSION);
        Error::new(ErrorKind::Undecodable, message)
    })
}

fn too_new<T: TekupEvent>(version: &SchemaVersion) -> Error {
    let message = format!(
        "`{}` is of version {version}, and this program reads {}: deploy it with that version of the event, then replay",
        T::TYPE,
        T::VERSION
    );
    Error::new(ErrorKind::UnknownVersion, message)
}

fn too_old<T: TekupEvent>(version: &SchemaVersion) -> Error {
    let message = format!(
        "`{}` is of version {version}, and this program reads {} only: name the struct of the older version in \
         `#[event(upcasts = \"..\")]`, and say how it becomes this one",
        T::TYPE,
        T::VERSION
    );
    Error::new(ErrorKind::UnknownVersion, message)
}

/// The major number of a version, as far as digits go.
pub(super) const fn major(version: &str) -> u64 {
    let bytes = version.as_bytes();
    let (mut at, mut major) = (0, 0_u64);
    while at < bytes.len() && bytes[at].is_ascii_digit() {
        major = major.saturating_mul(10).saturating_add((bytes[at] - b'0') as u64);
        at += 1;
    }
    major
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_of_a_version_is_known_where_it_is_compiled() {
        const MAJOR: u64 = major("12.3.4");
        assert_eq!((MAJOR, major("0.1.0"), major(""), major("18446744073709551615.0.0")), (12, 0, 0, u64::MAX));
    }
}
