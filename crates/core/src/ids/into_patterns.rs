use super::{EventType, Pattern, PatternBuilder};
use crate::error::{Error, ErrorKind, Problems, Result};

/// Which event types are taken: one pattern, or several of which one must match.
///
/// Sealed. It is a text, a [`Pattern`], an [`EventType`], a [`PatternBuilder`], or a `Vec` or an array of them.
///
/// ```
/// use tekup_core::{IntoPatterns, PatternBuilder, RawEvent, Subscription};
///
/// fn audit(patterns: impl IntoPatterns) -> Subscription<RawEvent> {
///     Subscription::matching("audit", patterns).handler(async |_: RawEvent, _| ())
/// }
///
/// for audit in [
///     audit("lead.*"),
///     audit(["lead.*", "*.completed"]),
///     audit(PatternBuilder::new().service("lead").category("completed")),
/// ] {
///     println!("{audit:?}");
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no pattern of event types",
    label = "no pattern",
    note = "give a text such as `\"lead.*\"`, a `Pattern`, a `PatternBuilder`, or a `Vec` or an array of them"
)]
pub trait IntoPatterns: Sealed {
    #[doc(hidden)]
    fn into_patterns(self) -> Result<Vec<Pattern>>;
}

/// Keeps the trait to this crate.
pub trait Sealed {}

macro_rules! one_pattern {
    ($($text:ty),*) => {$(
        impl Sealed for $text {}

        impl IntoPatterns for $text {
            fn into_patterns(self) -> Result<Vec<Pattern>> {
                Pattern::new(self).map(|pattern| vec![pattern])
            }
        }
    )*};
}

one_pattern!(&str, String, &String, EventType, &EventType);

impl Sealed for Pattern {}

impl IntoPatterns for Pattern {
    fn into_patterns(self) -> Result<Vec<Self>> {
        Ok(vec![self])
    }
}

impl Sealed for &Pattern {}

impl IntoPatterns for &Pattern {
    fn into_patterns(self) -> Result<Vec<Pattern>> {
        Ok(vec![self.clone()])
    }
}

impl Sealed for PatternBuilder {}

impl IntoPatterns for PatternBuilder {
    fn into_patterns(self) -> Result<Vec<Pattern>> {
        self.build()
    }
}

impl<P: IntoPatterns> Sealed for Vec<P> {}

impl<P: IntoPatterns> IntoPatterns for Vec<P> {
    fn into_patterns(self) -> Result<Vec<Pattern>> {
        all_of(self)
    }
}

impl<P: IntoPatterns, const N: usize> Sealed for [P; N] {}

impl<P: IntoPatterns, const N: usize> IntoPatterns for [P; N] {
    fn into_patterns(self) -> Result<Vec<Pattern>> {
        all_of(self)
    }
}

fn all_of<P: IntoPatterns>(several: impl IntoIterator<Item = P>) -> Result<Vec<Pattern>> {
    let mut problems = Problems::default();
    let found: Vec<_> = several.into_iter().filter_map(|one| problems.keep(one.into_patterns())).flatten().collect();
    problems.into_result(ErrorKind::InvalidInput)?;
    if found.is_empty() {
        let message = "list of patterns is empty, which takes no event: name one, such as `lead.*`, or `*` for all";
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    Ok(found)
}
