//! When a process is asked to stop.

use std::future::Future;

use crate::error::{Error, ErrorKind, Result};

/// Takes SIGTERM and SIGINT for this process from now on: the future ends with the first one. A second one ends the process
/// at once, with exit code 143 for SIGTERM, and 130 for SIGINT, even if all threads are blocked; no destructor runs.
///
/// For a program that must hear it before it has a bus; with one, [`run_until_signal`](crate::EventBus::run_until_signal)
/// waits and shuts down.
///
/// # Errors
/// [`ErrorKind::Internal`] outside of a tokio runtime, or if signals can't be listened to.
///
/// # Cancel safety
/// If dropped, this process still takes both signals for itself: the next one ends nothing, and the one after it ends the
/// process.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> tekup_core::Result<()> {
/// let mut stop = std::pin::pin!(tekup_core::asked_to_stop()?);
/// # let start = async { tekup_core::EventBus::in_memory("billing") };
/// let bus = tokio::select! {
///     () = &mut stop => return Ok(()), // before it has begun
///     started = start => started?,
/// };
/// # if true { return bus.shutdown().await }
/// stop.await; // the same one: a signal that has come meanwhile is not lost
/// bus.shutdown().await
/// # }
/// ```
pub fn asked_to_stop() -> Result<impl Future<Output = ()> + Send + 'static> {
    tokio::runtime::Handle::try_current().map_err(|cause| failed(cause.into()))?;
    let mut signals = Signals::listen()?;
    Ok(async move { signals.next().await })
}

fn failed(cause: crate::BoxError) -> Error {
    Error::new(ErrorKind::Internal, "signals can't be listened to").with_source(cause)
}

/// The signals that ask a process to end.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// From here on the first one asks, and the second one ends the process.
    #[cfg(unix)]
    fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = || {
            // In this order: a signal between the two is heard as the first one.
            let listening =
                Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
            leave_at_the_second()?;
            Ok(listening)
        };
        listen().map_err(|cause: std::io::Error| failed(cause.into()))
    }

    #[cfg(not(unix))]
    fn listen() -> Result<Self> {
        leave_at_the_second();
        Ok(Self {})
    }

    /// Waits for the next one.
    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        let _listening = tokio::signal::ctrl_c().await;
    }
}

/// It is the signal's own handler that ends the process, so no thread need be free for it: a handler of events that
/// blocks its thread holds up nobody who has asked twice. Said once, it holds for as long as the process lives.
#[cfg(unix)]
fn leave_at_the_second() -> std::io::Result<()> {
    use std::sync::{Arc, Mutex, atomic::AtomicBool};

    use crate::sync::lock;
    use signal_hook::{
        consts::{SIGINT, SIGTERM},
        flag,
    };
    static SAID: Mutex<bool> = Mutex::new(false);
    let mut said = lock(&SAID);
    if *said {
        return Ok(());
    }
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // In this order: the first signal finds that nobody has asked, and then notes that somebody has.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked))?;
        flag::register(signal, Arc::clone(&asked))?;
    }
    *said = true;
    Ok(())
}

#[cfg(not(unix))]
fn leave_at_the_second() {
    tokio::spawn(async {
        for _ in 0..2 {
            let _listening = tokio::signal::ctrl_c().await;
        }
        std::process::exit(130);
    });
}
