//! Handlers: what is done with an event, and what they say about it.

mod advice;
mod batch;
mod context;
mod error;
mod failure;
mod outcome;
mod route;

use std::future::Future;

pub use advice::Advise;
pub(crate) use batch::{Attempts, BatchRoute, Call, ErasedBatch, Sifted, TypedBatch};
pub use batch::{BatchContext, BatchOutcome, IntoBatchOutcome};
pub use context::Context;
pub(crate) use context::Origin;
pub(crate) use error::Advice;
pub use error::{HandlerError, HandlerResult};
pub(crate) use failure::Found;
pub use outcome::{IntoOutcome, Outcome};
pub use route::Incoming;
pub(crate) use route::{Ended, Erased, Filter, MakeContext, Route, Router, Typed};

/// A handler with fields and methods of its own; closures go to
/// [`Subscription::handler`](crate::Subscription::handler).
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::{Context, Event, EventBus, Handler, HandlerResult, Subscription, TekupEvent};
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct InvoicePaid { amount: f64 }
///
/// struct Ledger {
///     account: String,
/// }
///
/// impl Handler<Event<InvoicePaid>> for Ledger {
///     async fn handle(&self, event: Event<InvoicePaid>, _: Context) -> HandlerResult {
///         println!("{} books {}", self.account, event.data.amount);
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let bus = EventBus::in_memory("billing")?;
/// bus.subscribe(Subscription::to::<InvoicePaid>("ledger").handled_by(Ledger { account: "4711".into() })).await?;
/// # bus.shutdown().await
/// # }
/// ```
pub trait Handler<E>: Send + Sync + 'static {
    /// Does what is to be done with one event.
    ///
    /// # Cancel safety
    /// The future is dropped at an await when its time runs out or the bus stops without it; the event is then
    /// attempted again.
    fn handle(&self, event: E, cx: Context) -> impl Future<Output = HandlerResult> + Send;
}
