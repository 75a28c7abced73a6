//! The Tekup event bus on Redis.

mod config;
mod connection;
mod error;
mod scripts;
mod server;

pub use config::RedisConfig;
