//! Lists of dead letters: every partition is asked for its oldest, and the answers are merged.

use bytes::Bytes;
use futures_util::future::try_join_all;
use tekup_core::{
    Error, Result, SubscriptionId, TenantId,
    transport::{DeadLetter, DeadLetterPage, LetterKey},
};

use super::{
    RedisAdmin,
    cursor::{Begin, Position},
    letter,
    letter_keys::Placed,
    page::{Found, Scan, batches, merge},
    page_size,
};
use crate::{error, scripts};

/// The most letters that a page of one tenant looks at.
const LOOKED_AT: usize = 1_000;
/// The most letters that one call counts over.
const COUNTED_AT: usize = 2_000;

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
        page_size::check(most, "dead letters")?;
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
        letter: &LetterKey,
    ) -> Result<Option<DeadLetter>> {
        self.must_exist(subscription).await?;
        let placed = self.placed(vec![letter.clone()]);
        let reads = placed.iter().map(|Placed { partition, letters }| {
            let members: Vec<&[u8]> = letters.iter().map(|named| named.member.as_slice()).collect();
            async move { self.read_some(subscription, *partition, &members).await }
        });
        Ok(try_join_all(reads).await?.into_iter().flatten().flatten().find(|found| letter.means(found.died)))
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

    pub(super) fn partitions_of(&self, tenant: Option<&TenantId>) -> Vec<usize> {
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
        let calls = batches(page).into_iter().map(|batch| async move {
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
}
