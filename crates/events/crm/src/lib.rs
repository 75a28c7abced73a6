//! The lead events.
