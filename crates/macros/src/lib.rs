//! `#[derive(TekupEvent)]`.

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

/// Derives.
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
