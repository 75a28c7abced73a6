//! What is answered while the bus is not there yet.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use axum::{
    Router,
    extract::{RawQuery, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use tekup_core::{
    Error,
    health::{Health, Reason},
};
use tower::ServiceExt;

use crate::{Operations, metrics, probes};

/// The routes of a process that waits for its bus: it is alive, has not started, and is not ready, and its metrics say
/// `tekup_store_up 0`. From [`joined`](Self::joined) on they are those of [`Operations`].
///
/// ```
/// use tekup_core::EventBus;
/// use tekup_http::{Joining, Operations};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let joining = Joining::default();
/// let app: axum::Router = joining.router(); // serve it, then look for the bus
/// let bus = EventBus::in_memory("billing")?;
/// joining.joined(Operations::of(&bus));
/// # drop(app);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Joining(Arc<Waits>);

#[derive(Debug, Default)]
struct Waits {
    /// Why the bus was not joined when that was last tried; empty before.
    error: RwLock<String>,
    joined: OnceLock<Router>,
}

impl Joining {
    /// The routes, to be merged or nested, before and after the bus is joined.
    ///
    /// ```
    /// let app: axum::Router = axum::Router::new().merge(tekup_http::Joining::default().router());
    /// # drop(app);
    /// ```
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/livez", get(livez))
            .route("/startupz", get(startupz))
            .route("/readyz", get(readyz))
            .route("/health", get(health))
            .route("/metrics", get(metrics::without_bus))
            .layer(from_fn_with_state(Arc::clone(&self.0), forward))
            .with_state(Arc::clone(&self.0))
    }

    /// Why the bus is not joined yet, for those who ask `/readyz?verbose` and `/health`.
    ///
    /// ```
    /// use tekup_core::{Error, ErrorKind};
    ///
    /// let joining = tekup_http::Joining::default();
    /// joining.waits_for(&Error::new(ErrorKind::Unavailable, "the server is loading its data"));
    /// ```
    pub fn waits_for(&self, error: &Error) {
        *self.0.error.write().unwrap_or_else(PoisonError::into_inner) = error.to_string();
    }

    /// Answers by the bus from now on. Only the first call does something.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> tekup_core::Result<()> {
    /// let (joining, bus) = (tekup_http::Joining::default(), tekup_core::EventBus::in_memory("billing")?);
    /// joining.joined(tekup_http::Operations::of(&bus).subscriptions(2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn joined(&self, operations: Operations) {
        self.0.joined.get_or_init(|| operations.router());
    }
}

impl Waits {
    fn health(&self) -> Health {
        let error = self.error.read().unwrap_or_else(PoisonError::into_inner);
        let error = if error.is_empty() { "it is looked for".to_owned() } else { error.clone() };
        Health::of(vec![Reason::NotJoined { error }])
    }
}

async fn forward(State(waits): State<Arc<Waits>>, request: Request, next: Next) -> Response {
    match waits.joined.get() {
        Some(router) => router.clone().oneshot(request).await.into_response(),
        None => next.run(request).await,
    }
}

async fn livez(query: RawQuery) -> Response {
    probes::answer(true, probes::LIVE, None, &query)
}

async fn startupz(State(waits): State<Arc<Waits>>, query: RawQuery) -> Response {
    probes::answer(false, probes::STARTED, Some(&waits.health()), &query)
}

async fn readyz(State(waits): State<Arc<Waits>>, query: RawQuery) -> Response {
    probes::answer(false, probes::READY, Some(&waits.health()), &query)
}

async fn health(State(waits): State<Arc<Waits>>) -> Response {
    probes::report(&waits.health())
}
