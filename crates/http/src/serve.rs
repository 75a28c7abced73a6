use std::{future::Future, io, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, sync::oneshot, time::sleep};

/// How long requests under way have when the server shall stop; an idle connection has none.
const GRACE: Duration = Duration::from_secs(5);

/// Serves a router until `shutdown` ends; then takes no more, and gives requests under way 5 s to be finished.
///
/// # Errors
/// Those of the listener.
///
/// # Cancel safety
/// If dropped, it listens no more; requests under way are finished by themselves.
///
/// ```
/// use tekup_core::EventBus;
/// use tekup_http::{Operations, serve};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = EventBus::in_memory("billing")?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?; // 0.0.0.0:9464
/// # let stopped = std::future::ready(());
/// serve(listener, Operations::of(&bus).router(), stopped).await?;
/// # Ok(())
/// # }
/// ```
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (begins, begun) = oneshot::channel();
    let stop = async move {
        shutdown.await;
        let _nobody_waits = begins.send(());
    };
    let late = async {
        let _begun = begun.await;
        sleep(GRACE).await;
    };
    tokio::select! {
        done = axum::serve(listener, router).with_graceful_shutdown(stop) => done,
        () = late => Ok(()),
    }
}
