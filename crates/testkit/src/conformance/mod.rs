//! One suite for every transport.
//!
//! A transport's test file is a [`Harness`] and one line, [`transport_conformance!`](crate::transport_conformance). It
//! makes one test for each behaviour, the same list for every transport; a capability that a transport declares absent
//! is tested to answer [`ErrorKind::Unsupported`]. Every test ends with the books of every subscription: what was
//! published is acked, waiting, dead, or counted as gone, and the suite's own count of it agrees.

mod events;
mod harness;
mod ledger;
mod list;
mod replica;
mod scene;

#[doc(hidden)]
pub mod at_once;
#[doc(hidden)]
pub mod auditing;
#[doc(hidden)]
pub mod batches;
#[doc(hidden)]
pub mod broadcasting;
#[doc(hidden)]
pub mod cancelling;
#[doc(hidden)]
pub mod counting;
#[doc(hidden)]
pub mod dead_letters;
#[doc(hidden)]
pub mod deploying;
#[doc(hidden)]
pub mod depths;
#[doc(hidden)]
pub mod finding;
#[doc(hidden)]
pub mod guarding;
#[doc(hidden)]
pub mod health;
#[doc(hidden)]
pub mod lanes;
#[doc(hidden)]
pub mod leasing;
#[doc(hidden)]
pub mod letter_edits;
#[doc(hidden)]
pub mod letter_jobs;
#[doc(hidden)]
pub mod limiting;
#[doc(hidden)]
pub mod losing;
#[doc(hidden)]
pub mod naming;
#[doc(hidden)]
pub mod on_the_bus;
#[doc(hidden)]
pub mod pausing;
#[doc(hidden)]
pub mod publishing;
#[doc(hidden)]
pub mod purging;
#[doc(hidden)]
pub mod rate_limiting;
#[doc(hidden)]
pub mod refusing;
#[doc(hidden)]
pub mod removing;
#[doc(hidden)]
pub mod retaining;
#[doc(hidden)]
pub mod retrying;
#[doc(hidden)]
pub mod scheduling;
#[doc(hidden)]
pub mod starting;
#[doc(hidden)]
pub mod status;
#[doc(hidden)]
pub mod stopping;
#[doc(hidden)]
pub mod subscribing;
#[doc(hidden)]
pub mod tenants;
#[doc(hidden)]
pub mod timing;
#[doc(hidden)]
pub mod tracing;
#[doc(hidden)]
pub mod unsupported;
#[doc(hidden)]
pub mod waiting;

pub use harness::{Harness, Lost, paused_runtime};
#[doc(hidden)]
pub use scene::Scene;

use std::time::Duration;

use tekup_core::{Error, ErrorKind, Result, transport::Capabilities};

/// The longest that one behaviour may take. On a paused clock it is over as soon as nothing else can happen.
const LIMIT: Duration = Duration::from_secs(3_600);
const REAL_LIMIT: Duration = Duration::from_secs(60);

/// Runs one behaviour on a fresh store, and closes the books.
#[doc(hidden)]
pub fn run<H: Harness>(
    needs: fn(&Capabilities) -> bool,
    behaviour: impl AsyncFnOnce(&Scene<H>) -> Result<()>,
) -> Result<()> {
    let runtime = H::runtime().map_err(|cause| unexpected(format!("no runtime: {cause}")))?;
    runtime.block_on(async {
        let scene = Scene::<H>::new().await?;
        if !needs(&scene.can()) {
            return Ok(());
        }
        let limit = if scene.can().paused_time { LIMIT } else { REAL_LIMIT };
        let run = async {
            behaviour(&scene).await?;
            scene.close_the_books().await
        };
        tokio::time::timeout(limit, run).await.map_err(|_| unexpected("the behaviour has no end"))?
    })
}

/// A behaviour that is not the promised one.
fn unexpected(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Internal, what)
}
