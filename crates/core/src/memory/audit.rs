use std::collections::{BTreeMap, HashMap};

use super::admin::{check_page_size, serial};
use crate::{
    audit::{ActionRecord, AdminAction, AuditKind, AuditPage, AuditRecord, AuditedEvent, EventRecord, MOST_RECORDS},
    error::Result,
    ids::TenantId,
    timestamp::Timestamp,
};

/// How many records are looked at for one page of a tenant.
const LOOK_AT: usize = 1_000;

/// What operators did and which audited events were published, each numbered in the order in which it came.
#[derive(Debug, Default)]
pub(super) struct Audit {
    actions: BTreeMap<u64, ActionRecord>,
    numbers: HashMap<String, u64>,
    events: BTreeMap<u64, EventRecord>,
    last: u64,
}

impl Audit {
    /// Keeps an action, or what is new of one that has not ended.
    pub(super) fn record(&mut self, action: &AdminAction, now: Timestamp) {
        let ended = action.end.as_ref().map(|_| now);
        let known = self.numbers.get(&action.id).and_then(|number| self.actions.get_mut(number));
        if let Some(known) = known {
            if known.ended.is_none() {
                *known = ActionRecord { began: known.began, ended, action: action.clone() };
            }
            return;
        }
        self.last += 1;
        self.numbers.insert(action.id.clone(), self.last);
        self.actions.insert(self.last, ActionRecord { began: now, ended, action: action.clone() });
        while self.actions.len() > MOST_RECORDS {
            let oldest = self.actions.pop_first();
            oldest.map(|(_, record)| self.numbers.remove(&record.action.id));
        }
    }

    pub(super) fn note(&mut self, event: AuditedEvent, at: Timestamp) {
        self.last += 1;
        self.events.insert(self.last, EventRecord { at, event });
        while self.events.len() > MOST_RECORDS {
            self.events.pop_first();
        }
    }

    pub(super) fn page(
        &self,
        kind: Option<AuditKind>,
        tenant: Option<&TenantId>,
        after: Option<String>,
        most: usize,
    ) -> Result<AuditPage> {
        check_page_size(most)?;
        let before = after.map_or(Ok(u64::MAX), |cursor| serial(&cursor))?;
        let (mut page, mut last) = (AuditPage::default(), None);
        for (number, record) in self.before(kind, before).take(LOOK_AT) {
            if page.records.len() == most {
                break;
            }
            last = Some(number);
            if tenant.is_none_or(|tenant| record.tenant() == Some(tenant)) {
                page.records.push(record);
            }
        }
        page.next = last.filter(|last| self.before(kind, *last).next().is_some()).map(|last| last.to_string());
        Ok(page)
    }

    /// The newest first.
    fn before(&self, kind: Option<AuditKind>, number: u64) -> impl Iterator<Item = (u64, AuditRecord)> {
        let wants = move |wanted| kind.is_none_or(|kind| kind == wanted);
        let mut actions = self.actions.range(..number).rev().filter(move |_| wants(AuditKind::Actions)).peekable();
        let mut events = self.events.range(..number).rev().filter(move |_| wants(AuditKind::Events)).peekable();
        std::iter::from_fn(move || {
            let is_action = match (actions.peek(), events.peek()) {
                (Some((action, _)), Some((event, _))) => action > event,
                (action, _) => action.is_some(),
            };
            if is_action {
                actions.next().map(|(number, record)| (*number, AuditRecord::Action(record.clone())))
            } else {
                events.next().map(|(number, record)| (*number, AuditRecord::Published(record.clone())))
            }
        })
    }
}
