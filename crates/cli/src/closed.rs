use std::io::{self, ErrorKind, Write};

/// Writes as long as somebody reads. Whoever has seen enough, as `head` has, is told no more, and changes no verdict.
pub(crate) struct UntilClosed<W> {
    writer: W,
    is_closed: bool,
}

/// Where what is printed goes, and whether anybody reads it still.
pub(crate) trait Output: Write {
    /// Whether nobody reads any more: what goes on for ever may end.
    fn is_closed(&self) -> bool;
}

impl<W> UntilClosed<W> {
    pub(crate) const fn new(writer: W) -> Self {
        Self { writer, is_closed: false }
    }

    fn unless_closed<T>(&mut self, written: io::Result<T>, all: T) -> io::Result<T> {
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(all)
            }
            written => written,
        }
    }
}

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes);
        self.unless_closed(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.writer.flush();
        self.unless_closed(flushed, ())
    }
}

impl<W: Write> Output for UntilClosed<W> {
    fn is_closed(&self) -> bool {
        self.is_closed
    }
}
