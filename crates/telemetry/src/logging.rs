use std::io::{self, Write};

use tekup_core::{Environment, Error, ErrorKind, Result, Timestamp};
use tracing::{
    Event, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::MakeWriter,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    format::Format,
    line::{Fields, Line},
    subject::{SPANS, Subject, is_of_the_bus, is_span_of_the_bus},
};

/// Writes what is logged to the standard output from now on, as the environment says: `LOG_LEVEL` or `RUST_LOG`, and
/// `LOG_FORMAT`. See [`Logging`] for the lines; use that where there is more to be set up.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] with every variable that says something wrong; [`ErrorKind::Conflict`] if this program logs
/// already, by a call of this or otherwise.
///
/// ```
/// tekup_telemetry::init_logging()?;
/// assert!(tekup_telemetry::init_logging().is_err());
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub fn init_logging() -> Result<()> {
    let logging = Logging::from_environment(&Environment::of_process())?;
    install(tracing_subscriber::registry().with(logging.layer(io::stdout)))
}

pub(crate) fn install(subscriber: impl Subscriber + Send + Sync + 'static) -> Result<()> {
    subscriber.try_init().map_err(|cause| {
        let message = "this program logs already: set logging up once, where it starts";
        Error::new(ErrorKind::Conflict, message).with_source(cause)
    })
}

/// What is logged, and how lines are written.
///
/// A line has a time, a level, a target and a message, then fields. What is logged while an event is published or handled
/// carries `event.id`, `event.type`, `tenant` and `correlation`, and for a handler `subscription` and `attempt`; of a batch
/// handler `subscription`, `events` and, if all are of one, `event.type`. These are there whatever the filter says of the
/// bus. In JSON they stand beside the message, and all other fields within `fields`:
///
/// ```text
/// 2026-11-30T13:20:11.402Z  INFO scoring: scored score=75 event.id=… event.type=lead.created tenant=acme correlation=import-7 …
/// {"timestamp":"…","level":"INFO","target":"scoring","message":"scored","event.id":"…",…,"fields":{"score":75}}
/// ```
///
/// Whatever [steers](tekup_core::text::steers) the text around it, such as the end of a line, is written as `\n` or
/// `\u001b`. In text a value with blanks stands in quotes, and so does a value or a message with `=`, `"`, `\` or what is
/// escaped: nothing that somebody sent in can be taken for a field.
///
/// ```
/// use tekup_core::Environment;
/// use tekup_telemetry::Logging;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let logging = Logging::from_environment(&Environment::of([("LOG_LEVEL", "warn"), ("LOG_FORMAT", "json")]))?;
/// let subscriber = tracing_subscriber::registry().with(logging.layer(std::io::stderr));
/// tracing::subscriber::with_default(subscriber, || tracing::warn!("disk is nearly full"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Logging {
    filter: EnvFilter,
    format: Format,
}

impl Logging {
    /// What `LOG_LEVEL`, `RUST_LOG` and `LOG_FORMAT` say.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] with every variable that says something wrong.
    ///
    /// ```
    /// use tekup_core::Environment;
    /// use tekup_telemetry::Logging;
    ///
    /// let wrong = Environment::of([("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml")]);
    /// assert_eq!(Logging::from_environment(&wrong).unwrap_err().problems().len(), 2);
    /// ```
    pub fn from_environment(environment: &Environment) -> Result<Self> {
        let mut problems = Vec::new();
        let mut keep = |wrong: Error| problems.extend_from_slice(wrong.problems());
        let filter = filter(environment).map_err(&mut keep).ok();
        let format = format(environment).map_err(&mut keep).ok();
        match (filter, format) {
            (Some(filter), Some(format)) => Ok(Self { filter, format }),
            _ => Err(Error::from_problems(ErrorKind::InvalidConfig, problems)),
        }
    }

    /// A layer that writes the lines, to be added to a subscriber.
    ///
    /// See [`Logging`] for an example.
    pub fn layer<S, W>(self, writer: W) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        Writing { format: self.format, writer }.with_filter(self.filter)
    }
}

fn filter(environment: &Environment) -> Result<EnvFilter> {
    let wrong = |name: &str, what: &str, value: &str| {
        Error::new(ErrorKind::InvalidConfig, format!("{name} is `{}`: {what}", value.escape_debug()))
    };
    let filter = if let Some(directives) = environment.get("RUST_LOG") {
        let what = "write directives, such as `info,my_service=debug`";
        EnvFilter::builder()
            .parse(directives)
            .map_err(|cause| wrong("RUST_LOG", what, directives).with_source(cause))?
    } else {
        let level = environment.get("LOG_LEVEL").unwrap_or("info");
        let what = "write `off`, `error`, `warn`, `info`, `debug` or `trace`";
        let level: LevelFilter = level.parse().map_err(|_| wrong("LOG_LEVEL", what, level))?;
        EnvFilter::builder().with_default_directive(level.into()).parse_lossy("")
    };
    // Without the spans of the bus a line would not say which event it is about.
    match format!("{SPANS}=info").parse() {
        Ok(spans) => Ok(filter.add_directive(spans)),
        Err(_) => Ok(filter),
    }
}

fn format(environment: &Environment) -> Result<Format> {
    let Some(name) = environment.get("LOG_FORMAT") else { return Ok(Format::default()) };
    name.parse().map_err(|wrong: Error| {
        let message = format!("LOG_FORMAT is `{}`: {wrong}", name.escape_debug());
        Error::new(ErrorKind::InvalidConfig, message)
    })
}

/// The layer.
struct Writing<W> {
    format: Format,
    writer: W,
}

impl<S, W> Layer<S> for Writing<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        // Another of these layers may have been there.
        span.extensions_mut().replace(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut subject = subject_of(event, &context, &mut fields);
        if is_of_the_bus(metadata) {
            subject.take_from(&mut fields);
        }
        let line = Line { at: Timestamp::now(), metadata, subject, fields }.written(self.format);
        // There is no one to tell that a line can't be written.
        let _written = self.writer.make_writer_for(metadata).write_all(line.as_bytes());
    }
}

/// What the nearest span of the bus says; what other spans say is added to the fields.
fn subject_of<S>(event: &Event<'_>, context: &Context<'_, S>, fields: &mut Fields) -> Subject
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut subject = None;
    for span in context.event_scope(event).into_iter().flatten() {
        let extensions = span.extensions();
        let Some(known) = extensions.get::<Fields>() else { continue };
        if !is_span_of_the_bus(span.metadata()) {
            fields.surround(known);
        } else if subject.is_none() {
            subject = Some(Subject::of_span(known));
        }
    }
    subject.unwrap_or_default()
}
