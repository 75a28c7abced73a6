//! What the derive stands on: the struct as far as an event needs it.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Attribute, Data, DeriveInput, Fields, GenericParam, Generics, Ident, LifetimeParam, Type};

use crate::{
    attrs::{self, Attributes},
    errors::Errors,
};

pub(crate) struct Model<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) generics: &'a Generics,
    pub(crate) data: &'a Data,
    attrs: &'a [Attribute],
    pub(crate) attributes: Attributes,
}

impl<'a> Model<'a> {
    pub(crate) fn of(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        let attributes = attrs::read(&input.attrs, errors);
        Self { name: &input.ident, generics: &input.generics, data: &input.data, attrs: &input.attrs, attributes }
    }

    /// Why the struct's name can't stand for its type, if it is such a struct.
    pub(crate) fn unnamed_kind(&self) -> Option<&'static str> {
        let Data::Struct(data) = self.data else { return None };
        let is_generic = self.generics.params.iter().any(|parameter| !matches!(parameter, GenericParam::Lifetime(_)));
        match data.fields {
            _ if is_generic => Some("generic"),
            Fields::Unnamed(_) => Some("tuple"),
            Fields::Unit => Some("unit"),
            Fields::Named(_) => None,
        }
    }

    pub(crate) fn is_struct(&self) -> bool {
        matches!(self.data, Data::Struct(_))
    }

    pub(crate) fn lifetimes(&self) -> impl Iterator<Item = &'a LifetimeParam> {
        self.generics.lifetimes()
    }

    /// The types of fields that hold a reference, but for those that serde is told to treat otherwise.
    pub(crate) fn references(&self) -> Vec<&'a Type> {
        let Data::Struct(data) = self.data else { return Vec::new() };
        let plain = data.fields.iter().filter(|field| !field.attrs.iter().any(|attr| attr.path().is_ident("serde")));
        plain.map(|field| &field.ty).filter(|of| has_reference(of.to_token_stream())).collect()
    }

    /// Whether rules for its data are written, which another derive checks.
    pub(crate) fn has_rules(&self) -> bool {
        let is_rule = |attribute: &Attribute| attribute.path().is_ident("garde");
        let Data::Struct(data) = self.data else { return false };
        self.attrs.iter().chain(data.fields.iter().flat_map(|field| &field.attrs)).any(is_rule)
    }

    /// `#[event(..)]` where it says nothing: on fields and variants.
    pub(crate) fn misplaced(&self) -> Vec<&'a Attribute> {
        let fields: Vec<&Attribute> = match self.data {
            Data::Struct(data) => data.fields.iter().flat_map(|field| &field.attrs).collect(),
            Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.attrs).collect(),
            Data::Union(data) => data.fields.named.iter().flat_map(|field| &field.attrs).collect(),
        };
        fields.into_iter().filter(|attribute| attrs::is_ours(attribute)).collect()
    }
}

fn has_reference(of: TokenStream) -> bool {
    of.into_iter().any(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == '&',
        TokenTree::Group(group) => has_reference(group.stream()),
        _ => false,
    })
}
