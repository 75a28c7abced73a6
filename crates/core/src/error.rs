//! One error type for the whole bus.
//!
//! An [`Error`] says *what kind* of thing went wrong ([`ErrorKind`], stable and matchable), whether the same call may
//! succeed later ([`Error::is_retryable`]), every mistake that was found ([`Error::problems`]) and, where another
//! library reported it first, that library's error as [`std::error::Error::source`].

use std::{fmt, sync::Arc};

/// Any error that can cross a thread: what handlers and drivers return.
///
/// ```
/// let error: tekup_core::BoxError = "the ledger is closed".into();
/// assert_eq!(error.to_string(), "the ledger is closed");
/// ```
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The result of every fallible call of the bus.
///
/// ```
/// fn tenant(text: &str) -> tekup_core::Result<tekup_core::TenantId> {
///     tekup_core::TenantId::new(text)
/// }
/// assert!(tenant("tenant-123").is_ok());
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong. Match on this; print the [`Error`].
///
/// ```
/// use tekup_core::{ErrorKind, TenantId};
///
/// let error = TenantId::new("").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// assert_eq!(error.kind().code(), "invalid_input");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A name, an id, a pattern or a setting given in code breaks a rule.
    InvalidInput,
    /// A setting read from a file or the environment breaks a rule.
    InvalidConfig,
    /// An event, its metadata or a batch is larger than the configured limit.
    TooLarge,
    /// Bytes are not the envelope or the data that they should be.
    Undecodable,
    /// The event's data can't be written as JSON.
    Unencodable,
    /// The event's data has the right shape, and breaks a rule of its type.
    Invalid,
    /// The event was written at a version of its type that this program does not read.
    UnknownVersion,
    /// No subscription, event or dead letter has that name or id.
    NotFound,
    /// Two things of one process claim the same name, two deploys of one revision disagree, or an operation runs already.
    Conflict,
    /// A tenant's handle was asked for something of another tenant.
    TenantMismatch,
    /// The store is full or a limit is reached: nothing was stored.
    Backpressure,
    /// The server can't be reached or is not ready.
    Unavailable,
    /// The server refused the credentials or lacks a permission.
    Denied,
    /// The delivery belongs to another process by now.
    LeaseLost,
    /// What the subscription reads from has vanished from the store, and can't be made anew; or it was removed for good
    /// while this replica was frozen or cut off.
    SubscriptionLost,
    /// The transport declares that it can't do this.
    Unsupported,
    /// The bus or the subscription has been shut down.
    Closed,
    /// What is stored was written with other fixed settings, such as another partition count.
    Incompatible,
    /// The store answered something that it never should.
    Internal,
}

impl ErrorKind {
    /// A stable code to search for in logs and documentation.
    ///
    /// ```
    /// assert_eq!(tekup_core::ErrorKind::Backpressure.code(), "backpressure");
    /// ```
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::InvalidConfig => "invalid_config",
            Self::TooLarge => "too_large",
            Self::Undecodable => "undecodable",
            Self::Unencodable => "unencodable",
            Self::Invalid => "invalid",
            Self::UnknownVersion => "unknown_version",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::TenantMismatch => "tenant_mismatch",
            Self::Backpressure => "backpressure",
            Self::Unavailable => "unavailable",
            Self::Denied => "denied",
            Self::LeaseLost => "lease_lost",
            Self::SubscriptionLost => "subscription_lost",
            Self::Unsupported => "unsupported",
            Self::Closed => "closed",
            Self::Incompatible => "incompatible",
            Self::Internal => "internal",
        }
    }

    const fn is_retryable(self) -> bool {
        matches!(self, Self::Backpressure | Self::Unavailable)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An error of the bus.
///
/// Displays as one line: what was wrong, with which input, and what to do. Secrets and payloads are never in it.
///
/// ```
/// use tekup_core::TenantId;
///
/// let error = TenantId::new("acme:*").unwrap_err();
/// assert!(error.to_string().starts_with("tenant `acme:*`"));
/// assert!(!error.is_retryable());
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    problems: Vec<String>,
    source: Option<BoxError>,
}

impl Error {
    /// An error of a kind, with a message that names the input, says what is wrong and what to do.
    ///
    /// Transports make their errors with it.
    ///
    /// ```
    /// use tekup_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Unavailable, "the server is loading its data; try again shortly");
    /// assert!(error.is_retryable());
    /// ```
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::from_problems(kind, vec![message.into()])
    }

    /// An error that reports several mistakes at once, in the order in which they were found.
    ///
    /// ```
    /// use tekup_core::{Error, ErrorKind};
    ///
    /// let error = Error::from_problems(ErrorKind::InvalidInput, vec!["a is 0".into(), "b is empty".into()]);
    /// assert_eq!(error.to_string(), "2 mistakes: (1) a is 0; (2) b is empty");
    /// ```
    #[must_use]
    pub fn from_problems(kind: ErrorKind, problems: Vec<String>) -> Self {
        Self(Box::new(Inner { kind, problems, source: None }))
    }

    /// The same error with more mistakes.
    pub(crate) fn and(mut self, problems: &[String]) -> Self {
        self.0.problems.extend_from_slice(problems);
        self
    }

    /// Keeps the error that caused this one.
    ///
    /// ```
    /// use std::error::Error as _;
    /// use tekup_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Unavailable, "no answer").with_source(std::fmt::Error);
    /// assert!(error.source().is_some());
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error for each of those whom one call has failed.
    pub(crate) fn shared(self, count: usize) -> impl Iterator<Item = Self> {
        let shared = Arc::new(self);
        std::iter::repeat_with(move || {
            let error = Self::from_problems(shared.kind(), shared.problems().to_vec());
            let has_source = shared.0.source.is_some();
            if has_source { error.with_source(SharedSource(Arc::clone(&shared))) } else { error }
        })
        .take(count)
    }

    /// What kind of thing went wrong.
    ///
    /// ```
    /// use tekup_core::{Error, ErrorKind};
    /// assert_eq!(Error::new(ErrorKind::Closed, "the bus is shut down").kind(), ErrorKind::Closed);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may succeed later without a change by the caller.
    ///
    /// ```
    /// use tekup_core::{Error, ErrorKind};
    /// assert!(Error::new(ErrorKind::Backpressure, "memory is full").is_retryable());
    /// assert!(!Error::new(ErrorKind::NotFound, "no such event").is_retryable());
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }

    /// Every mistake that was found: at least one.
    ///
    /// ```
    /// use tekup_core::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::InvalidInput, "the name is empty");
    /// assert_eq!(error.problems(), ["the name is empty"]);
    /// ```
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.0.problems
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.problems.as_slice() {
            [one] => f.write_str(one),
            many => {
                write!(f, "{} mistakes:", many.len())?;
                for (index, problem) in many.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ";" };
                    write!(f, "{comma} ({}) {problem}", index + 1)?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.0.kind).field("problems", &self.0.problems);
        if let Some(source) = &self.0.source {
            out.field("source", source);
        }
        out.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// The source of an error that several have.
#[derive(Debug)]
struct SharedSource(Arc<Error>);

impl fmt::Display for SharedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.0.source.as_ref().map_or(Ok(()), |source| source.fmt(f))
    }
}

impl std::error::Error for SharedSource {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.0.source.as_ref().and_then(|source| source.source())
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// Collects mistakes, so that they can be reported all at once.
#[derive(Debug, Default, Clone)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    pub(crate) fn push(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    /// Keeps the value, or the error's mistakes.
    pub(crate) fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.0.extend(error.0.problems)).ok()
    }

    pub(crate) fn extend_from(&mut self, others: impl IntoIterator<Item = String>) {
        self.0.extend(others);
    }

    pub(crate) fn extend(&mut self, others: &Self) {
        self.0.extend_from_slice(&others.0);
    }

    /// Takes over others' mistakes, each with whose it is.
    pub(crate) fn extend_of(&mut self, whose: &str, others: &Self) {
        self.0.extend(others.0.iter().map(|told| format!("{whose}: {told}")));
    }

    pub(crate) fn check(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.0.push(problem());
        }
    }

    pub(crate) fn into_result(self, kind: ErrorKind) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::from_problems(kind, self.0)) }
    }
}

/// Input as an error may show it: escaped, and cut after 64 characters.
pub(crate) fn shown(input: &str) -> String {
    crate::text::shown(input, 64)
}

/// A text on one line, cut after so many characters.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    let line = |c: char| if crate::text::steers(c) { ' ' } else { c };
    let cut: String = text.chars().take(longest).map(line).collect();
    if text.chars().nth(longest).is_some() { cut + "…" } else { cut }
}
