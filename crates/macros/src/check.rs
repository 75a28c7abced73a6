//! Every rule that an event keeps, one function each. A rule that is broken is reported, and a stand-in goes on.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::{Data, LitStr, Path, ext::IdentExt as _, parse::Parser as _, parse_quote};

use crate::{
    attrs::Setting,
    errors::{Errors, shown},
    model::Model,
    name, rule,
};

/// What the expansion needs.
pub(crate) struct Checked {
    pub(crate) event_type: String,
    pub(crate) version: String,
    /// A variant of the runtime's enum.
    pub(crate) priority: Ident,
    /// The struct of the version before.
    pub(crate) upcasts: Option<Path>,
    /// Whether the envelope of each event is recorded.
    pub(crate) audit: bool,
    pub(crate) crate_path: Path,
    /// Whether the event can be written and read at all; if not, that is reported.
    pub(crate) has_data: bool,
}

pub(crate) fn check(model: &Model<'_>, errors: &mut Errors) -> Checked {
    let is_struct = is_a_struct(model, errors);
    let owns_its_data = owns_its_data(model, errors);
    stands_on_the_struct(model, errors);
    Checked {
        event_type: event_type(model, errors).unwrap_or_else(|| "an.event".into()),
        version: version(&model.attributes.version, errors),
        priority: priority(&model.attributes.priority, errors),
        upcasts: upcasts(&model.attributes.upcasts, errors),
        audit: model.attributes.audit,
        crate_path: crate_path(&model.attributes.crate_path, errors),
        has_data: is_struct && owns_its_data,
    }
}

fn is_a_struct(model: &Model<'_>, errors: &mut Errors) -> bool {
    let told = "`TekupEvent` is for structs: write one struct for each event";
    match model.data {
        Data::Struct(_) => {}
        Data::Enum(data) => errors.at(data.enum_token, format!("{told}, and keep an enum as a field of it")),
        Data::Union(data) => errors.at(data.union_token, told),
    }
    model.is_struct()
}

fn owns_its_data(model: &Model<'_>, errors: &mut Errors) -> bool {
    let told = "`TekupEvent` is for owned data, as an event outlives what it is made from: write";
    for lifetime in model.lifetimes() {
        let name = &lifetime.lifetime;
        errors.at(lifetime, format!("{told} owned fields such as `String`, without `{name}`"));
    }
    if model.lifetimes().next().is_some() {
        return false;
    }
    for reference in model.references() {
        errors.at(reference, format!("{told} an owned type such as `String`"));
    }
    model.references().is_empty()
}

fn stands_on_the_struct(model: &Model<'_>, errors: &mut Errors) {
    for attribute in model.misplaced() {
        errors.at(attribute, "`#[event(..)]` says nothing here: write it above the struct");
    }
}

fn event_type(model: &Model<'_>, errors: &mut Errors) -> Option<String> {
    match &model.attributes.event_type {
        Setting::Given(text) => written_type(text, errors),
        Setting::Absent if model.is_struct() => type_of_the_name(model, errors),
        Setting::Absent | Setting::Broken => None,
    }
}

fn written_type(text: &LitStr, errors: &mut Errors) -> Option<String> {
    let value = text.value();
    let Some(broken) = rule::broken_by(&value) else { return Some(value) };
    let advice = match rule::nearest_type(&value) {
        Some(nearest) => format!("write `type = \"{nearest}\"`"),
        None => "write two or more words of lower-case letters, digits and inner `-`, joined by `.`, such as `type = \"lead.created\"`".into(),
    };
    errors.at(text, format!("`type` in `#[event(..)]` {broken}: {advice}"));
    None
}

fn type_of_the_name(model: &Model<'_>, errors: &mut Errors) -> Option<String> {
    let name = model.name.unraw().to_string();
    let made = name::event_type(&name);
    let (reason, example) = match (model.unnamed_kind(), made) {
        (None, Ok(event_type)) => return Some(event_type),
        (None, Err(broken)) => (format!("the name `{}` says no event type: {broken}", shown(&name)), None),
        (Some(kind), made) => (format!("a {kind} struct's name says no event type"), made.ok()),
    };
    let example = example.as_deref().unwrap_or("lead.created");
    errors.at(model.name, format!("{reason}; write it: `#[event(type = \"{example}\")]`"));
    None
}

fn version(setting: &Setting, errors: &mut Errors) -> String {
    let default = || "1.0.0".into();
    let Setting::Given(text) = setting else { return default() };
    let value = text.value();
    if rule::is_version(&value) {
        return value;
    }
    let told = format!(
        "`version` in `#[event(..)]` is \"{}\": write three numbers `major.minor.patch`, such as `version = \"1.0.0\"`",
        shown(&value)
    );
    errors.at(text, told);
    default()
}

fn priority(setting: &Setting, errors: &mut Errors) -> Ident {
    let default = || format_ident!("Medium");
    let Setting::Given(text) = setting else { return default() };
    let variant = match text.value().as_str() {
        "low" => "Low",
        "medium" => "Medium",
        "high" => "High",
        "critical" => "Critical",
        other => {
            let told = format!(
                "`priority` in `#[event(..)]` is \"{}\": write `low`, `medium`, `high` or `critical`",
                shown(other)
            );
            errors.at(text, told);
            return default();
        }
    };
    Ident::new(variant, Span::call_site())
}

fn upcasts(setting: &Setting, errors: &mut Errors) -> Option<Path> {
    let Setting::Given(text) = setting else { return None };
    let read = text.parse().ok();
    if read.is_none() {
        let told = format!(
            "`upcasts` in `#[event(..)]` is \"{}\": write the struct of the version before, such as `upcasts = \"LeadCreatedV1\"`",
            shown(&text.value())
        );
        errors.at(text, told);
    }
    read
}

fn crate_path(setting: &Setting, errors: &mut Errors) -> Path {
    let default = || parse_quote!(::tekup_core);
    let Setting::Given(text) = setting else { return default() };
    text.parse_with(Path::parse_mod_style).unwrap_or_else(|_| {
        let (value, guess) = (text.value(), text.value().replace('-', "_"));
        let guessed = Path::parse_mod_style.parse_str(&guess);
        let told = format!(
            "`crate` in `#[event(..)]` is \"{}\": write the path of the renamed crate, such as `crate = \"{}\"`",
            shown(&value),
            if guessed.is_ok() { guess.as_str() } else { "tekup_core" }
        );
        errors.at(text, told);
        guessed.unwrap_or_else(|_| default())
    })
}
