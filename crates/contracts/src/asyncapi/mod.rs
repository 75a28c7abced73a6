//! AsyncAPI 3.0: what a service sends and receives, told to other languages.

mod channels;
mod exchanges;
mod message;
mod payload;
mod schemas;
mod service;

pub use service::AsyncApi;
