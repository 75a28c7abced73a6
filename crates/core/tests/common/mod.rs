//! What the tests of the bus share.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

pub mod ailing;

use std::{future::Future, sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::{BusConfig, EventBus, Result, TekupEvent, memory::MemoryTransport, transport::DeadLetter};
use tokio::sync::{Mutex, mpsc};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[event(type = "lead.created", priority = "medium")]
pub struct LeadCreated {
    pub lead_id: String,
    pub score: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TekupEvent)]
#[event(type = "lead.scored", priority = "high")]
pub struct LeadScored {
    pub score: f64,
}

pub fn lead(id: &str) -> LeadCreated {
    LeadCreated { lead_id: id.into(), score: 75.0 }
}

pub fn bus() -> EventBus {
    EventBus::in_memory("crm").unwrap()
}

pub fn bus_on(memory: &MemoryTransport, service: &str) -> EventBus {
    EventBus::new(BusConfig::new(service), memory.clone()).unwrap()
}

/// What a handler saw, to be awaited by a test.
#[derive(Clone)]
pub struct Seen<T>(mpsc::UnboundedSender<T>, Arc<Mutex<mpsc::UnboundedReceiver<T>>>);

impl<T: Send + 'static> Seen<T> {
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self(sender, Arc::new(Mutex::new(receiver)))
    }

    pub fn note(&self, value: T) {
        self.0.send(value).ok();
    }

    pub async fn next(&self) -> T {
        let mut receiver = self.1.lock().await;
        tokio::time::timeout(Duration::from_secs(3_600), receiver.recv()).await.expect("nothing was seen").unwrap()
    }

    pub async fn next_n(&self, count: usize) -> Vec<T> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(self.next().await);
        }
        all
    }

    /// Whether there is nothing more, now.
    pub async fn is_empty(&self) -> bool {
        self.1.lock().await.is_empty()
    }
}

/// Asks again, turn by turn, until the answer is yes. Time stands still unless the runtime has nothing else to do.
pub async fn until<F: Future<Output = Result<bool>>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..10_000 {
        if holds().await.unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came true: {what}");
}

/// Waits for the one dead letter of a subscription.
pub async fn only_letter(bus: &EventBus, subscription: &str) -> DeadLetter {
    let dead = bus.dead_letters(subscription).unwrap();
    until("a dead letter", async || Ok(dead.count().await? == 1)).await;
    dead.list(None, 10).await.unwrap().letters.remove(0)
}
