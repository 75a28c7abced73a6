//! A page of dead letters: what the partitions answered, merged, and cut into calls that read it.

use bytes::Bytes;
use redis::Value;

use super::cursor::Position;

/// The most letters and bytes that one call reads.
const READ_AT: (usize, usize) = (100, 1 << 20);
/// The most bytes of a page.
const PAGE_BYTES: usize = 4 << 20;

/// A letter that belongs on the page, not read yet.
pub(super) struct Found {
    pub(super) at: Position,
    bytes: usize,
}

/// What one partition answered.
pub(super) struct Scan {
    found: Vec<Found>,
    pub(super) matched: u64,
    /// The last letter looked at, if there is more behind it.
    pub(super) more: Option<Position>,
}

impl Scan {
    pub(super) fn read(partition: usize, answer: Vec<Value>) -> Option<Self> {
        let mut answer = answer.into_iter();
        let matched = redis::from_redis_value(answer.next()?).ok()?;
        let more: bool = redis::from_redis_value(answer.next()?).ok()?;
        let looked_at = position(partition, &mut answer)?;
        let mut found = Vec::with_capacity(answer.len() / 3);
        while answer.len() > 0 {
            let at = position(partition, &mut answer)?;
            found.push(Found { at, bytes: redis::from_redis_value(answer.next()?).ok()? });
        }
        Some(Self { found, matched, more: more.then_some(looked_at) })
    }
}

fn position(partition: usize, answer: &mut impl Iterator<Item = Value>) -> Option<Position> {
    let died_ms = redis::from_redis_value(answer.next()?).ok()?;
    let member: Bytes = redis::from_redis_value(answer.next()?).ok()?;
    Some(Position { died_ms, partition, member: member.to_vec() })
}

/// The page, and where the next one begins.
pub(super) fn merge(scans: Vec<Scan>, most: usize) -> (Vec<Found>, Option<Position>) {
    // With several partitions, one that has more behind what it listed has listed `most`, so its last is the page's
    // last, unless the page is cut before.
    let more = scans.iter().filter_map(|scan| scan.more.clone()).max();
    let mut all: Vec<Found> = scans.into_iter().flat_map(|scan| scan.found).collect();
    all.sort_by(|a, b| a.at.cmp(&b.at));
    let fitting = fitting(&all, (most, PAGE_BYTES));
    let next = if fitting < all.len() { all.get(fitting - 1).map(|last| last.at.clone()) } else { more };
    all.truncate(fitting);
    (all, next)
}

/// How many of the first fit, one at least.
fn fitting<'a>(found: impl IntoIterator<Item = &'a Found>, (most, most_bytes): (usize, usize)) -> usize {
    let mut bytes = 0_usize;
    let fits = found.into_iter().take(most).take_while(|found| {
        let first = bytes == 0;
        bytes += found.bytes.max(1);
        first || bytes <= most_bytes
    });
    fits.count().max(1)
}

/// What is read with one call each: letters of one partition, with their places on the page.
pub(super) fn batches(page: &[Found]) -> Vec<Vec<(usize, &Found)>> {
    let mut placed: Vec<(usize, &Found)> = page.iter().enumerate().collect();
    placed.sort_by_key(|(_, found)| found.at.partition);
    let mut batches = Vec::new();
    for mut rest in placed.chunk_by(|(_, a), (_, b)| a.at.partition == b.at.partition) {
        while !rest.is_empty() {
            let (batch, behind) = rest.split_at(fitting(rest.iter().map(|(_, found)| *found), READ_AT).min(rest.len()));
            batches.push(batch.to_vec());
            rest = behind;
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(died_ms: u64, partition: usize, bytes: usize) -> Found {
        Found { at: Position { died_ms, partition, member: vec![1; 16] }, bytes }
    }

    fn scan(found: Vec<Found>, more: bool) -> Scan {
        let last = found.last().map(|found| found.at.clone());
        Scan { matched: 0, more: last.filter(|_| more), found }
    }

    fn times(page: &[Found]) -> Vec<u64> {
        page.iter().map(|found| found.at.died_ms).collect()
    }

    #[test]
    fn pages_of_partitions_are_merged_by_time() {
        let a = scan(vec![found(1, 0, 9), found(4, 0, 9)], false);
        let b = scan(vec![found(2, 1, 9), found(3, 1, 9)], true);
        let (page, next) = merge(vec![a, b], 3);
        assert_eq!(times(&page), [1, 2, 3]);
        assert_eq!(next.unwrap().died_ms, 3);
    }

    #[test]
    fn the_last_page_has_no_next() {
        let (page, next) = merge(vec![scan(vec![found(1, 0, 9)], false), scan(Vec::new(), false)], 3);
        assert_eq!((times(&page), next), (vec![1], None));
    }

    #[test]
    fn a_page_is_cut_before_it_is_too_large_but_never_empty() {
        let (page, next) = merge(vec![scan(vec![found(1, 0, PAGE_BYTES + 1), found(2, 0, 1)], false)], 10);
        assert_eq!(times(&page), [1]);
        assert_eq!(next.unwrap().died_ms, 1);
    }

    #[test]
    fn letters_are_read_in_batches_of_one_partition_and_a_mebibyte() {
        let mut page: Vec<Found> = (0..150).map(|at| found(at, 0, 10)).collect();
        page.extend([found(200, 1, 1 << 20), found(201, 1, 1)]);
        let lengths: Vec<usize> = batches(&page).iter().map(Vec::len).collect();
        assert_eq!(lengths, [100, 50, 1, 1]);
    }
}
