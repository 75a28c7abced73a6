use serde_json::{Map, Value, json};
use tekup_core::Result;

use super::{channels, exchanges::Exchanges, message};
use crate::{Registry, canonical};

/// What a service sends and receives, as an [AsyncAPI](https://www.asyncapi.com) 3.0 document: other languages generate
/// their types from it.
///
/// Each event is a channel of its own, whose address is its type. A message's payload is the whole event, envelope and data,
/// in AsyncAPI's own dialect of JSON Schema, which extends draft-07. What is particular to this bus stands in fields that
/// begin with `x-tekup-`. Names stand in the order in which they sort, so that two documents can be compared line by line.
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
    pub(super) service: String,
    pub(super) version: String,
    description: Option<String>,
    pub(super) sends: Vec<String>,
    /// Subscriptions, and what they take.
    pub(super) receives: Vec<(String, String)>,
    pub(super) server: Option<Value>,
    pub(super) extensions: Map<String, Value>,
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

    /// Where the events go through: `host:port` or `host:port/path` of the server, without a user or a password, and its
    /// protocol.
    ///
    /// ```
    /// # use tekup_contracts::{AsyncApi, Registry};
    /// # let registry = Registry::of([("crm", tekup_events_crm::descriptors().to_vec())])?;
    /// let service = AsyncApi::of("import", "1.0.0").sends("lead.created").server("redis.example.com:6379", "redis");
    /// assert!(service.write(&registry)?.contains("\"host\": \"redis.example.com:6379\""));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn server(mut self, host: impl Into<String>, protocol: impl Into<String>) -> Self {
        let address = host.into();
        let (host, path) = address.split_at(address.find('/').unwrap_or(address.len()));
        let mut server = json!({"host": host, "protocol": protocol.into()});
        if !path.is_empty() {
            server["pathname"] = path.into();
        }
        self.server = Some(server);
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
    /// [`ErrorKind::InvalidInput`](tekup_core::ErrorKind::InvalidInput) with every mistake at once: names and patterns that break their rules, a pattern that no
    /// event of the registry matches, a service that neither sends nor receives, a schema that refers to what is not in it.
    ///
    /// See [`AsyncApi`] for an example.
    pub fn write(&self, registry: &Registry) -> Result<String> {
        let exchanges = Exchanges::of(self, registry)?;
        let messages = exchanges.messages();
        let mut document = self.extensions.clone();
        document.insert("asyncapi".into(), "3.0.0".into());
        document.insert("info".into(), self.info());
        document.insert("defaultContentType".into(), "application/json".into());
        document.insert("channels".into(), channels::channels(&messages));
        document.insert("operations".into(), channels::operations(&exchanges));
        document.insert("components".into(), message::components(&messages)?);
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
}
