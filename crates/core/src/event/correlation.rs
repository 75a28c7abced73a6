use crate::{
    envelope::{Envelope, Metadata},
    error::{Problems, Result, shown},
    ids::EventId,
    timestamp::Timestamp,
    transport::LONGEST_CORRELATION,
};

/// Which chain of causes events belong to, and which workflow and session: metadata of the TypeScript package.
///
/// An effect inherits the correlation id of its cause. (There, each such metadata gets a new one.) In a handler
/// [`Context::publish`](crate::Context::publish) names cause and correlation by itself.
///
/// Ids of correlations, workflows and sessions have 1 to 128 bytes; mistakes are told where a draft is built or published.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{Correlation, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct ProposalCreated {}
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadConverted {}
/// let onboarding = Correlation::new().workflow("onboarding").session("sess-1");
/// let cause = ProposalCreated {}.event("acme").correlated(onboarding).build()?;
///
/// let effect = LeadConverted {}.event("acme").correlated(Correlation::caused_by(&cause.envelope)).build()?;
/// assert_eq!(effect.envelope.correlation_id(), cause.envelope.correlation_id());
/// assert_eq!(effect.envelope.cause(), Some(cause.envelope.id));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a correlation does nothing until a draft is given it"]
pub struct Correlation {
    id: String,
    cause: Option<EventId>,
    workflow: Option<String>,
    session: Option<String>,
    timestamp: Timestamp,
    problems: Problems,
}

impl Correlation {
    /// The begin of a chain, with an id that no other has.
    ///
    /// ```
    /// use tekup_core::Correlation;
    /// assert_ne!(Correlation::new().id(), Correlation::new().id());
    /// ```
    pub fn new() -> Self {
        Self::of(EventId::generate().to_string(), None)
    }

    /// The place behind an event: in its chain or, where it names none, in the chain that it begins, whose id is its own.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Correlation, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let first = LeadCreated {}.event("acme").build()?;
    /// assert_eq!(Correlation::caused_by(&first.envelope).id(), first.envelope.id.to_string());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn caused_by(cause: &Envelope) -> Self {
        Self::of(cause.correlation_id(), Some(cause.id))
    }

    fn of(id: String, cause: Option<EventId>) -> Self {
        let (timestamp, problems) = (Timestamp::now(), Problems::default());
        Self { id, cause, workflow: None, session: None, timestamp, problems }
    }

    /// The workflow that the events are steps of.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Correlation, TekupEvent};
    /// # #[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let nameless = LeadCreated {}.event("acme").correlated(Correlation::new().workflow(""));
    /// assert!(nameless.build().unwrap_err().to_string().contains("workflow id"));
    /// ```
    pub fn workflow(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        check("workflow", &id, &mut self.problems);
        self.workflow = Some(id);
        self
    }

    /// The session of a user in which it happened.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::{Correlation, TekupEvent};
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let event = LeadCreated {}.event("acme").correlated(Correlation::new().session("sess-1")).build()?;
    /// assert_eq!(event.envelope.metadata.get::<String>("sessionId")?.as_deref(), Some("sess-1"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn session(mut self, id: impl Into<String>) -> Self {
        let id = id.into();
        check("session", &id, &mut self.problems);
        self.session = Some(id);
        self
    }

    /// The correlation id: what [`EventBus::trace`](crate::EventBus::trace) asks for.
    ///
    /// ```
    /// use tekup_core::Correlation;
    /// let import = Correlation::new();
    /// println!("following import {}", import.id());
    /// ```
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn fields(&self) -> Result<Metadata> {
        let mut fields = Metadata::default();
        fields.link(&self.id, self.cause)?;
        for (name, id) in [("workflowId", &self.workflow), ("sessionId", &self.session)] {
            id.as_ref().map_or(Ok(()), |id| fields.insert(name, id))?;
        }
        fields.insert("timestamp", self.timestamp)?;
        Ok(fields)
    }

    pub(super) fn problems(&self) -> &Problems {
        &self.problems
    }
}

impl Default for Correlation {
    fn default() -> Self {
        Self::new()
    }
}

/// The rule of ids that people choose for what events have in common.
pub(super) fn check(what: &str, id: &str, problems: &mut Problems) {
    problems.check((1..=LONGEST_CORRELATION).contains(&id.len()), || {
        format!("{what} id `{}` has {} bytes: use 1 to {LONGEST_CORRELATION}", shown(id), id.len())
    });
}
