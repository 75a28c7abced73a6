use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::{Router, serve::Listener};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// How long requests under way have when the server shall stop; an idle connection has none.
const GRACE: Duration = Duration::from_secs(5);
/// How long a client may take to say what it asks; a connection that is kept without a request ends after it too.
const HEAD: Duration = Duration::from_secs(30);
/// So many connections at once: more than probes and scrapes need, and fewer than a process has files.
const CONNECTIONS: usize = 256;

/// Serves a router by HTTP/1 until `shutdown` ends; then takes no more, and gives requests under way 5 s to be finished.
///
/// A client that does not finish the head of its request within 30 s is cut off, and so is one that asks nothing for so long.
/// At most 256 connections are served at once; others wait until one of them ends. It is for those who operate a service, not
/// for the internet, and takes no upgrades such as WebSockets.
///
/// # Errors
/// None by now: a connection that fails concerns nobody else.
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
    let (graceful, room) = (GracefulShutdown::new(), Arc::new(Semaphore::new(CONNECTIONS)));
    tokio::select! {
        () = accept_all(listener, room, &router, &graceful) => {}
        () = pin!(shutdown) => {}
    }
    let _late = timeout(GRACE, graceful.shutdown()).await;
    Ok(())
}

/// Never ends by itself: what is wrong with one connection is passed over, and where there are too many files it waits.
async fn accept_all(mut listener: TcpListener, room: Arc<Semaphore>, router: &Router, graceful: &GracefulShutdown) {
    // Nobody closes it.
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        let (stream, _) = Listener::accept(&mut listener).await;
        tokio::spawn(talk(stream, router.clone(), graceful.watcher(), place));
    }
}

async fn talk(stream: TcpStream, router: Router, watcher: Watcher, _place: OwnedSemaphorePermit) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // It is the client's affair how it ends.
    let _ended = watcher.watch(connection).await;
}
