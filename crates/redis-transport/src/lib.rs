//! The Tekup event bus on Redis.

mod index;
mod keys;
mod namespace;
mod partition;
#[cfg(test)]
mod testing;
