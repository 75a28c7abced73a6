use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use tekup_core::{Error, ErrorKind, Pattern, Result, ServiceName, SubscriptionName};

use super::{
    channels,
    message::{Direction, Message},
};
use crate::{Contract, Registry, canonical};

/// The document of one service: what it sends and receives, in the order in which names sort, so that two documents can be
/// compared line by line.
///
/// Mistakes are collected and told all at once, where the document is written.
///
/// ```
/// use tekup_contracts::{AsyncApi, Registry};
/// use tekup_events_crm as crm;
///
/// let registry = Registry::of([("crm", crm::descriptors().to_vec())])?;
/// let service = AsyncApi::of("lead-scoring", "1.4.0")
///     .description("Scores leads as they come in.")
///     .receives("scoring", "lead.created")
///     .sends("lead.scored");
///
/// let document: serde_json::Value = serde_json::from_str(&service.write(&registry)?)?;
/// assert_eq!(document["operations"]["send_lead.scored"]["action"], "send");
/// assert_eq!(document["operations"]["receive_scoring_lead.created"]["channel"]["$ref"], "#/channels/lead.created");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a document is not written until it is asked for"]
pub struct AsyncApi {
    service: String,
    version: String,
    description: Option<String>,
    sends: Vec<String>,
    receives: Vec<(String, String)>,
    server: Option<Value>,
    extensions: Map<String, Value>,
}

/// What is exchanged, looked up in a registry.
pub(super) struct Exchanges<'a> {
    pub(super) service: ServiceName,
    /// By event type.
    pub(super) sent: BTreeMap<&'a str, &'a Contract>,
    /// By subscription, and then by event type.
    pub(super) received: BTreeMap<SubscriptionName, Received<'a>>,
}

#[derive(Default)]
pub(super) struct Received<'a> {
    pub(super) patterns: BTreeSet<Pattern>,
    pub(super) contracts: BTreeMap<&'a str, &'a Contract>,
}

impl AsyncApi {
    /// That of a service which neither sends nor receives yet.
    ///
    /// The version is that of the service, as its team counts it.
    ///
    /// See [`AsyncApi`] for an example.
    pub fn of(service: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            version: version.into(),
            description: None,
            sends: Vec::new(),
            receives: Vec::new(),
            server: None,
            extensions: Map::new(),
        }
    }

    /// The name of the service.
    ///
    /// ```
    /// assert_eq!(tekup_contracts::AsyncApi::of("import", "1.0.0").service(), "import");
    /// ```
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// What the service is for, in a sentence or more; CommonMark.
    ///
    /// See [`AsyncApi`] for an example.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// The service publishes all registered events that a pattern takes.
    ///
    /// See [`AsyncApi`] for an example.
    pub fn sends(mut self, pattern: impl Into<String>) -> Self {
        self.sends.push(pattern.into());
        self
    }

    /// A subscription of the service takes all registered events that a pattern takes. Called again for one of the same
    /// name, it adds to it.
    ///
    /// See [`AsyncApi`] for an example.
    pub fn receives(mut self, subscription: impl Into<String>, pattern: impl Into<String>) -> Self {
        self.receives.push((subscription.into(), pattern.into()));
        self
    }

    /// Where the events go through: `host:port` of the server, without a user or a password, and its protocol.
    ///
    /// ```
    /// # use tekup_contracts::{AsyncApi, Registry};
    /// # let registry = Registry::of([("crm", tekup_events_crm::descriptors().to_vec())])?;
    /// let service = AsyncApi::of("import", "1.0.0").sends("lead.created").server("redis.example.com:6379", "redis");
    /// assert!(service.write(&registry)?.contains("\"host\": \"redis.example.com:6379\""));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn server(mut self, host: impl Into<String>, protocol: impl Into<String>) -> Self {
        self.server = Some(json!({"host": host.into(), "protocol": protocol.into()}));
        self
    }

    /// A field of the document that AsyncAPI does not know, such as how events lie in the store; its name begins with `x-`.
    ///
    /// ```
    /// # use tekup_contracts::{AsyncApi, Registry};
    /// # let registry = Registry::of([("crm", tekup_events_crm::descriptors().to_vec())])?;
    /// let service = AsyncApi::of("import", "1.0.0").sends("lead.created");
    /// assert!(service.clone().extension("x-owner", "sales").write(&registry).is_ok());
    /// assert!(service.extension("owner", "sales").write(&registry).is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn extension(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extensions.insert(name.into(), value.into());
        self
    }

    /// The document, with the newest version of each event.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] with every mistake at once: names and patterns that break their rules, a pattern that no
    /// event of the registry matches, a service that neither sends nor receives, a schema that refers to what is not in it.
    ///
    /// See [`AsyncApi`] for an example.
    pub fn write(&self, registry: &Registry) -> Result<String> {
        let exchanges = self.exchanges(registry)?;
        let messages = exchanges.messages();
        let mut document = self.extensions.clone();
        document.insert("asyncapi".into(), "3.0.0".into());
        document.insert("info".into(), self.info());
        document.insert("defaultContentType".into(), "application/json".into());
        document.insert("channels".into(), channels::channels(&messages));
        document.insert("operations".into(), channels::operations(&exchanges));
        document.insert("components".into(), super::message::components(&messages)?);
        if let Some(server) = &self.server {
            document.insert("servers".into(), json!({"bus": server}));
        }
        Ok(canonical::pretty(&document.into()))
    }

    fn info(&self) -> Value {
        let mut info = json!({"title": self.service, "version": self.version});
        if let Some(description) = &self.description {
            info["description"] = description.as_str().into();
        }
        info
    }

    fn exchanges<'a>(&self, registry: &'a Registry) -> Result<Exchanges<'a>> {
        let mut mistakes = Mistakes(Vec::new());
        let service = mistakes.keep(ServiceName::new(&self.service));
        mistakes.check(!self.version.trim().is_empty(), || {
            "version of the service is empty: write one, such as `1.0.0`".into()
        });
        for name in self.extensions.keys().filter(|name| !is_extension(name)) {
            mistakes.0.push(format!(
                "extension `{}` does not begin with `x-`: AsyncAPI knows no such field",
                name.escape_debug()
            ));
        }
        mistakes.check(!self.sends.is_empty() || !self.receives.is_empty(), || {
            format!("service `{}` neither sends nor receives: name at least one event", self.service.escape_debug())
        });
        let mut sent = BTreeMap::new();
        for pattern in &self.sends {
            let found = mistakes.keep(taken(registry, pattern));
            sent.extend(found.into_iter().flat_map(|(_, contracts)| contracts));
        }
        let mut received: BTreeMap<_, Received<'a>> = BTreeMap::new();
        for (name, pattern) in &self.receives {
            let name = mistakes.keep(SubscriptionName::new(name));
            let found = mistakes.keep(taken(registry, pattern));
            let (Some(name), Some((pattern, contracts))) = (name, found) else { continue };
            let known = received.entry(name).or_default();
            known.patterns.insert(pattern);
            known.contracts.extend(contracts);
        }
        match service {
            Some(service) if mistakes.0.is_empty() => Ok(Exchanges { service, sent, received }),
            _ => Err(Error::from_problems(ErrorKind::InvalidInput, mistakes.0)),
        }
    }
}

impl<'a> Exchanges<'a> {
    /// One for each event and direction, by event type.
    fn messages(&self) -> Vec<Message<'a>> {
        let received: BTreeMap<_, _> = self.received.values().flat_map(|it| it.contracts.clone()).collect();
        let sent = self.sent.values().map(|contract| Message { contract, direction: Direction::Sent });
        let received = received.into_values().map(|contract| Message { contract, direction: Direction::Received });
        sent.chain(received).collect()
    }
}

struct Mistakes(Vec<String>);

impl Mistakes {
    fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.0.extend_from_slice(error.problems())).ok()
    }

    fn check(&mut self, holds: bool, told: impl FnOnce() -> String) {
        if !holds {
            self.0.push(told());
        }
    }
}

/// The newest versions of the events that a pattern takes, by their types.
fn taken<'a>(registry: &'a Registry, pattern: &str) -> Result<(Pattern, BTreeMap<&'a str, &'a Contract>)> {
    let pattern = Pattern::new(pattern)?;
    let contracts = registry.newest().filter(|contract| pattern.matches(&contract.event_type));
    let contracts: BTreeMap<_, _> = contracts.map(|contract| (contract.event_type.as_str(), contract)).collect();
    if contracts.is_empty() {
        let known: Vec<&str> = registry.newest().map(|contract| contract.event_type.as_str()).collect();
        let known = if known.is_empty() { "none".into() } else { known.join(", ") };
        let message = format!("pattern `{pattern}` takes no registered event: they are {known}");
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    Ok((pattern, contracts))
}

/// `^x-[\w.-]+$`, the rule of AsyncAPI 3.0 ("Specification Extensions").
fn is_extension(name: &str) -> bool {
    let rest = name.strip_prefix("x-").unwrap_or_default();
    !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}
