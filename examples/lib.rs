//! The programs are in the folders beside this file; this crate compiles and runs the examples of the README and of `docs`.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../docs/getting-started.md")]
mod getting_started {}

#[cfg(doctest)]
#[doc = include_str!("../docs/from-typescript.md")]
mod from_typescript {}

#[cfg(doctest)]
#[doc = include_str!("../docs/configuration.md")]
mod configuration {}
