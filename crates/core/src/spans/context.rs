use std::{borrow::Cow, fmt};

use crate::{
    envelope::{Envelope, Metadata},
    error::Result,
};

const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";

/// Version, trace id, span id and flags, with their dashes.
const LENGTH: usize = 55;
const MOST_MEMBERS: usize = 32;
const LONGEST_STATE: usize = 512;
const SAMPLED: u8 = 1;

/// Where an event stands in a distributed trace: the W3C's `traceparent` and `tracestate`, which an event carries as fields
/// of its metadata.
///
/// Displays as the `traceparent`.
///
/// ```
/// use tekup_core::TraceContext;
///
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context = TraceContext::parse(text, "vendor=1").unwrap();
/// assert_eq!(context.span_id(), 0x00f0_67aa_0ba9_02b7);
/// assert_eq!(context.to_string(), text);
/// assert!(TraceContext::parse("00-0-0-00", "").is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
    state: String,
}

impl TraceContext {
    /// A context of its parts; `None` if one of the ids is zero, which stands for none.
    ///
    /// ```
    /// use tekup_core::TraceContext;
    /// assert!(TraceContext::new(7, 1, 1).is_some());
    /// assert!(TraceContext::new(7, 0, 1).is_none());
    /// ```
    #[must_use]
    pub fn new(trace_id: u128, span_id: u64, flags: u8) -> Option<Self> {
        (trace_id != 0 && span_id != 0).then(|| Self { trace_id, span_id, flags, state: String::new() })
    }

    /// What the two headers say; `None` if the `traceparent` is not as the W3C says. A `tracestate` of more than 32 members
    /// or 512 bytes, or with other than printable ASCII, is left out.
    ///
    /// ```
    /// use tekup_core::TraceContext;
    /// let of_a_later_version = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more";
    /// assert!(TraceContext::parse(of_a_later_version, "").unwrap().is_sampled());
    /// ```
    #[must_use]
    pub fn parse(traceparent: &str, tracestate: &str) -> Option<Self> {
        let (known, rest) = traceparent.split_at_checked(LENGTH)?;
        let mut parts = known.split('-');
        let mut next = |digits: usize| parts.next().filter(|part| part.len() == digits).and_then(hex);
        let (version, trace_id, span_id, flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
        let is_whole = match version {
            0 => rest.is_empty(),
            0xff => false,
            // What a later version adds stands behind another dash.
            _ => rest.is_empty() || rest.starts_with('-'),
        };
        if !is_whole {
            return None;
        }
        let flags = u8::try_from(flags).ok()?;
        // Of a later version only this one flag is known.
        let flags = if version == 0 { flags } else { flags & SAMPLED };
        Self::new(trace_id, u64::try_from(span_id).ok()?, flags).map(|context| context.with_state(tracestate))
    }

    /// With what vendors say of the trace; nothing, where that is more than is passed on.
    ///
    /// ```
    /// use tekup_core::TraceContext;
    /// let context = TraceContext::new(7, 1, 1).unwrap();
    /// assert_eq!(context.clone().with_state("vendor=1").state(), "vendor=1");
    /// assert_eq!(context.with_state("v=".repeat(500)).state(), "");
    /// ```
    #[must_use]
    pub fn with_state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into()).filter(|state| is_passed_on(state)).unwrap_or_default();
        self
    }

    /// The trace's id: not zero.
    ///
    /// ```
    /// assert_eq!(tekup_core::TraceContext::new(7, 1, 0).unwrap().trace_id(), 7);
    /// ```
    #[must_use]
    pub fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// The id of the span in which the event was created: not zero.
    ///
    /// ```
    /// assert_eq!(tekup_core::TraceContext::new(7, 1, 0).unwrap().span_id(), 1);
    /// ```
    #[must_use]
    pub fn span_id(&self) -> u64 {
        self.span_id
    }

    /// The flags, as they are written.
    ///
    /// ```
    /// assert_eq!(tekup_core::TraceContext::new(7, 1, 1).unwrap().flags(), 1);
    /// ```
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether the publisher records the trace.
    ///
    /// ```
    /// assert!(!tekup_core::TraceContext::new(7, 1, 0).unwrap().is_sampled());
    /// ```
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The `tracestate`; empty where there is none.
    ///
    /// ```
    /// assert_eq!(tekup_core::TraceContext::new(7, 1, 0).unwrap().state(), "");
    /// ```
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

impl Envelope {
    /// The trace that the event was created in, if its metadata names one. What is there and makes no sense counts as
    /// absent.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let event = LeadCreated {}.event("acme").metadata("traceparent", traceparent).build()?;
    /// assert_eq!(event.envelope.trace_context().unwrap().to_string(), traceparent);
    /// assert!(LeadCreated {}.event("acme").build()?.envelope.trace_context().is_none());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn trace_context(&self) -> Option<TraceContext> {
        let text = |name| self.metadata.get::<String>(name).ok().flatten();
        TraceContext::parse(&text(PARENT)?, &text(STATE).unwrap_or_default())
    }
}

impl Envelope {
    /// The same with a trace context, where one is given.
    pub(crate) fn traced(&self, context: Option<&TraceContext>) -> Result<Cow<'_, Self>> {
        let Some(context) = context else { return Ok(Cow::Borrowed(self)) };
        let mut traced = self.clone();
        traced.metadata.trace(context)?;
        Ok(Cow::Owned(traced))
    }
}

impl Metadata {
    /// Says in which trace the event was created, instead of what was said of that before.
    fn trace(&mut self, context: &TraceContext) -> Result<()> {
        self.insert(PARENT, context.to_string())?;
        if context.state.is_empty() {
            self.0.remove(STATE);
            return Ok(());
        }
        self.insert(STATE, &context.state)
    }
}

/// A number in hexadecimal digits, none of which is a capital letter.
fn hex(digits: &str) -> Option<u128> {
    let is_lower = digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    is_lower.then(|| u128::from_str_radix(digits, 16).ok()).flatten()
}

fn is_passed_on(state: &str) -> bool {
    let is_printable = state.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    state.len() <= LONGEST_STATE && is_printable && state.split(',').count() <= MOST_MEMBERS
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn read(traceparent: &str) -> Option<String> {
        TraceContext::parse(traceparent, "").map(|context| context.to_string())
    }

    #[test]
    fn a_traceparent_is_read_as_the_w3c_says() {
        for (text, read_as) in [
            (format!("00-{TRACE}-{SPAN}-01"), format!("00-{TRACE}-{SPAN}-01")),
            (format!("00-{TRACE}-{SPAN}-00"), format!("00-{TRACE}-{SPAN}-00")),
            (format!("00-{TRACE}-{SPAN}-ff"), format!("00-{TRACE}-{SPAN}-ff")),
            (format!("01-{TRACE}-{SPAN}-03"), format!("00-{TRACE}-{SPAN}-01")),
            (format!("fe-{TRACE}-{SPAN}-02-later-parts"), format!("00-{TRACE}-{SPAN}-00")),
            (format!("cc-{TRACE}-{SPAN}-01-"), format!("00-{TRACE}-{SPAN}-01")),
        ] {
            assert_eq!(read(&text), Some(read_as), "{text}");
        }
    }

    #[test]
    fn what_is_no_traceparent_is_none() {
        for text in [
            String::new(),
            "-".repeat(LENGTH),
            TRACE.into(),
            format!("00-{}-{SPAN}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{}-01", SPAN.to_uppercase()),
            format!("00-{TRACE}-{SPAN}-0A"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("000-{TRACE}-{SPAN}-1"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01-later"),
            format!("cc-{TRACE}-{SPAN}-01later"),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01\n"),
            format!("00_{TRACE}_{SPAN}_01"),
            format!("00-+{}-{SPAN}-01", &TRACE[1..]),
            format!("00-{}-{SPAN}-01", &TRACE[..30]) + "ab",
            format!("00-{TRACE}-{SPAN}-{}", "1".repeat(100_000)),
            "é".repeat(40),
            format!("{}é-{SPAN}-01", &format!("00-{TRACE}")[..33]),
        ] {
            assert_eq!(read(&text), None, "{text}");
        }
    }

    #[test]
    fn every_cut_and_every_other_byte_is_read_or_refused_without_harm() {
        let whole = format!("00-{TRACE}-{SPAN}-01");
        for at in 0..whole.len() {
            assert_eq!(read(&whole[..at]), None);
            for byte in 0..=0x7f_u8 {
                let mut changed = whole.clone().into_bytes();
                changed[at] = byte;
                let changed = String::from_utf8(changed).unwrap();
                let known = read(&changed);
                assert!(known.is_none_or(|known| known[..2] == *"00" && known.len() == LENGTH), "{changed}");
            }
        }
    }

    #[test]
    fn a_tracestate_is_kept_whole_or_not_at_all() {
        let members = |count: usize| (0..count).map(|member| format!("v{member}=1")).collect::<Vec<_>>().join(",");
        for (state, is_kept) in [
            ("vendor=1, other=2".to_owned(), true),
            (members(32), true),
            (members(33), false),
            ("v".repeat(512), true),
            ("v".repeat(513), false),
            ("v=\u{1b}[2J".into(), false),
            ("v=é".into(), false),
            ("v=1\nw=2".into(), false),
        ] {
            let context = TraceContext::new(7, 1, 1).unwrap().with_state(&state);
            assert_eq!(context.state(), if is_kept { state.as_str() } else { "" });
        }
    }

    #[test]
    fn an_envelope_says_its_trace_whatever_was_there_before() {
        let mut envelope = crate::RawEvent::parse(
            r#"{"id":"018f6c9a-0000-7000-8000-000000000016","type":"lead.created","tenantId":"acme",
            "timestamp":"2025-09-14T10:15:30.123Z","data":{},
            "metadata":{"traceparent":7,"tracestate":"old=1","source":"csv"}}"#,
        )
        .unwrap()
        .envelope()
        .clone();
        assert_eq!(envelope.trace_context(), None);
        for state in ["new=1", ""] {
            let context = TraceContext::new(7, 1, 1).unwrap().with_state(state);
            envelope.metadata.trace(&context).unwrap();
            assert_eq!(envelope.trace_context(), Some(context));
        }
        assert_eq!(envelope.metadata.names().collect::<Vec<_>>(), ["traceparent", "source"]);
    }
}
