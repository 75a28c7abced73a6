use crate::error::{Error, ErrorKind, Result};

/// The signals that ask a process to end.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// From here on the first one asks, and the second one ends the process.
    #[cfg(unix)]
    pub(super) fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = || {
            // In this order: a signal between the two is heard as the first one.
            let listening =
                Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
            leave_at_the_second()?;
            Ok(listening)
        };
        let failed =
            |cause: std::io::Error| Error::new(ErrorKind::Internal, "signals can't be listened to").with_source(cause);
        listen().map_err(failed)
    }

    #[cfg(not(unix))]
    pub(super) fn listen() -> Result<Self> {
        leave_at_the_second();
        Ok(Self {})
    }

    /// Waits for the next one.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) {
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
