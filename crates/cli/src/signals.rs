//! When the program is asked to stop.

use std::io;

/// Until somebody asks this process to stop: by SIGINT, as Ctrl-C does, or by SIGTERM. Who asks again ends it at once, with
/// 130 or 143.
pub(crate) fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::{
            signal::unix::{SignalKind, signal},
            sync::oneshot,
        };

        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (asked, heard) = oneshot::channel();
        // By itself: who waits may be held up, for instance because nobody reads what it prints.
        tokio::spawn(async move {
            let mut next = async || {
                tokio::select! {
                    _ = interrupt.recv() => 130,
                    _ = terminate.recv() => 143,
                }
            };
            next().await;
            let _nobody_waits = asked.send(());
            std::process::exit(next().await);
        });
        Ok(async move {
            let _asked = heard.await;
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
