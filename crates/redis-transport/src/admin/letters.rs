//! Lists of dead letters: every partition is asked for its oldest, and the answers are merged.

use bytes::Bytes;
use futures_util::future::try_join_all;
use tekup_core::{
    Error, ErrorKind, EventId, Result, SubscriptionId, TenantId,
    transport::{DeadLetter, DeadLetterPage},
};

use super::{
    RedisAdmin,
    cursor::{Begin, Position},
    letter,
};
use crate::{
    error,
    keys::{PartitionKeys, member},
    scripts,
};

/// The most letters that a page of one tenant looks at.
const LOOKED_AT: usize = 1_000;
/// The most letters that one call counts over.
const COUNTED_AT: usize = 2_000;
/// The most letters and bytes that one call reads.
const READ_AT: (usize, usize) = (100, 1 << 20);
/// The most bytes of a page.
const PAGE_BYTES: usize = 4 << 20;

/// A letter that belongs on the page, not read yet.
struct Found {
    at: Position,
    bytes: usize,
}

/// What one partition answered.
struct Scan {
    found: Vec<Found>,
    matched: u64,
    /// The last letter looked at, if there is more behind it.
    more: Option<Position>,
}

/// What a call asks one partition for.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    list: usize,
    look_at: usize,
    tenant: Option<&'a TenantId>,
}

impl RedisAdmin {
    pub(super) async fn page_of_letters(
        &self,
        subscription: &SubscriptionId,
        tenant: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> Result<DeadLetterPage> {
        if !(1..=1_000).contains(&most) {
            let message = format!("a page of {most} dead letters is refused: ask for 1 to 1,000");
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let after = after.map(|text| Position::read(&text, self.namespace.partitions().len())).transpose()?;
        self.must_exist(subscription).await?;
        let wanted = Wanted { list: most, look_at: tenant.map_or(most, |_| LOOKED_AT), tenant };
        let scans = self.partitions_of(tenant).into_iter().map(|partition| {
            let begin = after.as_ref().map_or(Begin::First, |position| position.begin_in(partition));
            self.scan(subscription, partition, begin, wanted)
        });
        let (page, next) = merge(try_join_all(scans).await?, most);
        Ok(DeadLetterPage { letters: self.read_all(subscription, &page).await?, next: next.map(|at| at.write()) })
    }

    pub(super) async fn one_letter(
        &self,
        subscription: &SubscriptionId,
        tenant: &TenantId,
        id: EventId,
    ) -> Result<Option<DeadLetter>> {
        self.must_exist(subscription).await?;
        let partition = self.namespace.partition_of(tenant);
        let member = member(id, Some(tenant.as_str()));
        Ok(self.read_some(subscription, partition, &[&member]).await?.pop().flatten())
    }

    pub(super) async fn count_letters(&self, subscription: &SubscriptionId, tenant: Option<&TenantId>) -> Result<u64> {
        self.must_exist(subscription).await?;
        if let Some(tenant) = tenant {
            return self.count_of_tenant(subscription, tenant).await;
        }
        let counts = self.namespace.partitions().iter().map(|keys| async move {
            let mut command = redis::cmd("ZCARD");
            command.arg(keys.dead(subscription));
            self.ask::<u64>("a number of dead letters", command).await
        });
        Ok(try_join_all(counts).await?.into_iter().sum())
    }

    async fn count_of_tenant(&self, subscription: &SubscriptionId, tenant: &TenantId) -> Result<u64> {
        let partition = self.namespace.partition_of(tenant);
        let wanted = Wanted { list: 0, look_at: COUNTED_AT, tenant: Some(tenant) };
        let mut scan = self.scan(subscription, partition, Begin::First, wanted).await?;
        let mut count = scan.matched;
        while let Some(at) = scan.more {
            scan = self.scan(subscription, partition, at.begin_in(partition), wanted).await?;
            count += scan.matched;
        }
        Ok(count)
    }

    fn partitions_of(&self, tenant: Option<&TenantId>) -> Vec<usize> {
        match tenant {
            Some(tenant) => vec![self.namespace.partition_of(tenant)],
            None => (0..self.namespace.partitions().len()).collect(),
        }
    }

    async fn scan(
        &self,
        subscription: &SubscriptionId,
        partition: usize,
        begin: Begin<'_>,
        wanted: Wanted<'_>,
    ) -> Result<Scan> {
        let keys = self.keys(partition)?;
        let (how, time, member): (&str, u64, &[u8]) = match begin {
            Begin::First => ("first", 0, &[]),
            Begin::From(time) => ("from", time, &[]),
            Begin::Past(time) => ("past", time, &[]),
            Begin::After(time, member) => ("after", time, member),
        };
        let mut call = scripts::LETTER_PAGE.call(2);
        call.arg(keys.dead(subscription)).arg(keys.letters(subscription)).arg(wanted.list).arg(wanted.look_at);
        call.arg(wanted.tenant.map_or("", TenantId::as_str)).arg(how).arg(time).arg(member);
        let answer: Vec<redis::Value> = self.ask("a list of dead letters", call).await?;
        Scan::read(partition, answer).ok_or_else(|| error::unexpected("a list of dead letters"))
    }

    /// Reads letters in their order; of those that vanished meanwhile nothing is said.
    async fn read_all(&self, subscription: &SubscriptionId, page: &[Found]) -> Result<Vec<DeadLetter>> {
        let mut order: Vec<usize> = (0..page.len()).collect();
        order.sort_by_key(|&index| page.get(index).map(|found| found.at.partition));
        let calls = batches(page, &order).into_iter().map(|batch| async move {
            let members: Vec<&[u8]> = batch.iter().map(|(_, found)| found.at.member.as_slice()).collect();
            let partition = batch.first().map_or(0, |(_, found)| found.at.partition);
            let letters = self.read_some(subscription, partition, &members).await?;
            Ok::<_, Error>(batch.into_iter().map(|(index, _)| index).zip(letters).collect::<Vec<_>>())
        });
        let mut letters: Vec<_> = try_join_all(calls).await?.into_iter().flatten().collect();
        letters.sort_by_key(|(index, _)| *index);
        Ok(letters.into_iter().filter_map(|(_, letter)| letter).collect())
    }

    async fn read_some(
        &self,
        subscription: &SubscriptionId,
        partition: usize,
        members: &[&[u8]],
    ) -> Result<Vec<Option<DeadLetter>>> {
        let mut call = scripts::LETTERS.call(1);
        call.arg(self.keys(partition)?.letters(subscription));
        members.iter().for_each(|member| _ = call.arg(*member));
        let answers: Vec<Option<Vec<Bytes>>> = self.ask("dead letters", call).await?;
        let read = |(member, fields): (&&[u8], Option<Vec<Bytes>>)| {
            let letter = letter::read(member, fields?);
            if letter.is_none() {
                tracing::warn!(%subscription, "a dead letter is damaged and can't be shown");
            }
            letter
        };
        Ok(members.iter().zip(answers).map(read).collect())
    }

    pub(super) fn keys(&self, partition: usize) -> Result<&PartitionKeys> {
        let missing = || Error::new(ErrorKind::Internal, format!("partition {partition} does not exist"));
        self.namespace.partitions().get(partition).ok_or_else(missing)
    }
}

impl Scan {
    fn read(partition: usize, answer: Vec<redis::Value>) -> Option<Self> {
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

fn position(partition: usize, answer: &mut impl Iterator<Item = redis::Value>) -> Option<Position> {
    let died_ms = redis::from_redis_value(answer.next()?).ok()?;
    let member: Bytes = redis::from_redis_value(answer.next()?).ok()?;
    Some(Position { died_ms, partition, member: member.to_vec() })
}

/// The page, and where the next one begins.
fn merge(scans: Vec<Scan>, most: usize) -> (Vec<Found>, Option<Position>) {
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

/// What is read with one call: of one partition each, with its place on the page.
fn batches<'a>(page: &'a [Found], order: &[usize]) -> Vec<Vec<(usize, &'a Found)>> {
    let placed: Vec<(usize, &Found)> = order.iter().filter_map(|&index| Some((index, page.get(index)?))).collect();
    let same_partition = placed.chunk_by(|(_, a), (_, b)| a.at.partition == b.at.partition);
    let mut batches = Vec::new();
    for mut rest in same_partition {
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
        let order: Vec<usize> = (0..page.len()).collect();
        let lengths: Vec<usize> = batches(&page, &order).iter().map(Vec::len).collect();
        assert_eq!(lengths, [100, 50, 1, 1]);
    }
}
