use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::{Router, serve::Listener};
use hyper::server::conn::http1;
use hyper_util::{
    rt::TokioIo,
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::timeout,
};

/// How long requests under way have when the server shall stop; an idle connection has none.
const GRACE: Duration = Duration::from_secs(5);
/// How long a client may take from its first byte to the last one of its answer.
const EXCHANGE: Duration = Duration::from_secs(30);
/// How long the head of a request may be, in bytes.
const HEAD: usize = 16 << 10;
/// So many connections at once: more than probes and scrapes need, and fewer than a process has files.
const CONNECTIONS: usize = 256;

/// Serves a router by HTTP/1 until `shutdown` ends; then takes no more, and gives requests under way 5 s to be finished.
///
/// Each connection has one request and its answer, for which it has 30 s: who asks nothing, asks slowly, or does not read is
/// cut off. At most 256 are served at once; others wait until one of them ends. It is for those who operate a service, not for
/// the internet, and takes no upgrades such as WebSockets.
///
/// # Errors
/// None by now: a connection that fails concerns nobody else.
///
/// # Cancel safety
/// If dropped, it listens no more, and requests under way are cut.
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
    // Dropped at the end: whatever is left is cut then.
    let (_cut, is_cut) = watch::channel(());
    tokio::select! {
        () = accept_all(listener, room, &router, &graceful, is_cut) => {}
        () = pin!(shutdown) => {}
    }
    let _late = timeout(GRACE, graceful.shutdown()).await;
    Ok(())
}

/// Never ends by itself: what is wrong with one connection is passed over, and where there are too many files it waits.
async fn accept_all(
    mut listener: TcpListener,
    room: Arc<Semaphore>,
    router: &Router,
    graceful: &GracefulShutdown,
    is_cut: watch::Receiver<()>,
) {
    // Nobody closes it.
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        let (stream, _) = Listener::accept(&mut listener).await;
        let (talk, mut is_cut) = (talk(stream, router.clone(), graceful.watcher()), is_cut.clone());
        tokio::spawn(async move {
            tokio::select! {
                _ = timeout(EXCHANGE, talk) => {}
                _ = is_cut.changed() => {}
            }
            drop(place);
        });
    }
}

async fn talk(stream: TcpStream, router: Router, watcher: Watcher) {
    let mut http = http1::Builder::new();
    http.keep_alive(false).max_buf_size(HEAD);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // It is the client's affair how it ends.
    let _ended = watcher.watch(connection).await;
}
