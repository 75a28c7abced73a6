//! The Tekup event bus on Redis.

mod admin;
mod config;
mod connection;
mod error;
mod index;
mod keys;
mod namespace;
mod partition;
mod publisher;
mod renewal;
mod scripts;
mod server;
mod source;
#[cfg(test)]
mod testing;
mod transport;

pub use admin::RedisAdmin;
pub use config::RedisConfig;
pub use source::RedisSource;
pub use transport::RedisTransport;
