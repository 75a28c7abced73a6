//! The Tekup event bus on Redis.

mod config;
mod connection;
mod error;
mod index;
mod keys;
mod namespace;
mod partition;
mod scripts;
mod server;
#[cfg(test)]
mod testing;

pub use config::RedisConfig;
