//! When the program is asked to stop.

use std::io;

/// Until somebody asks this process to stop: by SIGINT, as Ctrl-C does, or by SIGTERM. Who asks again ends it at once, with
/// 130 or 143.
pub(crate) fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tokio::spawn(async move {
                let code = tokio::select! {
                    _ = interrupt.recv() => 130,
                    _ = terminate.recv() => 143,
                };
                std::process::exit(code);
            });
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // Where it can't be heard, it never comes.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
