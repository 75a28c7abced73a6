//! The subscriptions that run in this process.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::core::Core;
use crate::{
    error::{Error, ErrorKind, Result, shown},
    health::Vitals,
    ids::{Pattern, SubscriptionId},
    runtime::{Running, Runtime},
    subscription::Settings,
    sync::lock,
};

#[derive(Default)]
pub(super) struct RunningSet(Mutex<State>);

#[derive(Default)]
struct State {
    closed: bool,
    by_name: BTreeMap<String, Entry>,
}

struct Entry {
    patterns: Vec<Pattern>,
    /// `None` while it is being opened.
    running: Option<Running>,
}

/// A name that is taken until its subscription runs, or has failed to.
pub(super) struct Seat<'a> {
    set: &'a RunningSet,
    name: String,
    kept: bool,
}

impl RunningSet {
    /// Takes the name of a subscription.
    pub(super) fn reserve(&self, settings: &Settings) -> Result<Seat<'_>> {
        let name = settings.name.to_string();
        let mut state = lock(&self.0);
        if state.closed {
            return Err(Core::closed());
        }
        if let Some(other) = state.by_name.get(&name) {
            let message = format!(
                "two subscriptions of this process are named `{name}`: one takes {:?}, the other {:?}; rename one of them",
                other.patterns, settings.patterns
            );
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        state.by_name.insert(name.clone(), Entry { patterns: settings.patterns.clone(), running: None });
        drop(state);
        Ok(Seat { set: self, name, kept: false })
    }

    pub(super) fn remove(&self, name: &str) -> Result<Running> {
        let mut state = lock(&self.0);
        let running = state.by_name.get_mut(name).and_then(|entry| entry.running.take());
        let Some(running) = running else {
            let names: Vec<_> = state.by_name.keys().map(String::as_str).collect();
            let message = format!("no subscription `{}` runs in this process: it runs {}", shown(name), listed(&names));
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        state.by_name.remove(name);
        Ok(running)
    }

    pub(super) fn ids(&self) -> Vec<SubscriptionId> {
        let state = lock(&self.0);
        state.by_name.values().filter_map(|entry| entry.running.as_ref()).map(|it| it.runtime.id().clone()).collect()
    }

    /// The subscription, if it runs here.
    pub(super) fn find(&self, id: &SubscriptionId) -> Option<Arc<Runtime>> {
        let state = lock(&self.0);
        let mut running = state.by_name.values().filter_map(|entry| entry.running.as_ref()).map(|it| &it.runtime);
        running.find(|runtime| runtime.id() == id).cloned()
    }

    /// What those that run say of themselves.
    pub(super) fn vitals(&self, lease: Duration) -> Vec<Vitals> {
        let state = lock(&self.0);
        state.by_name.values().filter_map(|entry| entry.running.as_ref()).map(|it| it.vitals(lease)).collect()
    }

    /// What those that run say of whether they still work.
    pub(super) fn liveness(&self, lease: Duration) -> Vec<Vitals> {
        let state = lock(&self.0);
        state.by_name.values().filter_map(|entry| entry.running.as_ref()).map(|it| it.liveness(lease)).collect()
    }

    /// How many deliveries each of those that run holds.
    pub(super) fn in_flight(&self) -> Vec<(SubscriptionId, u64)> {
        let state = lock(&self.0);
        let running = state.by_name.values().filter_map(|entry| entry.running.as_ref());
        running.map(|it| (it.runtime.id().clone(), it.runtime.in_flight())).collect()
    }

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.0).closed
    }

    /// No further subscription is taken; those that run are handed out to be stopped.
    pub(super) fn close(&self) -> Vec<Running> {
        let mut state = lock(&self.0);
        state.closed = true;
        std::mem::take(&mut state.by_name).into_values().filter_map(|entry| entry.running).collect()
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

impl Seat<'_> {
    /// Fills the seat; if the bus was shut down meanwhile, gives the subscription back to be stopped.
    pub(super) fn take(mut self, running: Running) -> Option<Running> {
        let mut state = lock(&self.set.0);
        match state.by_name.get_mut(&self.name) {
            Some(entry) => entry.running = Some(running),
            None => return Some(running),
        }
        self.kept = true;
        None
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if !self.kept {
            lock(&self.set.0).by_name.remove(&self.name);
        }
    }
}
