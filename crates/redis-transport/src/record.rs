//! What is stored of a subscription in each partition. The first partition decides, and the others follow.

use std::cmp::Ordering;

use serde::Deserialize;
use tekup_core::{
    Pattern, Result, TenantId,
    transport::{Registration, SourceSpec},
};

use crate::error;

/// A subscription, as registered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// As stored: what other versions have written there is kept.
    text: String,
    fields: Fields,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Fields {
    patterns: Vec<Pattern>,
    tenants: Vec<TenantId>,
    revision: u64,
    /// When the first partition wrote it, in milliseconds: each change is later than the one before, also after the store
    /// was emptied.
    change: u64,
    /// The time at which it begins, in milliseconds, if it begins at one.
    start: Option<u64>,
}

impl Record {
    /// `None` if it can't be read.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let fields: Fields = serde_json::from_str(text).ok()?;
        // What was written before changes were noted had counted them as revisions.
        let revision = if fields.change == 0 { 0 } else { fields.revision };
        Some(Self { text: text.into(), fields: Fields { revision, ..fields } })
    }

    /// How it begins: two replicas that say the same write the same.
    pub(crate) fn head(spec: &SourceSpec) -> Result<String> {
        let patterns = json(spec.patterns.iter().map(Pattern::as_str))?;
        let tenants = json(spec.tenants.iter().map(TenantId::as_str))?;
        Ok(format!(r#"{{"patterns":{patterns},"tenants":{tenants}"#))
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn patterns(&self) -> &[Pattern] {
        &self.fields.patterns
    }

    pub(crate) fn tenants(&self) -> &[TenantId] {
        &self.fields.tenants
    }

    pub(crate) fn start(&self) -> Option<u64> {
        self.fields.start
    }

    /// Which of two holds: what is declared counts more than when it was written.
    pub(crate) fn age(&self, other: &Self) -> Ordering {
        let age = |record: &Self| (record.fields.revision, record.fields.change);
        age(self).cmp(&age(other))
    }

    pub(crate) fn is_newer_than(&self, other: &Self) -> bool {
        self.age(other) == Ordering::Greater
    }

    pub(crate) fn registration(&self) -> Registration {
        let Fields { patterns, tenants, revision, .. } = self.fields.clone();
        Registration { revision, ..Registration::new(patterns, tenants) }
    }

    /// Whether it has the lists of the spec.
    pub(crate) fn is_of(&self, spec: &SourceSpec) -> bool {
        self.registration().is_of(&spec.patterns, &spec.tenants)
    }
}

/// A list in a fixed order.
fn json<'text>(texts: impl Iterator<Item = &'text str>) -> Result<String> {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    serde_json::to_string(&texts).map_err(|cause| error::unexpected("a subscription").with_source(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(revision: u64, change: u64) -> Record {
        let text =
            format!(r#"{{"patterns":["a.*"],"tenants":[],"revision":{revision},"change":{change},"later":true}}"#);
        Record::read(&text).unwrap()
    }

    #[test]
    fn of_two_records_the_larger_revision_holds_and_then_the_later_change() {
        let in_order = [record(0, 1), record(0, 2), record(1, 1), record(2, 1), record(2, 9)];
        for (at, one) in in_order.iter().enumerate() {
            for (beside, other) in in_order.iter().enumerate() {
                assert_eq!(one.is_newer_than(other), at > beside);
            }
        }
    }

    #[test]
    fn what_a_later_version_has_written_is_kept_and_an_old_count_is_no_revision() {
        assert!(record(1, 1).text().contains("\"later\":true"));
        let old = Record::read(r#"{"patterns":["a.*"],"tenants":["acme"],"revision":7}"#).unwrap();
        assert_eq!(old.registration().revision, 0);
        assert!(Record::read("7").is_none() && Record::read(r#"{"patterns":["a b"]}"#).is_none());
    }
}
