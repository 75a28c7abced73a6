//! The Tekup event bus on Redis.
