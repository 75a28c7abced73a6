use std::collections::{BTreeMap, BTreeSet};

use tekup_core::{Error, ErrorKind, Pattern, Result, ServiceName, SubscriptionName};

use super::{
    message::{Direction, Message},
    service::AsyncApi,
};
use crate::{Contract, Registry};

/// What a service sends and receives, looked up in a registry.
pub(super) struct Exchanges<'a> {
    pub(super) service: ServiceName,
    pub(super) sent: ByType<'a>,
    pub(super) received: BTreeMap<SubscriptionName, Received<'a>>,
}

/// The newest version of each event, by its type.
type ByType<'a> = BTreeMap<&'a str, &'a Contract>;

#[derive(Default)]
pub(super) struct Received<'a> {
    pub(super) patterns: BTreeSet<Pattern>,
    pub(super) contracts: ByType<'a>,
}

impl<'a> Exchanges<'a> {
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with every mistake.
    pub(super) fn of(service: &AsyncApi, registry: &'a Registry) -> Result<Self> {
        let mut mistakes = Mistakes(Vec::new());
        let name = mistakes.keep(ServiceName::new(&service.service));
        mistakes.look_at(service);
        let sent = sent(service, registry, &mut mistakes);
        let received = received(service, registry, &mut mistakes);
        match name {
            Some(service) if mistakes.0.is_empty() => Ok(Self { service, sent, received }),
            _ => Err(Error::from_problems(ErrorKind::InvalidInput, mistakes.0)),
        }
    }

    /// One for each event, or two where it is not the same both ways.
    pub(super) fn messages(&self) -> Vec<Message<'a>> {
        let sent = self.sent.values().map(|contract| Message::of(contract, Direction::Sent));
        let received = self.received.values().flat_map(|it| it.contracts.values());
        let received = received.map(|contract| Message::of(contract, Direction::Received));
        let by_key: BTreeMap<String, _> = sent.chain(received).map(|message| (message.key(), message)).collect();
        by_key.into_values().collect()
    }
}

fn sent<'a>(service: &AsyncApi, registry: &'a Registry, mistakes: &mut Mistakes) -> ByType<'a> {
    let found = service.sends.iter().filter_map(|pattern| mistakes.keep(taken(registry, pattern)));
    found.flat_map(|(_, contracts)| contracts).collect()
}

fn received<'a>(
    service: &AsyncApi,
    registry: &'a Registry,
    mistakes: &mut Mistakes,
) -> BTreeMap<SubscriptionName, Received<'a>> {
    let mut received: BTreeMap<_, Received<'a>> = BTreeMap::new();
    for (name, pattern) in &service.receives {
        let (name, found) = (mistakes.keep(SubscriptionName::new(name)), mistakes.keep(taken(registry, pattern)));
        let (Some(name), Some((pattern, contracts))) = (name, found) else { continue };
        let known = received.entry(name).or_default();
        known.patterns.insert(pattern);
        known.contracts.extend(contracts);
    }
    received
}

/// The events that a pattern takes.
fn taken<'a>(registry: &'a Registry, pattern: &str) -> Result<(Pattern, ByType<'a>)> {
    let pattern = Pattern::new(pattern)?;
    let all = registry.newest().map(|contract| (contract.event_type.as_str(), contract));
    let contracts: ByType<'a> = all.filter(|(event_type, _)| pattern.matches(event_type)).collect();
    if !contracts.is_empty() {
        return Ok((pattern, contracts));
    }
    let known: Vec<&str> = registry.newest().map(|contract| contract.event_type.as_str()).collect();
    let known = if known.is_empty() { "none".into() } else { known.join(", ") };
    let message = format!("pattern `{pattern}` takes no registered event: they are {known}");
    Err(Error::new(ErrorKind::InvalidInput, message))
}

struct Mistakes(Vec<String>);

impl Mistakes {
    fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.0.extend_from_slice(error.problems())).ok()
    }

    fn look_at(&mut self, service: &AsyncApi) {
        if service.version.trim().is_empty() {
            self.0.push("version of the service is empty: write one, such as `1.0.0`".into());
        }
        let unknown = service.extensions.keys().filter(|name| !is_extension(name));
        self.0.extend(unknown.map(|name| {
            format!("extension `{}` does not begin with `x-`: AsyncAPI knows no such field", name.escape_debug())
        }));
        if service.server.as_ref().is_some_and(|server| server["host"] == "") {
            self.0.push("server has no host: write `host:port`, or leave it out where it is a socket".into());
        }
        if service.sends.is_empty() && service.receives.is_empty() {
            let name = service.service.escape_debug();
            self.0.push(format!("service `{name}` neither sends nor receives: name at least one event"));
        }
    }
}

/// `^x-[\w.-]+$`, the rule of AsyncAPI 3.0 ("Specification Extensions").
fn is_extension(name: &str) -> bool {
    let rest = name.strip_prefix("x-").unwrap_or_default();
    !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}
