//! Switches that only tests use: what breaks without a safeguard shows that the safeguard is needed.

/// A protection that [`RedisTransport::__connect_without`](crate::RedisTransport::__connect_without) leaves out.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safeguard {
    /// What a dead replica held is taken over.
    Sweep,
    /// Only who holds a delivery may retry it, give it up or hand it back.
    Fence,
    /// What was not started is handed back by a replica that stops.
    HandBack,
    /// What is taken over counts as started only when it is.
    StartOneByOne,
}
