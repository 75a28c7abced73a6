//! What the derive writes.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Generics, Path, WherePredicate, parse_quote, spanned::Spanned as _};

use crate::{check::Checked, model::Model};

pub(crate) fn expand(model: &Model<'_>, checked: &Checked) -> TokenStream {
    let Checked { event_type, version, priority, upcasts, audit, crate_path, has_data } = checked;
    let name = model.name;
    let generics = bounded(model.generics, crate_path);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let functions = if *has_data { functions(model, crate_path) } else { stand_ins(crate_path) };
    let upcast = upcasts.as_ref().filter(|_| *has_data).map(|old| upcast(old, crate_path));
    let violations = (*has_data && model.has_rules()).then(|| violations(crate_path));
    let registered = (*has_data && model.generics.params.is_empty()).then(|| registered(model, checked));
    quote! {
        #registered
        #[automatically_derived]
        #[allow(deprecated)]
        impl #impl_generics #crate_path::TekupEvent for #name #type_generics #where_clause {
            const TYPE: &'static ::core::primitive::str = #event_type;
            const VERSION: &'static ::core::primitive::str = #version;
            const PRIORITY: #crate_path::Priority = #crate_path::Priority::#priority;
            const AUDIT: ::core::primitive::bool = #audit;
            #upcast
            #violations
            #functions
        }
    }
}

/// Notes the event, where the feature for that is on; nothing where it is off.
fn registered(model: &Model<'_>, checked: &Checked) -> TokenStream {
    let Checked { event_type, version, priority, audit, crate_path, .. } = checked;
    let event = model.name;
    quote! {
        #[allow(deprecated)]
        const _: () = {
            #crate_path::__private::register! {
                event_type: #event_type,
                version: #version,
                priority: #crate_path::Priority::#priority,
                audit: #audit,
                schema: <#event as #crate_path::__private::Describable>::schema,
            }
        };
    }
}

/// The generics, with what their parameters owe the event that they stand in.
fn bounded(generics: &Generics, crate_path: &Path) -> Generics {
    let parameters = generics.type_params().map(|parameter| {
        let name = &parameter.ident;
        parse_quote!(#name: #crate_path::__private::Data)
    });
    // A lifetime is refused; with this the stand-in compiles, so that nothing else is reported.
    let lifetimes = generics.lifetimes().map(|parameter| {
        let lifetime = &parameter.lifetime;
        parse_quote!(#lifetime: 'static)
    });
    let predicates: Vec<WherePredicate> = lifetimes.chain(parameters).collect();
    let mut bounded = generics.clone();
    if !predicates.is_empty() {
        bounded.make_where_clause().predicates.extend(predicates);
    }
    bounded
}

/// A missing derive is reported where `Self` stands, so it stands at the struct's name, and in bodies: a bound would
/// take the impl away and be reported again at each use of the event.
fn functions(model: &Model<'_>, crate_path: &Path) -> TokenStream {
    let private = quote!(#crate_path::__private);
    let event = quote_spanned!(model.name.span()=> Self);
    let read = quote!(<#event as #private::Readable>);
    bodies(
        crate_path,
        &quote!(<#event as #private::Describable>::schema(__contract)),
        &quote!(<#event as #private::Writable>::write(self, __envelope)),
        &quote!(#read::read(__json)),
        &quote!(#read::decode(__data)),
    )
}

/// Spanned at the path of the older version, where a missing conversion is reported.
fn upcast(old: &Path, crate_path: &Path) -> TokenStream {
    let private = quote!(#crate_path::__private);
    let conversion = quote_spanned!(old.span()=> <Self as #private::Upcasts<#old>>::upcast(__version, __data));
    let told =
        "`upcasts` names no older version of this event: its struct needs the same `type` and a lower major `version`";
    let older = quote_spanned!(old.span()=> const { ::core::assert!(#private::is_older::<#old, Self>(), #told) });
    quote! {
        fn __upcast(
            __version: &#private::SchemaVersion,
            __data: &::core::primitive::str,
        ) -> ::core::option::Option<#private::Result<Self>> {
            #older;
            ::core::option::Option::Some(#conversion)
        }
    }
}

/// Rules are written for the `garde` crate, which is the user's own dependency.
fn violations(crate_path: &Path) -> TokenStream {
    let private = quote!(#crate_path::__private);
    quote! {
        fn __violations(&self) -> #private::Problems {
            match ::garde::Validate::validate(self) {
                ::core::result::Result::Ok(()) => #private::Problems::new(),
                ::core::result::Result::Err(report) => {
                    #private::violations::<Self>(::core::iter::Iterator::map(report.iter(), |(path, told)| {
                        (path as &dyn ::core::fmt::Display, told as &dyn ::core::fmt::Display)
                    }))
                }
            }
        }
    }
}

fn stand_ins(crate_path: &Path) -> TokenStream {
    let never = quote!(::core::unreachable!());
    bodies(crate_path, &never, &never, &never, &never)
}

fn bodies(
    crate_path: &Path,
    schema: &TokenStream,
    write: &TokenStream,
    read: &TokenStream,
    decode: &TokenStream,
) -> TokenStream {
    let private = quote!(#crate_path::__private);
    quote! {
        fn __schema(__contract: #private::Contract) -> #private::Schema {
            #schema
        }
        fn __write(&self, __envelope: &#crate_path::Envelope) -> #private::Result<#private::Json> {
            #write
        }
        fn __read(__json: &[::core::primitive::u8]) -> #private::Result<#crate_path::Event<Self>> {
            #read
        }
        fn __decode(__data: &::core::primitive::str) -> #private::Result<Self> {
            #decode
        }
    }
}
