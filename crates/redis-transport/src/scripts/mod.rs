//! The scripts: one file each, headed by what it is given and what it answers.
//!
//! All loops in them are bounded and the clock is read once. Each is called by its hash; where the server does not know
//! it (any more), the connection sends the same call again with the text. What several need is written once, in
//! `shared/`, and takes the place of a line `-- include <name>`.

use std::sync::LazyLock;

use redis::{Arg, Cmd};

use crate::keys::PartitionKeys;

/// A script and its hash.
pub(crate) struct Script {
    ready: LazyLock<(String, String)>,
}

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {
        $(
            $(#[$doc])*
            pub(crate) static $name: Script = Script { ready: LazyLock::new(|| prepare(include_str!($file))) };
        )*

        static ALL: &[&Script] = &[$(&$name),*];
    };
}

scripts! {
    /// Stores a batch in one partition.
    PUBLISH = "publish.lua";
    /// Stores a batch whose time is to come in one partition.
    SCHEDULE = "schedule.lua";
    /// Publishes what has come due.
    COME_DUE = "come_due.lua";
    /// Prevents an event that waits for its time.
    CANCEL = "cancel.lua";
    /// Takes note of causes.
    TRACE = "trace.lua";
    /// Registers a subscription.
    JOIN = "join.lua";
    /// Leaves lanes that are taken no more.
    LEAVE_LANES = "leave_lanes.lua";
    /// Counts what lies before the time at which a subscription begins.
    BEGIN = "begin.lua";
    /// Counts entries of a lane.
    COUNT_FROM = "count_from.lua";
    /// Makes anew what a subscription has lost.
    REPAIR = "repair.lua";
    /// Puts deliveries aside until they are due again.
    RETRY = "retry.lua";
    /// Gives deliveries up.
    DEAD_LETTER = "dead_letter.lua";
    /// Lets go of dead letters that are too old or too many.
    EXPIRE = "expire.lua";
    /// Hands deliveries back.
    RELEASE = "release.lua";
    /// Ends retried deliveries that succeeded.
    FINISH = "finish.lua";
    /// Moves what is due to the retry stream.
    MOVE = "move.lua";
    /// Takes over deliveries whose lease has ended.
    SWEEP = "sweep.lua";
    /// Takes what was handed back.
    TAKE_RELEASED = "take_released.lua";
    /// Starts a delivery that was taken over.
    START = "start.lua";
    /// Renews leases.
    RENEW = "renew.lua";
    /// Removes consumers that hold nothing.
    LEAVE = "leave.lua";
    /// Reads for a subscription that is not to be given again what it has finished.
    READ_GUARDED = "read_guarded.lua";
    /// Ends deliveries that succeeded, unless the subscription was removed.
    ACK = "ack.lua";
    /// Ends deliveries that succeeded, and notes it.
    ACK_NOTED = "ack_noted.lua";
    /// Says that somebody follows.
    FOLLOW = "follow.lua";
    /// Removes what every subscription has settled.
    TRIM = "trim.lua";
    /// Creates or reads the record of a namespace.
    NAMESPACE = "namespace.lua";
    /// Creates or reads the index layout of a partition.
    LAYOUT = "layout.lua";
    /// Cuts the index of ids anew.
    RELAYOUT = "relayout.lua";
    /// Tells where an event stands.
    STATUS = "status.lua";
    /// Looks for an event among retries and dead letters.
    ASIDE = "aside.lua";
    /// Lists or counts dead letters.
    LETTER_PAGE = "letter_page.lua";
    /// Reads dead letters.
    LETTERS = "letters.lua";
    /// Gives dead letters back to their subscription.
    REPLAY = "replay.lua";
    /// Deletes dead letters.
    PURGE = "purge.lua";
    /// Keeps dead letters for one job.
    HOLD_LETTERS = "hold_letters.lua";
    /// Ends that.
    FREE_LETTERS = "free_letters.lua";
    /// Tells how long dead letters are kept for a job.
    LETTERS_HELD = "letters_held.lua";
    /// Adds what a process has counted.
    COUNTERS = "counters.lua";
    /// Adds how long deliveries took in a process.
    LATENCIES = "latencies.lua";
    /// Tells what of a subscription has left its lanes.
    BOOKS = "books.lua";
    /// Tells how far a subscription has read its lanes.
    BOOKS_LANES = "books_lanes.lua";
    /// Keeps a record of what an operator does.
    RECORD = "record.lua";
    /// Reads such records.
    ACTIONS = "actions.lua";
    /// Names the subscriptions.
    SUBSCRIPTIONS = "subscriptions.lua";
    /// Tells how much waits in lanes, and of whom.
    DEPTH_LANES = "depth_lanes.lua";
    /// Tells how much has failed, has died or is to come, and of whom.
    DEPTH_SETS = "depth_sets.lua";
    /// Tells how much of some lanes a subscription has not settled.
    UNSETTLED = "unsettled.lua";
    /// Pauses or resumes a subscription.
    PAUSE = "pause.lua";
    /// Sets or lifts a rate limit.
    LIMIT = "limit.lua";
    /// Tells a replica of its subscription's state.
    STATE = "state.lua";
    /// Takes note that a replica leaves.
    WITHDRAW = "withdraw.lua";
    /// Tells how many replicas are alive.
    REPLICAS = "replicas.lua";
    /// Begins to remove a subscription, or goes on.
    BEGIN_REMOVAL = "begin_removal.lua";
    /// Removes a part of a subscription.
    REMOVE = "remove.lua";
    /// Gives a replica a share of the rate limit.
    RATION = "ration.lua";
}

const SHARED: &[(&str, &str)] = &[
    ("-- include bucket\n", include_str!("shared/bucket.lua")),
    ("-- include audited\n", include_str!("shared/audited.lua")),
    ("-- include audit\n", include_str!("shared/audit.lua")),
    ("-- include glob\n", include_str!("shared/glob.lua")),
    ("-- include after\n", include_str!("shared/after.lua")),
    ("-- include remake\n", include_str!("shared/remake.lua")),
    ("-- include remade\n", include_str!("shared/remade.lua")),
    ("-- include since\n", include_str!("shared/since.lua")),
    ("-- include hear\n", include_str!("shared/hear.lua")),
    ("-- include alive\n", include_str!("shared/alive.lua")),
    ("-- include removed\n", include_str!("shared/removed.lua")),
    ("-- include holds\n", include_str!("shared/holds.lua")),
    ("-- include record\n", include_str!("shared/record.lua")),
    ("-- include start\n", include_str!("shared/start.lua")),
    ("-- include enter\n", include_str!("shared/enter.lua")),
    ("-- include joining\n", include_str!("shared/joining.lua")),
    ("-- include lane\n", include_str!("shared/lane.lua")),
    ("-- include late\n", include_str!("shared/late.lua")),
    ("-- include later\n", include_str!("shared/later.lua")),
    ("-- include held\n", include_str!("shared/held.lua")),
    ("-- include expire\n", include_str!("shared/expire.lua")),
    ("-- include waiting\n", include_str!("shared/waiting.lua")),
    ("-- include leave\n", include_str!("shared/leave.lua")),
    ("-- include guard\n", include_str!("shared/guard.lua")),
    ("-- include note\n", include_str!("shared/note.lua")),
    ("-- include position\n", include_str!("shared/position.lua")),
    ("-- include claimed\n", include_str!("shared/claimed.lua")),
];

/// The whole text, and its hash.
fn prepare(text: &str) -> (String, String) {
    let whole = SHARED.iter().fold(text.to_owned(), |text, (line, shared)| text.replace(line, shared));
    let hash = redis::Script::new(&whole).get_hash().to_owned();
    (whole, hash)
}

impl Script {
    fn text(&self) -> &str {
        &self.ready.0
    }

    fn hash(&self) -> &str {
        &self.ready.1
    }

    /// A call with so many keys; they follow, then the arguments.
    pub(crate) fn call(&self, keys: usize) -> Cmd {
        self.call_with_capacity(keys, 16, 256)
    }

    /// As [`call`](Self::call), with room for so many keys and arguments of so many bytes.
    pub(crate) fn call_with_capacity(&self, keys: usize, args: usize, bytes: usize) -> Cmd {
        let mut cmd = Cmd::with_capacity(args + 3, bytes + 64);
        cmd.arg("EVALSHA").arg(self.hash()).arg(keys);
        cmd
    }
}

/// How many lanes one call trims.
pub(crate) const MOST_TRIMMED: usize = 20;
/// How long the token lasts that keeps two from trimming at once: less than either waits from one time to the next.
const TRIM_TOKEN_MS: u64 = 900;

/// What a lane may hold, and what is kept there.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LaneLimits {
    /// Of so many entries at most, whether or not they are settled; 0: no such limit.
    pub(crate) length: u64,
    /// So long entries are kept though they are settled.
    pub(crate) keep_ms: u64,
    /// Of so many entries at most; 0: no such limit.
    pub(crate) keep_entries: u64,
}

/// A call that trims these lanes of a partition.
pub(crate) fn trim(keys: &PartitionKeys, who: &str, limits: LaneLimits, lanes: &[&str]) -> Cmd {
    let mut cmd = TRIM.call(5 + lanes.len());
    cmd.arg(keys.trim()).arg(keys.subscriptions()).arg(keys.starts()).arg(keys.lanes()).arg(keys.bell());
    for name in lanes {
        cmd.arg(keys.lane_named(name));
    }
    cmd.arg(who).arg(TRIM_TOKEN_MS);
    cmd.arg(limits.length).arg(limits.keep_ms).arg(limits.keep_entries).arg(lanes);
    cmd
}

/// The same call with the script's text instead of its hash; `None` for what is no call of ours.
pub(crate) fn with_text(cmd: &Cmd) -> Option<Cmd> {
    let mut args = cmd.args_iter().map(|arg| match arg {
        Arg::Simple(bytes) => bytes,
        _ => b"0",
    });
    args.next().filter(|name| *name == b"EVALSHA")?;
    let hash = args.next()?;
    let script = ALL.iter().find(|script| script.hash().as_bytes() == hash)?;
    let mut with_text = Cmd::new();
    with_text.arg("EVAL").arg(script.text());
    args.for_each(|arg| {
        with_text.arg(arg);
    });
    Some(with_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_by_hash_can_be_sent_with_the_text() {
        let mut call = PUBLISH.call(1);
        call.arg("key").arg("value");
        let text = with_text(&call).unwrap();
        let args: Vec<_> = text.args_iter().skip(2).collect();
        assert_eq!(args, [Arg::Simple(&b"1"[..]), Arg::Simple(b"key"), Arg::Simple(b"value")]);
        assert!(with_text(&redis::cmd("PING")).is_none());
    }

    #[test]
    fn every_script_is_whole_and_headed_by_what_it_takes_and_answers() {
        for script in ALL {
            assert!(script.text().starts_with("#!lua"), "{}", script.text());
            for part in ["-- KEYS", "-- ARGV", "-- result "] {
                assert!(script.text().contains(part), "{part} in {}", script.text());
            }
            assert!(!script.text().contains("-- include"), "{}", script.text());
        }
    }

    #[tokio::test]
    async fn the_server_compiles_every_script() {
        let server = crate::testing::Server::start().await;
        let mut connection = server.connect().await;
        for script in ALL {
            let mut load = redis::cmd("SCRIPT");
            let hash: String = load.arg("LOAD").arg(script.text()).query_async(&mut connection).await.unwrap();
            assert_eq!(hash, script.hash());
        }
    }
}
