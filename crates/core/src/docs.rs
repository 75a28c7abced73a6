//! Longer explanations than fit beside an item.

#[doc = include_str!("../docs/handlers.md")]
pub mod handlers {}
