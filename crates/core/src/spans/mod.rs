//! Spans of what is published and handled, by `tracing`, named and linked as the messaging conventions of OpenTelemetry
//! (1.44) say.
//!
//! | span | around | kind | linked to |
//! |---|---|---|---|
//! | `send` | a call that publishes | producer; client if its events carry a context of their own | that, or each `create` |
//! | `create` | an event of a batch | producer | |
//! | `process` | an attempt of a handler | consumer | the context that each event carries |
//!
//! A `send` of a batch of which the store refused some events says so, with the kind of the first.
//!
//! Ids are on the spans always, so that lines which are logged within carry them. What only a tracing system asks for is
//! said where a [`Propagator`] is in use.

mod context;
mod process;
mod propagator;
mod send;

use std::{fmt, sync::OnceLock};

use tracing::Span;

pub use self::{context::TraceContext, propagator::Propagator};
pub(crate) use self::{
    process::Processing,
    send::{Desk, Made},
};
use crate::{
    envelope::Envelope,
    error::{Error, ErrorKind, Result},
};

/// The spans of one bus.
pub(crate) struct Spans {
    system: &'static str,
    /// Where the store is, and its port.
    server: Option<(String, Option<u16>)>,
    propagator: OnceLock<Box<dyn Propagator>>,
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans").field("system", &self.system).finish_non_exhaustive()
    }
}

impl Spans {
    pub(crate) fn new(system: &'static str, server: Option<(String, Option<u16>)>) -> Self {
        Self { system, server, propagator: OnceLock::new() }
    }

    pub(crate) fn use_propagator(&self, propagator: impl Propagator) -> Result<()> {
        let known = || Error::new(ErrorKind::Conflict, "the bus has a propagator already: give it one, once");
        self.propagator.set(Box::new(propagator)).map_err(|_| known())
    }

    pub(crate) fn propagator(&self) -> Option<&dyn Propagator> {
        self.propagator.get().map(AsRef::as_ref)
    }

    /// The context that an event carries, where somebody asks for it.
    pub(crate) fn carried_by(&self, envelope: &Envelope) -> Option<TraceContext> {
        self.propagator.get().and_then(|_| envelope.trace_context())
    }

    /// Says of a span that it failed: by a word that stands for the kind of failure, and in words.
    pub(crate) fn failed(&self, span: &Span, error_type: &str, told: impl fmt::Display) {
        if self.propagator.get().is_some() && !span.is_disabled() {
            span.record("error.type", error_type);
            span.record("otel.status_description", told.to_string());
        }
    }

    /// What the conventions ask for beside ids; nothing, where nobody listens.
    fn facts<'a>(&self, operation: &'static str, event_type: impl FnOnce() -> Option<&'a str>) -> Facts<'_> {
        if self.propagator.get().is_none() {
            return Facts::default();
        }
        let name = event_type().map_or_else(|| operation.to_owned(), |name| format!("{operation} {name}"));
        let server = self.server.as_ref();
        Facts {
            name: Some(name),
            system: Some(self.system),
            operation: Some(operation),
            address: server.map(|(address, _)| address.as_str()),
            port: server.and_then(|(_, port)| *port).map(i64::from),
        }
    }
}

#[derive(Default)]
struct Facts<'a> {
    name: Option<String>,
    system: Option<&'static str>,
    operation: Option<&'static str>,
    address: Option<&'a str>,
    port: Option<i64>,
}
