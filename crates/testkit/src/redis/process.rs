use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::Duration,
};

use tekup_core::{Error, ErrorKind, Result};

use super::io_error;

/// The server runs below a shell that waits for its standard input to end, which happens in whatever way the owner
/// dies. A line says that the owner lives and keeps the directory.
const WATCHDOG: &str = r#"dir=$1; shift
sh -c 'echo $$; exec "$@" 2>&1' server "$@" </dev/null & server=$!
exec >/dev/null 2>&1
if read -r _; then keep=1; else keep=0; fi
kill -9 $server
wait $server
[ $keep = 1 ] || rm -rf -- "$dir"
"#;

/// A running server process, killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    watchdog: Child,
    leash: Option<ChildStdin>,
    pid: u32,
}

/// Hears when the server ends, with all that it printed.
#[derive(Debug)]
pub(super) struct Ending(Receiver<String>);

impl Ending {
    pub(super) fn within(&self, patience: Duration) -> Option<String> {
        match self.0.recv_timeout(patience) {
            Ok(words) => Some(words),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(String::new()),
        }
    }
}

impl Process {
    pub(super) fn spawn(program: &OsStr, arguments: &[String], dir: &Path) -> Result<(Self, Ending)> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(WATCHDOG).arg("watchdog").arg(dir).arg(program).args(arguments);
        // Its own group, so that a Ctrl-C for the tests does not end the watchdog before it has cleaned up.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut watchdog = command.spawn().map_err(|cause| io_error("starting a shell", cause))?;
        let leash = watchdog.stdin.take();
        let Some(stdout) = watchdog.stdout.take() else {
            return Err(Error::new(ErrorKind::Internal, "the watchdog has no standard output"));
        };
        let mut stdout = BufReader::new(stdout);
        let pid = read_pid(&mut stdout)?;
        Ok((Self { watchdog, leash, pid }, Ending(last_words(stdout))))
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal by name, such as `STOP`.
    pub(super) fn signal(&self, name: &str) -> Result<()> {
        let doing = format!("sending {name} to server {}", self.pid);
        // The shell's own, for not every system has a program of that name.
        let mut kill = Command::new("sh");
        kill.args(["-c", r#"kill -"$1" "$2""#, "kill", name, &self.pid.to_string()]);
        let status = kill.stderr(Stdio::null()).status();
        let status = status.map_err(|cause| io_error(&doing, cause))?;
        if status.success() {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Unavailable, format!("{doing}: it is not there")))
        }
    }

    /// Kills the server, unless it has ended by itself, and waits until it is gone. Its directory stays.
    pub(super) fn end(mut self) {
        self.reap();
    }

    fn reap(&mut self) {
        let Some(mut leash) = self.leash.take() else { return };
        // A watchdog that is gone has nothing left to kill.
        let _ = leash.write_all(b"keep\n");
        drop(leash);
        let _ = self.watchdog.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.reap();
    }
}

fn read_pid(from: &mut impl BufRead) -> Result<u32> {
    let mut line = String::new();
    from.read_line(&mut line).map_err(|cause| io_error("starting a server", cause))?;
    let pid = line.trim().parse();
    pid.map_err(|_| Error::new(ErrorKind::Internal, format!("the watchdog answered {line:?}, not a process id")))
}

/// The server holds the other end of the pipe, so its end is the end of the pipe.
fn last_words(mut from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut words = Vec::new();
        let _ = from.read_to_end(&mut words);
        let _ = sender.send(String::from_utf8_lossy(&words).into_owned());
    });
    receiver
}
