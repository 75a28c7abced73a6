//! A real Redis server for tests.
//!
//! The server is a child process with its own directory, on a Unix socket or a free TCP port. It is gone when its
//! [`RedisServer`] is dropped, and also when the test process is killed.
//!
//! The program is `redis-server` of the search path, the one that `TEKUP_REDIS_SERVER` names (a Valkey server is as
//! good), or the one given to [`RedisServerBuilder::binary`]. A missing program is an error, never a skipped test.
//!
//! All calls block for a moment (a start takes well below 100 ms), so they can be used in async tests too.
//!
//! ```
//! use tekup_testkit::redis::RedisServer;
//!
//! let mut server = RedisServer::start()?;
//! server.command(&["SET", "color", "green"])?;
//! assert_eq!(server.command(&["GET", "color"])?.text(), Some("green"));
//!
//! server.kill()?;
//! server.restart()?;
//! assert!(server.command(&["GET", "color"])?.is_nil(), "nothing is persisted unless asked for");
//! # Ok::<(), tekup_core::Error>(())
//! ```

mod address;
mod builder;
mod connection;
mod process;
mod reply;
mod server;

pub use builder::{Fsync, RedisServerBuilder};
pub use reply::Reply;
pub use server::RedisServer;

use tekup_core::{Error, ErrorKind};

/// What the operating system answered, with what was being done.
fn io_error(doing: &str, cause: std::io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, format!("{doing}: {cause}")).with_source(cause)
}
