//! Causes and effects.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::EventBus;
use crate::{
    error::{Error, ErrorKind, Result, shown},
    ids::{EventId, EventType, TenantId},
    transport::{LONGEST_CORRELATION, MOST_TRACED, Traced},
};

/// What came of what, as far as the store still knows it.
///
/// Known are the events that carry a correlation id or a cause: those that a handler published through its context, and
/// drafts with [`correlation`](crate::Draft::correlation) or [`caused_by`](crate::Draft::caused_by). They are known as
/// long as ids are remembered, and 1,000 of a correlation at most. The event that began it all carries neither, so it is
/// known by its id alone. On Redis an event that waits for its time is known from when it was published, and one that was
/// cancelled then stays known; in memory an event is known when it has come.
///
/// ```
/// use tekup_core::Trace;
///
/// let trace = Trace::default();
/// assert!(trace.roots.is_empty() && trace.is_complete);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// The events of which no cause is known, each with its effects; by id, so mostly by time.
    pub roots: Vec<TraceNode>,
    /// Whether these are all: not, if the correlation has as many events as are taken note of.
    pub is_complete: bool,
}

impl Default for Trace {
    fn default() -> Self {
        Self { roots: Vec::new(), is_complete: true }
    }
}

/// One event, and what came of it.
///
/// ```
/// use tekup_core::{EventId, TraceNode};
///
/// let root = TraceNode { id: EventId::generate(), event_type: None, effects: Vec::new() };
/// assert_eq!(root.count(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceNode {
    /// The event.
    pub id: EventId,
    /// What happened; `None` for an event that is known only as the cause of others.
    pub event_type: Option<EventType>,
    /// What it caused, by id.
    pub effects: Vec<TraceNode>,
}

impl TraceNode {
    /// How many events there are, this one and all that came of it.
    ///
    /// ```
    /// use tekup_core::{EventId, TraceNode};
    ///
    /// let leaf = || TraceNode { id: EventId::generate(), event_type: None, effects: Vec::new() };
    /// assert_eq!(TraceNode { effects: vec![leaf(), leaf()], ..leaf() }.count(), 3);
    /// ```
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.effects.iter().map(Self::count).sum::<usize>()
    }
}

impl EventBus {
    /// What came of what in one correlation of a tenant: by the correlation id that contexts, drafts and envelopes show.
    /// One that is not known, or not any more, has an empty trace.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the tenant's name breaks its rule, or the
    /// correlation id is empty or longer than 128 bytes; those of the store.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{EventBus, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadScored {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let bus = EventBus::in_memory("crm")?;
    /// let created = LeadCreated {}.event("acme").build()?;
    /// bus.publish(&created).await?;
    /// bus.publish(LeadScored {}.event("acme").caused_by(&created.envelope)).await?;
    ///
    /// let trace = bus.trace("acme", created.envelope.correlation_id()).await?;
    /// assert_eq!(trace.roots[0].id, created.envelope.id);
    /// assert_eq!(trace.roots[0].effects[0].event_type.as_ref().unwrap().as_str(), "lead.scored");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn trace<T>(&self, tenant: T, correlation: impl AsRef<str>) -> Result<Trace>
    where
        T: TryInto<TenantId>,
        Error: From<T::Error>,
    {
        let (tenant, correlation) = (tenant.try_into().map_err(Error::from)?, correlation.as_ref());
        if correlation.is_empty() || correlation.len() > LONGEST_CORRELATION {
            let message = format!(
                "correlation id `{}` has {} bytes: those of 1 to {LONGEST_CORRELATION} are traced",
                shown(correlation),
                correlation.len()
            );
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let known = self.0.transport.admin().trace(&tenant, correlation).await?;
        Ok(Trace { is_complete: known.len() < MOST_TRACED, roots: roots(known) })
    }
}

/// What is known, as trees. Each event stands once, also where a stranger made causes go round in a ring.
fn roots(known: Vec<Traced>) -> Vec<TraceNode> {
    let mut types = BTreeMap::new();
    let mut effects: BTreeMap<EventId, BTreeSet<EventId>> = BTreeMap::new();
    let mut heads = BTreeSet::new();
    for Traced { id, event_type, cause } in &known {
        types.insert(*id, event_type.clone());
        match cause.filter(|cause| cause != id) {
            Some(cause) => _ = effects.entry(cause).or_default().insert(*id),
            None => _ = heads.insert(*id),
        }
    }
    heads.extend(effects.keys().filter(|cause| !types.contains_key(*cause)));
    let mut left = Left { types, effects };
    let mut roots: Vec<TraceNode> = heads.into_iter().filter_map(|id| left.take(id)).collect();
    // What is left goes round in rings.
    while let Some(id) = left.types.keys().next().copied() {
        roots.extend(left.take(id));
    }
    roots
}

/// What is not in a tree yet.
struct Left {
    types: BTreeMap<EventId, EventType>,
    effects: BTreeMap<EventId, BTreeSet<EventId>>,
}

impl Left {
    /// The tree of an event; `None` if it is in one already. A chain may be as long as a trace, so this does not call
    /// itself.
    fn take(&mut self, id: EventId) -> Option<TraceNode> {
        let mut nodes: Vec<(Option<usize>, TraceNode)> = Vec::new();
        let mut next = vec![(None, id)];
        while let Some((cause, id)) = next.pop() {
            let (event_type, effects) = (self.types.remove(&id), self.effects.remove(&id));
            if event_type.is_some() || effects.is_some() {
                let at = nodes.len();
                next.extend(effects.into_iter().flatten().map(|effect| (Some(at), effect)));
                nodes.push((cause, TraceNode { id, event_type, effects: Vec::new() }));
            }
        }
        joined(nodes)
    }
}

/// One tree of nodes of which each stands behind its cause, whose place it names.
fn joined(mut nodes: Vec<(Option<usize>, TraceNode)>) -> Option<TraceNode> {
    while let Some((cause, mut node)) = nodes.pop() {
        node.effects.sort_by_key(|effect| effect.id);
        match cause.and_then(|cause| nodes.get_mut(cause)) {
            Some((_, cause)) => cause.effects.push(node),
            None => return Some(node),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids that ascend, and what causes what among them, by their places.
    fn known(causes: &[Option<usize>]) -> (Vec<EventId>, Vec<Traced>) {
        let mut ids: Vec<EventId> = (0..10).map(|_| EventId::generate()).collect();
        ids.sort();
        let event_type: EventType = "lead.scored".parse().unwrap();
        let traced = |(at, cause): (usize, &Option<usize>)| Traced {
            id: ids[at],
            event_type: event_type.clone(),
            cause: cause.map(|cause| ids[cause]),
        };
        let known = causes.iter().enumerate().map(traced).collect();
        (ids, known)
    }

    fn shape(ids: &[EventId], node: &TraceNode) -> String {
        let at = ids.iter().position(|id| *id == node.id).unwrap();
        let mark = if node.event_type.is_none() { "?" } else { "" };
        let effects: Vec<String> = node.effects.iter().map(|effect| shape(ids, effect)).collect();
        if effects.is_empty() { format!("{at}{mark}") } else { format!("{at}{mark}({})", effects.join(" ")) }
    }

    #[test]
    fn causes_and_effects_become_trees_in_which_each_event_stands_once() {
        let table: [(&[Option<usize>], &str); 8] = [
            (&[], ""),
            (&[None], "0"),
            (&[None, Some(0), Some(0), Some(1)], "0(1(3) 2)"),
            (&[Some(9), Some(9)], "9?(0 1)"),
            (&[Some(8), Some(9)], "8?(0) 9?(1)"),
            (&[Some(0)], "0"),
            (&[Some(1), Some(0), Some(1)], "0(1(2))"),
            (&[None, Some(2), Some(3), Some(1)], "0 1(3(2))"),
        ];
        for (causes, expected) in table {
            let (ids, known) = known(causes);
            let shapes: Vec<String> = roots(known).iter().map(|root| shape(&ids, root)).collect();
            assert_eq!(shapes.join(" "), expected, "{causes:?}");
        }
    }

    #[test]
    fn a_chain_of_as_many_events_as_are_traced_is_a_tree_like_any_other() {
        let mut known = Vec::new();
        let mut cause = None;
        for _ in 0..MOST_TRACED {
            let id = EventId::generate();
            known.push(Traced { id, event_type: "lead.scored".parse().unwrap(), cause });
            cause = Some(id);
        }
        let roots = roots(known);
        assert_eq!((roots.len(), roots[0].count()), (1, MOST_TRACED));
    }
}
