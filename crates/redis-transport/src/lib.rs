//! The Tekup event bus on Redis.

mod admin;
mod index;
mod keys;
mod namespace;
mod partition;

pub use admin::RedisAdmin;

#[cfg(test)]
mod testing;
