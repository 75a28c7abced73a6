//! The scripts: one file each, headed by what it is given and what it answers.
//!
//! All loops in them are bounded and the clock is read once. Each is called by its hash; where the server does not know
//! it (any more), the connection sends the same call again with the text.

use std::sync::LazyLock;

use redis::{Arg, Cmd};

/// A script and its hash.
pub(crate) struct Script {
    text: &'static str,
    hash: LazyLock<String>,
}

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {
        $(
            $(#[$doc])*
            pub(crate) static $name: Script = Script {
                text: include_str!($file),
                hash: LazyLock::new(|| redis::Script::new(include_str!($file)).get_hash().to_owned()),
            };
        )*

        static ALL: &[&Script] = &[$(&$name),*];
    };
}

scripts! {
    /// Stores a batch in one partition.
    PUBLISH = "publish.lua";
}

impl Script {
    /// A call with so many keys; they follow, then the arguments.
    pub(crate) fn call(&self, keys: usize) -> Cmd {
        self.call_with_capacity(keys, 8, 256)
    }

    /// As [`call`](Self::call), with room for so many keys and arguments of so many bytes.
    pub(crate) fn call_with_capacity(&self, keys: usize, args: usize, bytes: usize) -> Cmd {
        let mut cmd = Cmd::with_capacity(args + 3, bytes + 64);
        cmd.arg("EVALSHA").arg(self.hash.as_str()).arg(keys);
        cmd
    }
}

/// The same call with the script's text instead of its hash; `None` for what is no call of ours.
pub(crate) fn with_text(cmd: &Cmd) -> Option<Cmd> {
    let mut args = cmd.args_iter().map(|arg| match arg {
        Arg::Simple(bytes) => bytes,
        _ => b"0",
    });
    args.next().filter(|name| *name == b"EVALSHA")?;
    let hash = args.next()?;
    let script = ALL.iter().find(|script| script.hash.as_bytes() == hash)?;
    let mut with_text = Cmd::new();
    with_text.arg("EVAL").arg(script.text);
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
    fn every_script_is_headed_by_what_it_takes_and_answers() {
        for script in ALL {
            assert!(script.text.starts_with("#!lua"), "{}", script.text);
            for part in ["-- KEYS", "-- ARGV", "-- Answers"] {
                assert!(script.text.contains(part), "{part} in {}", script.text);
            }
        }
    }
}
