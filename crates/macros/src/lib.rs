//! `#[derive(TekupEvent)]`: makes a struct an event of the bus.
//!
//! Not used by itself: `tekup-core` re-exports the derive beside the trait of the same name. See
//! [the derive](macro@TekupEvent) for all that it takes.

mod attrs;
mod check;
mod errors;
mod expand;
mod key;
mod model;
mod name;
mod rule;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

use crate::{errors::Errors, model::Model};

/// Makes a struct an event: data that the bus can publish, hand to handlers, and describe.
///
/// Derive it beside serde's two traits and schemars' one. The struct's serde attributes decide the wire form.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use tekup_core::{Priority, TekupEvent};
///
/// #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TekupEvent)]
/// #[serde(rename_all = "camelCase")]
/// #[event(type = "invoice.paid", version = "1.1.0", priority = "high")]
/// pub struct InvoicePaid {
///     pub invoice_id: String,
///     pub amount: f64,
/// }
///
/// assert_eq!(InvoicePaid::TYPE, "invoice.paid");
/// assert_eq!(InvoicePaid::VERSION, "1.1.0");
/// assert_eq!(InvoicePaid::PRIORITY, Priority::High);
///
/// let event = InvoicePaid { invoice_id: "i-1".into(), amount: 12.0 }.event("tenant-123").user("user-456").build()?;
/// assert_eq!(event.to_raw()?.json(), r#"{"invoiceId":"i-1","amount":12}"#);
/// # Ok::<(), tekup_core::Error>(())
/// ```
///
/// # The attribute
///
/// `#[event(..)]` stands above the struct, once or several times. All keys are optional, each may be given once, and
/// each but `audit` takes a string literal.
///
/// | key | takes | default |
/// |---|---|---|
/// | `type` | two or more words joined by `.`, at most 128 bytes; a word is `[a-z][a-z0-9]*(-[a-z0-9]+)*` | from the name |
/// | `version` | three numbers `major.minor.patch` | `1.0.0` |
/// | `priority` | `low`, `medium`, `high` or `critical`: of events that are published without one | `medium` |
/// | `upcasts` | the struct of the major version before: see [older versions](#older-versions) | none |
/// | `audit` | nothing: the envelope of each published event is recorded, never its data | not recorded |
/// | `crate` | the path of `tekup-core`, where it is renamed or re-exported | `::tekup_core` |
///
/// ## The type from the name
///
/// Each word of the name becomes a word of the type. An acronym is one word, and digits stay with the word before them.
/// Write `type` where a word should hold `-`, and on generic, tuple and unit structs, whose names tell too little.
///
/// ```
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use tekup_core::TekupEvent;
/// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
/// struct LeadCreated {
///     score: f64,
/// }
///
/// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
/// struct HTTP2StreamOpened {}
///
/// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
/// #[event(type = "buying-signal.detected")]
/// struct BuyingSignalDetected {}
///
/// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
/// #[event(type = "clock.ticked")]
/// struct Tick;
///
/// assert_eq!(LeadCreated::TYPE, "lead.created");
/// assert_eq!(HTTP2StreamOpened::TYPE, "http2.stream.opened");
/// assert_eq!(BuyingSignalDetected::TYPE, "buying-signal.detected");
/// assert_eq!(Tick::TYPE, "clock.ticked");
/// ```
///
/// ## A renamed crate
///
/// ```
/// extern crate tekup_core as bus;
///
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// use bus::TekupEvent;
///
/// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
/// #[event(crate = "bus")]
/// struct LeadCreated {}
///
/// assert_eq!(LeadCreated::TYPE, "lead.created");
/// ```
///
/// # Rules
///
/// Rules for the data are written for the `garde` crate, whose derive stands beside this one. They are checked where the
/// event is published and where it is read; all that are broken are told at once, by the names of the fields on the wire.
///
/// Those that JSON Schema knows stand in the schema too: `range`, `length`, `pattern`, `email` and `url`, but no rule of
/// your own. `length` counts bytes here and characters there: write `length(chars, ..)`. Rules of a part are checked if the
/// field that holds it says `#[garde(dive)]`, and the struct around it derives `Validate`.
///
/// ```
/// use garde::Validate;
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use tekup_core::{ErrorKind, TekupEvent};
///
/// #[derive(Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
/// struct SignalDetected {
///     #[garde(length(min = 1))]
///     signal_id: String,
///     #[garde(range(min = 0.0, max = 1.0))]
///     confidence: f64,
/// }
///
/// let event = SignalDetected { signal_id: String::new(), confidence: 1.5 }.event("acme").build()?;
/// let error = event.to_json().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Invalid);
/// assert_eq!(error.problems().len(), 2);
/// assert_eq!(SignalDetected::descriptor().schema().pointer("/properties/confidence/maximum").unwrap(), 1.0);
/// # Ok::<(), tekup_core::Error>(())
/// ```
///
/// # Older versions
///
/// An event of the same major version is read, whatever its minor is. An older major is read if its struct is named, and
/// says how it becomes this one: by `From`, or by `TryFrom` where it may not (the text of its error is stored and logged, so
/// it must not hold data). Name the one before; those before it are named there. Written again, the event has this version. What a handler does not read is dead-lettered as `unknown_version`, with its bytes.
///
/// ```
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use tekup_core::{RawEvent, TekupEvent};
/// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
/// #[event(type = "contact.added", version = "1.2.0")]
/// struct ContactAddedV1 {
///     name: String,
/// }
///
/// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
/// #[event(version = "2.0.0", upcasts = "ContactAddedV1")]
/// struct ContactAdded {
///     names: Vec<String>,
/// }
///
/// impl From<ContactAddedV1> for ContactAdded {
///     fn from(old: ContactAddedV1) -> Self {
///         Self { names: old.name.split(' ').map(String::from).collect() }
///     }
/// }
///
/// let stored = ContactAddedV1 { name: "Ada Lovelace".into() }.event("acme").build()?.to_raw()?;
/// assert_eq!(stored.decode::<ContactAdded>()?.data.names, ["Ada", "Lovelace"]);
/// # Ok::<(), tekup_core::Error>(())
/// ```
///
/// # Generic events
///
/// A parameter may be any type that could be data itself: `Serialize`, `DeserializeOwned`, `JsonSchema`, `Send`, `Sync`
/// and `'static`. What serde asks besides, such as `Default` for a field with `#[serde(default)]`, belongs on the struct.
/// The type is one for all parameters; where readers have to tell them apart, write a struct for each.
///
/// ```
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use tekup_core::TekupEvent;
/// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
/// #[event(type = "setting.changed")]
/// struct SettingChanged<T: Default> {
///     #[serde(default)]
///     before: T,
///     after: T,
/// }
///
/// let event = SettingChanged { before: 1, after: 2 }.event("acme").build()?;
/// assert_eq!(event.to_raw()?.decode::<SettingChanged<u8>>()?.data.after, 2);
/// # Ok::<(), tekup_core::Error>(())
/// ```
///
/// # Mistakes
///
/// All are reported at once, each where it was made, and say what to write. An event holds its data itself, so a struct
/// with a lifetime is refused:
///
/// ```compile_fail
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
/// # use tekup_core::TekupEvent;
/// #[derive(Serialize, Deserialize, JsonSchema, TekupEvent)]
/// #[event(type = "lead.created")]
/// struct LeadCreated<'a> {
///     lead_id: &'a str, // write `String`
/// }
/// ```
///
/// Enums and unions are refused too: one struct is one event.
#[proc_macro_derive(TekupEvent, attributes(event))]
pub fn derive(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let mut errors = Errors::default();
    let model = Model::of(&input, &mut errors);
    let checked = check::check(&model, &mut errors);
    // The impl is written even where a mistake was made, so that each use of the event is not one more.
    let (errors, event) = (errors.into_tokens(), expand::expand(&model, &checked));
    quote!(#errors #event).into()
}
