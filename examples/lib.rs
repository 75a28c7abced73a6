//! The programs are in the folders beside this file; this crate compiles and runs the examples of the README and of the
//! document on configuration.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../docs/configuration.md")]
mod configuration {}
