//! What a service sends and receives, as an [AsyncAPI](https://www.asyncapi.com) 3.0 document: other languages generate
//! their types from it.
//!
//! Each event is a channel of its own, whose address is its type. A message's payload is the whole event, envelope and data;
//! its schema is written in AsyncAPI's own dialect, a superset of JSON Schema draft-07, which every tool reads. What is
//! particular to this bus stands in fields that begin with `x-tekup-`.

mod channels;
mod message;
mod payload;
mod schemas;
mod service;

pub use service::AsyncApi;
