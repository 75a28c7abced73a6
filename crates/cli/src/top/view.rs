//! What is shown, and how.

use std::{cmp::Reverse, collections::HashMap};

use tekup_core::transport::Depth;

use super::{
    keys::Key,
    rates::Rates,
    sample::{Sample, Subscription, Tenant},
};

/// By what the list is sorted, the largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Waiting,
    Oldest,
    Dead,
    Name,
}

impl Order {
    const fn next(self) -> Self {
        match self {
            Self::Waiting => Self::Oldest,
            Self::Oldest => Self::Dead,
            Self::Dead => Self::Name,
            Self::Name => Self::Waiting,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Oldest => "oldest",
            Self::Dead => "dead",
            Self::Name => "name",
        }
    }
}

/// What is known, and what somebody wants to see of it.
#[derive(Debug)]
pub(super) struct View {
    /// Of the bus.
    pub(super) name: String,
    pub(super) sample: Option<Sample>,
    /// Why the last look has failed, if it has: then the sample is old.
    pub(super) trouble: Option<String>,
    pub(super) published: Rates,
    pub(super) handled: Rates,
    pub(super) failed: Rates,
    /// How fast each subscription handles.
    of: HashMap<String, Rates>,
    /// How fast the events of each tenant are handled.
    of_tenants: HashMap<String, Rates>,
    pub(super) order: Order,
    pub(super) shows_tenants: bool,
    pub(super) shows_help: bool,
    /// How many rows are scrolled past.
    pub(super) offset: usize,
    frozen: bool,
}

impl View {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            sample: None,
            trouble: None,
            published: Rates::default(),
            handled: Rates::default(),
            failed: Rates::default(),
            of: HashMap::new(),
            of_tenants: HashMap::new(),
            order: Order::Waiting,
            shows_tenants: false,
            shows_help: false,
            offset: 0,
            frozen: false,
        }
    }

    pub(super) const fn is_frozen(&self) -> bool {
        self.frozen
    }

    pub(super) fn press(&mut self, key: Key) {
        match key {
            Key::Sort => self.order = self.order.next(),
            Key::Other => (self.shows_tenants, self.offset) = (!self.shows_tenants, 0),
            Key::Freeze => self.frozen = !self.frozen,
            Key::Up => self.offset = self.offset.saturating_sub(1),
            Key::Down => self.offset = (self.offset + 1).min(self.rows().saturating_sub(1)),
            Key::Help => self.shows_help = !self.shows_help,
            Key::Quit | Key::Redraw => {}
        }
    }

    /// What the last look has found, or why it has failed.
    pub(super) fn take(&mut self, found: Result<Sample, String>) {
        let sample = match found {
            Ok(sample) => sample,
            Err(trouble) => return self.trouble = Some(trouble),
        };
        self.trouble = None;
        self.published.note(sample.at, sample.counters.published);
        self.handled.note(sample.at, sample.counters.handled);
        self.failed.note(sample.at, sample.counters.failed);
        self.of.retain(|name, _| sample.subscriptions.iter().any(|one| one.name == *name));
        for one in &sample.subscriptions {
            self.of.entry(one.name.clone()).or_default().note(sample.at, one.handled);
        }
        self.of_tenants.retain(|name, _| sample.tenants.iter().any(|one| one.name == *name));
        for one in &sample.tenants {
            if let Some(handled) = one.handled {
                self.of_tenants.entry(one.name.clone()).or_default().note(sample.at, handled);
            }
        }
        self.sample = Some(sample);
        self.offset = self.offset.min(self.rows().saturating_sub(1));
    }

    fn rows(&self) -> usize {
        let Some(sample) = &self.sample else { return 0 };
        if self.shows_tenants { sample.tenants.len() } else { sample.subscriptions.len() }
    }

    pub(super) fn rates_of(&self, name: &str) -> Option<&Rates> {
        self.of.get(name)
    }

    pub(super) fn rates_of_tenant(&self, name: &str) -> Option<&Rates> {
        self.of_tenants.get(name)
    }

    /// In their order.
    pub(super) fn subscriptions(&self) -> Vec<&Subscription> {
        let mut all: Vec<_> = self.sample.iter().flat_map(|sample| &sample.subscriptions).collect();
        all.sort_by(|a, b| self.rank(&a.depth, &a.name).cmp(&self.rank(&b.depth, &b.name)));
        all
    }

    /// In their order.
    pub(super) fn tenants(&self) -> Vec<&Tenant> {
        let mut all: Vec<_> = self.sample.iter().flat_map(|sample| &sample.tenants).collect();
        all.sort_by(|a, b| self.rank(&a.depth, &a.name).cmp(&self.rank(&b.depth, &b.name)));
        all
    }

    fn rank<'name>(&self, depth: &Depth, name: &'name str) -> (Reverse<u128>, &'name str) {
        let rank = match self.order {
            Order::Waiting => u128::from(depth.ready + depth.in_flight + depth.retrying),
            Order::Oldest => depth.oldest.map_or(0, |oldest| oldest.as_nanos()),
            Order::Dead => depth.dead.into(),
            Order::Name => 0,
        };
        (Reverse(rank), name)
    }
}
