use std::{
    ffi::OsStr,
    path::Path,
    time::{Duration, Instant},
};

use tekup_core::{Error, ErrorKind, Result};
use tempfile::TempDir;

use super::{
    RedisServerBuilder, Reply,
    address::Address,
    connection::Connection,
    io_error,
    process::{Ending, Process},
};

const START_PATIENCE: Duration = Duration::from_secs(10);
const CALL_PATIENCE: Duration = Duration::from_secs(5);
const PORTS_TRIED: usize = 10;

/// A Redis server of one test: a child process with its own directory.
///
/// It is killed, and its directory removed, when this is dropped or when the process dies, however that happens.
///
/// ```
/// use tekup_testkit::redis::RedisServer;
///
/// let server = RedisServer::start()?;
/// assert!(server.url().starts_with("redis+unix:///"));
/// assert_eq!(server.command(&["INCR", "visits"])?.int(), Some(1));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug)]
pub struct RedisServer {
    // Fields are dropped in this order: the process before its directory.
    process: Option<Process>,
    dir: TempDir,
    address: Address,
    builder: RedisServerBuilder,
}

impl RedisServer {
    /// A server on a Unix socket, without persistence.
    ///
    /// # Errors
    /// As [`RedisServerBuilder::start`].
    ///
    /// ```
    /// let server = tekup_testkit::redis::RedisServer::start()?;
    /// assert_eq!(server.command(&["DBSIZE"])?.int(), Some(0));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn start() -> Result<Self> {
        Self::builder().start()
    }

    /// A server with other settings.
    ///
    /// ```
    /// let server = tekup_testkit::redis::RedisServer::builder().tcp().start()?;
    /// assert!(server.url().starts_with("redis://127.0.0.1:"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn builder() -> RedisServerBuilder {
        RedisServerBuilder::new()
    }

    pub(super) fn start_with(builder: RedisServerBuilder) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("tekup-redis-").tempdir();
        let dir = dir.map_err(|cause| io_error("making a directory", cause))?;
        let address = Address::socket_in(dir.path());
        let mut server = Self { process: None, dir, address, builder };
        if server.builder.tcp {
            server.launch_on_free_port()?
        } else {
            server.launch()?
        }
        Ok(server)
    }

    /// Where clients connect: `redis+unix:///…` or `redis://127.0.0.1:…`, with the password if there is one.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// assert!(RedisServer::start()?.url().ends_with("r.sock"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn url(&self) -> String {
        self.address.url(self.builder.password.as_deref())
    }

    /// The server's process id; `None` while it is stopped or killed.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// let mut server = RedisServer::start()?;
    /// assert!(server.pid().is_some());
    /// server.kill()?;
    /// assert!(server.pid().is_none());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// The server's directory: its append-only file and its log.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// assert!(RedisServer::start()?.dir().is_dir());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Ends the server in order, by `SHUTDOWN`, and waits until it is gone.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if it is not running, or refuses.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// let mut server = RedisServer::start()?;
    /// server.stop()?;
    /// assert!(server.command(&["PING"]).is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn stop(&mut self) -> Result<()> {
        let answer = self.connect()?.call(&["SHUTDOWN"]);
        match answer {
            Ok(Reply::Error(refusal)) => {
                Err(Error::new(ErrorKind::Unavailable, format!("the server stays: {refusal}")))
            }
            Err(cause) if matches!(cause.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                Err(io_error("ending a server", cause))
            }
            // A server that goes closes the connection instead of answering.
            _ => self.kill(),
        }
    }

    /// Kills the server (`kill -9`), and waits until it is gone.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if it is not running.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// let mut server = RedisServer::start()?;
    /// server.kill()?;
    /// assert!(server.kill().is_err());
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn kill(&mut self) -> Result<()> {
        let process = self.process.take().ok_or_else(not_running)?;
        process.end();
        Ok(())
    }

    /// Starts the server again where it was: same directory, same socket or port. A running one is killed first.
    ///
    /// # Errors
    /// As [`RedisServerBuilder::start`].
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// let mut server = RedisServer::start()?;
    /// let url = server.url();
    /// server.restart()?;
    /// assert_eq!(server.url(), url);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn restart(&mut self) -> Result<()> {
        self.process = None;
        self.launch()
    }

    /// Stops the server where it stands (`SIGSTOP`): it accepts connections, and answers nobody.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if it is not running.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// let server = RedisServer::start()?;
    /// server.freeze()?;
    /// server.thaw()?;
    /// assert_eq!(server.command(&["PING"])?.text(), Some("PONG"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn freeze(&self) -> Result<()> {
        self.process.as_ref().ok_or_else(not_running)?.signal("STOP")
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if it is not running.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// let server = RedisServer::start()?;
    /// server.thaw()?;
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn thaw(&self) -> Result<()> {
        self.process.as_ref().ok_or_else(not_running)?.signal("CONT")
    }

    /// The last 20 lines of the server's log, over all its restarts.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// assert!(RedisServer::start()?.log_tail().contains("ready to accept connections"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = std::fs::read(self.dir.path().join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(20)).copied().collect::<Vec<_>>().join("\n")
    }

    /// Sends one command on a connection of its own, and waits at most 5 s for the answer.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if the server is not running or does not answer in time; [`ErrorKind::Internal`] with
    /// the server's words if it answers with an error.
    ///
    /// ```
    /// # use tekup_testkit::redis::RedisServer;
    /// let server = RedisServer::start()?;
    /// server.command(&["LPUSH", "colors", "green", "blue"])?;
    /// assert_eq!(server.command(&["LRANGE", "colors", "0", "-1"])?.items().len(), 2);
    /// assert!(server.command(&["INCR", "colors"]).unwrap_err().to_string().contains("WRONGTYPE"));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn command(&self, words: &[impl AsRef<[u8]>]) -> Result<Reply> {
        let answer = self.connect()?.call(words).map_err(|cause| io_error("asking the server", cause))?;
        match answer {
            Reply::Error(words) => Err(Error::new(ErrorKind::Internal, format!("the server answered: {words}"))),
            reply => Ok(reply),
        }
    }

    fn connect(&self) -> Result<Connection> {
        if self.process.is_none() {
            return Err(not_running());
        }
        let opened = Connection::open(&self.address, self.builder.password.as_deref(), CALL_PATIENCE);
        opened.map_err(|cause| io_error("connecting to the server", cause))
    }

    fn launch_on_free_port(&mut self) -> Result<()> {
        for _ in 1..PORTS_TRIED {
            self.address = Address::free_port()?;
            match self.launch() {
                Err(_) if self.log_tail().contains("Address already in use") => self.forget_log(),
                result => return result,
            }
        }
        self.address = Address::free_port()?;
        self.launch()
    }

    fn forget_log(&self) {
        // What can't be removed only lets the next failure be misread.
        let _ = std::fs::remove_file(self.dir.path().join("log"));
    }

    fn launch(&mut self) -> Result<()> {
        let program = self.builder.program();
        let dir = self.dir.path().to_string_lossy().into_owned();
        let mut arguments = self.address.arguments();
        arguments.extend(["--dir".to_owned(), dir.clone(), "--logfile".to_owned(), format!("{dir}/log")]);
        arguments.extend(self.builder.arguments());
        let (process, ending) = Process::spawn(&program, &arguments, self.dir.path())?;
        self.wait_until_ready(process.pid(), &ending, &program)?;
        self.process = Some(process);
        Ok(())
    }

    fn wait_until_ready(&self, pid: u32, ending: &Ending, program: &OsStr) -> Result<()> {
        let deadline = Instant::now() + START_PATIENCE;
        let mut pause = Duration::from_micros(500);
        while Instant::now() < deadline {
            if let Some(words) = ending.within(pause) {
                return Err(self.refused(program, &words));
            }
            if self.answers(pid) {
                return Ok(());
            }
            pause = (pause * 2).min(Duration::from_millis(10));
        }
        let message = format!("the server does not answer after 10 s; it says:\n{}", self.log_tail());
        Err(Error::new(ErrorKind::Unavailable, message))
    }

    /// Whether it is our server that answers: a port may be another's.
    fn answers(&self, pid: u32) -> bool {
        let opened = Connection::open(&self.address, self.builder.password.as_deref(), Duration::from_secs(1));
        let Ok(mut connection) = opened else { return false };
        let Ok(info) = connection.call(&["INFO", "server"]) else { return false };
        // While its data is being loaded, a server answers INFO but not PING.
        let loaded = matches!(connection.call(&["PING"]), Ok(Reply::Status(_)));
        let ours = format!("process_id:{pid}");
        loaded && info.text().is_some_and(|text| text.lines().any(|line| line == ours))
    }

    fn refused(&self, program: &OsStr, words: &str) -> Error {
        if words.contains("not found") || words.contains("No such file") || words.contains("Permission denied") {
            let message = format!(
                "can't run `{}`: install it (apt-get install redis-server, brew install redis, or Valkey) or name the \
                 program in TEKUP_REDIS_SERVER",
                program.to_string_lossy()
            );
            return Error::new(ErrorKind::InvalidConfig, message);
        }
        let message = format!("the server ended at once; it says:\n{words}{}", self.log_tail());
        Error::new(ErrorKind::InvalidConfig, message)
    }
}

fn not_running() -> Error {
    Error::new(ErrorKind::Unavailable, "the server is not running: call `restart` first")
}
