use std::{
    io,
    sync::{Arc, LazyLock, Mutex},
};

use tracing_subscriber::fmt::MakeWriter;

/// Lines of a log, to be looked at.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

/// What threads log that capture nothing, of all tests together.
static ELSEWHERE: LazyLock<Lines> = LazyLock::new(|| {
    let lines = Lines::default();
    let logger = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false);
    tracing::subscriber::set_global_default(logger.with_max_level(tracing::Level::INFO).finish()).unwrap();
    lines
});

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Lines {
    /// Logs of this thread go here, down to the last detail, until the guard is dropped.
    pub(crate) fn capture() -> (Self, tracing::subscriber::DefaultGuard) {
        Self::capture_from(tracing::Level::TRACE)
    }

    /// As [`capture`](Self::capture), but only lines of this level and above.
    pub(crate) fn capture_from(level: tracing::Level) -> (Self, tracing::subscriber::DefaultGuard) {
        LazyLock::force(&ELSEWHERE);
        let lines = Self::default();
        let logger = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false);
        let guard = tracing::subscriber::set_default(logger.with_max_level(level).finish());
        (lines, guard)
    }

    /// All lines, and those of other threads that name this: leases are renewed on one of its own.
    pub(crate) fn with_others(&self, name: &str) -> Vec<String> {
        let (ours, others) = (self.text(), ELSEWHERE.text());
        let others = others.lines().filter(|line| line.contains(name));
        ours.lines().chain(others).map(str::to_owned).collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}
