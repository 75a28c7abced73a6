//! Records of operators' actions, in the first partition, and of audited events, in each.

use futures_util::future::try_join_all;
use redis::Value;
use tekup_core::{
    Result, TenantId, Timestamp,
    audit::{ActionRecord, AdminAction, AuditKind, AuditPage, AuditRecord, AuditedEvent, EventRecord, MOST_RECORDS},
};

use super::{
    RedisAdmin,
    audit_cursor::{ACTIONS, Position},
    page_size,
    turns::Turns,
};
use crate::{error, scripts};

/// How many records of each kind are looked at for one page of a tenant.
const LOOK_AT: usize = 1_000;
/// Behind every place that begins with a number, as those of actions do, and before all others.
const NEWEST_ACTION: &str = "(:";

/// A record that was read, if it could be.
type Looked = (Position, Option<AuditRecord>);

/// What a source has answered.
#[derive(Default)]
struct Look {
    found: Vec<Looked>,
    /// It was as many as it was asked for, places that say nothing included: there may be more behind the last one.
    is_full: bool,
}

impl RedisAdmin {
    pub(super) async fn keep_record(&self, action: &AdminAction) -> Result<()> {
        let keys = self.keys(0)?;
        let text = serde_json::to_string(action).map_err(|cause| error::unexpected("an action").with_source(cause))?;
        let mut call = scripts::RECORD.call(2);
        call.arg(keys.action_order()).arg(keys.actions());
        call.arg(&action.id).arg(u8::from(action.end.is_some())).arg(text).arg(MOST_RECORDS);
        self.ask::<u64>("a record of an action", call).await.map(drop)
    }

    pub(super) async fn page_of_records(
        &self,
        kind: Option<AuditKind>,
        tenant: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> Result<AuditPage> {
        page_size::check(most, "audit records")?;
        let partitions = self.partitions_of(tenant);
        let all = self.namespace.partitions().len();
        let after = after.map(|cursor| Position::read(&cursor, all)).transpose()?;
        let look_at = if tenant.is_some() { LOOK_AT } else { most };
        let actions = Some(ACTIONS).filter(|_| kind != Some(AuditKind::Events));
        let events = partitions.into_iter().map(|partition| partition + 1).filter(|_| kind != Some(AuditKind::Actions));
        let turns = Turns::new();
        let look = |source| turns.take(self.look(source, after.as_ref(), look_at));
        let looks = actions.into_iter().chain(events).map(look);
        let is_wanted = |record: &AuditRecord| tenant.is_none_or(|tenant| record.tenant() == Some(tenant));
        Ok(merge(try_join_all(looks).await?, most, is_wanted))
    }

    async fn look(&self, source: usize, after: Option<&Position>, most: usize) -> Result<Look> {
        match source.checked_sub(1) {
            None => self.look_at_actions(after, most).await,
            Some(partition) => self.look_at_events(partition, after, most).await,
        }
    }

    async fn look_at_actions(&self, after: Option<&Position>, most: usize) -> Result<Look> {
        let keys = self.keys(0)?;
        let mut call = scripts::ACTIONS.call(2);
        call.arg(keys.action_order()).arg(keys.actions());
        call.arg(after.map_or(NEWEST_ACTION.into(), Position::bound_of_actions)).arg(most);
        let answer: Vec<(Vec<u8>, Vec<u8>)> = self.ask("records of actions", call).await?;
        let read = |(place, record): &(Vec<u8>, Vec<u8>)| Some((Position::of_action(place)?, read_action(record)));
        Ok(Look { found: answer.iter().filter_map(read).collect(), is_full: answer.len() >= most })
    }

    async fn look_at_events(&self, partition: usize, after: Option<&Position>, most: usize) -> Result<Look> {
        let mut call = redis::cmd("XREVRANGE");
        call.arg(self.keys(partition)?.audited());
        call.arg(after.map_or("+".into(), |after| after.bound_of_events(partition))).arg("-").arg("COUNT").arg(most);
        let answer: Vec<(String, Vec<(String, Value)>)> = self.ask("records of events", call).await?;
        let read = |(entry, fields): (String, Vec<(String, Value)>)| {
            let at = Position::of_event(partition, &entry)?;
            let record = read_event(&at, fields);
            Some((at, record))
        };
        let is_full = answer.len() >= most;
        Ok(Look { found: answer.into_iter().filter_map(read).collect(), is_full })
    }
}

/// `<began> <ended, or 0>`, a line feed, the action.
fn read_action(record: &[u8]) -> Option<AuditRecord> {
    let read = || {
        let (times, action) = std::str::from_utf8(record).ok()?.split_once('\n')?;
        let (began, ended) = times.split_once(' ')?;
        let time = |text: &str| Timestamp::from_unix_millis(text.parse().ok()?).ok();
        let ended = if ended == "0" { None } else { Some(time(ended)?) };
        let action = serde_json::from_str(action).ok()?;
        Some(AuditRecord::Action(ActionRecord { began: time(began)?, ended, action }))
    };
    told(read())
}

fn read_event(at: &Position, fields: Vec<(String, Value)>) -> Option<AuditRecord> {
    let read = || {
        let (_, record) = fields.into_iter().find(|(name, _)| name == "r")?;
        let record: Vec<u8> = redis::from_redis_value(record).ok()?;
        let event: AuditedEvent = serde_json::from_slice(&record).ok()?;
        let at = Timestamp::from_unix_millis(i64::try_from(at.ms).ok()?).ok()?;
        Some(AuditRecord::Published(EventRecord { at, event }))
    };
    told(read())
}

fn told(record: Option<AuditRecord>) -> Option<AuditRecord> {
    if record.is_none() {
        tracing::warn!("an audit record is damaged and can't be shown");
    }
    record
}

/// The newest of what was looked at. A source that answered as many as it was asked for may have more behind its last one:
/// so far, and no further, is it known what comes next.
fn merge(looks: Vec<Look>, most: usize, is_wanted: impl Fn(&AuditRecord) -> bool) -> AuditPage {
    let full = looks.iter().filter(|look| look.is_full).filter_map(|look| look.found.last());
    let end = full.map(|(last, _)| last.clone()).min();
    let mut all: Vec<Looked> = looks.into_iter().flat_map(|look| look.found).collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let (mut page, mut last, mut left) = (AuditPage::default(), None, false);
    for (at, record) in all {
        left = page.records.len() == most || end.as_ref().is_some_and(|end| at > *end);
        if left {
            break;
        }
        page.records.extend(record.filter(&is_wanted));
        last = Some(at);
    }
    page.next = last.filter(|_| left || end.is_some()).map(|last| last.write());
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(ms: u64, source: usize, tail: &str) -> Looked {
        let action = AdminAction::new(tekup_core::audit::ActionKind::Pause, tail, "billing".parse().unwrap());
        let began = Timestamp::from_unix_millis(i64::try_from(ms).unwrap()).unwrap();
        let record = AuditRecord::Action(ActionRecord { began, ended: None, action });
        (Position { ms, source, tail: tail.into() }, Some(record))
    }

    fn told_of(page: &AuditPage) -> Vec<&str> {
        let name = |record: &'_ AuditRecord| match record {
            AuditRecord::Action(record) => record.action.operator.clone(),
            other => format!("{other:?}"),
        };
        page.records.iter().map(|record| name(record).leak() as &str).collect()
    }

    #[test]
    fn records_of_all_sources_are_told_by_time_as_far_as_all_of_them_are_known() {
        let looks = |asked: usize| {
            let actions = vec![looked(9, 0, "a"), looked(5, 0, "b")];
            let events = vec![looked(9, 1, "3"), looked(8, 1, "2"), looked(7, 1, "1")];
            [actions, events].map(|found| Look { is_full: found.len() >= asked, found }).into()
        };
        let page = merge(looks(10), 10, |_| true);
        assert_eq!((told_of(&page), &page.next), (vec!["a", "3", "2", "1", "b"], &None));
        let page = merge(looks(10), 2, |_| true);
        assert_eq!((told_of(&page), page.next.as_deref()), (vec!["a", "3"], Some("9.1.3")));
        let page = merge(looks(3), 10, |_| true);
        assert_eq!((told_of(&page), page.next.as_deref()), (vec!["a", "3", "2", "1"], Some("7.1.1")));
        let page = merge(looks(3), 10, |_| false);
        assert_eq!((told_of(&page), page.next.as_deref()), (vec![], Some("7.1.1")));
        assert_eq!(merge(vec![Look::default(), Look::default()], 10, |_| true), AuditPage::default());
    }

    #[test]
    fn a_damaged_record_is_left_out() {
        for text in ["", "1 0", "x 0\n{}", "1 0\n{}", "1 0 {}"] {
            assert_eq!(read_action(text.as_bytes()), None, "{text}");
        }
        let at = Position { ms: 1, source: 1, tail: "0".into() };
        assert_eq!(read_event(&at, vec![("r".into(), Value::BulkString(b"{".to_vec()))]), None);
        assert_eq!(read_event(&at, Vec::new()), None);
    }
}
