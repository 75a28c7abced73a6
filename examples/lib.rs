//! The programs are in the folders beside this file; this crate compiles and runs the examples of the README.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
