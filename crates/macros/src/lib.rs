//! `#[derive(TekupEvent)]`.
use proc_macro::TokenStream;
/// Derives.
#[proc_macro_derive(TekupEvent, attributes(event))]
pub fn derive(_: TokenStream) -> TokenStream {
    TokenStream::new()
}
