//! What operators ask of the server itself.

mod partitions;
mod server;

pub use partitions::PartitionFacts;
pub use server::{Memory, Persistence, ServerFacts};
