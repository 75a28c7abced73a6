//! What Redis answers when it does not do what it was asked, classed once.

use redis::{ErrorKind as RedisKind, RedisError, ServerError};
use tekup_core::{Error, ErrorKind};

/// What has to be done about an error of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// The server is not ready: the same call, later.
    Wait,
    /// This connection is of no more use.
    Reconnect,
    /// A group or a lane has vanished.
    Repair,
    /// The server is full.
    Backpressure,
    /// It was one script that the server does not know (any more).
    NoScript,
    /// No repetition will help.
    Fatal,
}

/// What a failure means: what to do, what to tell, and how to say it.
struct Meaning {
    class: Class,
    kind: ErrorKind,
    text: &'static str,
}

const fn meaning(class: Class, kind: ErrorKind, text: &'static str) -> Meaning {
    Meaning { class, kind, text }
}

/// The class of an error that ended a whole call.
pub(crate) fn class_of(error: &RedisError) -> Class {
    meaning_of(error).class
}

/// The class of an error that one command of several was answered.
pub(crate) fn class_of_answer(error: &ServerError) -> Class {
    by_code(error.code(), error.details().unwrap_or_default()).class
}

/// The bus's error for one of the driver's; `address` holds no secret.
pub(crate) fn from_redis(error: RedisError, address: &str) -> Error {
    let error = first_of(error);
    let Meaning { kind, text, .. } = meaning_of(&error);
    Error::new(kind, format!("Redis at {address} {text}{}", detail(&error))).with_source(error)
}

/// Where each of several commands was refused, the first refusal tells.
fn first_of(error: RedisError) -> RedisError {
    let refusals = error.clone().into_server_errors();
    let first = refusals.and_then(|refusals| refusals.first().map(|(_, first)| RedisError::from(first.clone())));
    first.unwrap_or(error)
}

/// The bus's error for what one command was answered.
pub(crate) fn from_answer(error: ServerError, address: &str) -> Error {
    from_redis(RedisError::from(error), address)
}

/// The store answered something that no version of it should.
pub(crate) fn unexpected(what: &str) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("Redis gave an unexpected answer to {what}: is this key used by another program?"),
    )
}

const UNREADABLE_RECORD: &str =
    "has a subscription whose record can't be read: restore it, or delete it and running replicas register it again";

/// What is registered of a subscription is no record.
pub(crate) fn unreadable_record(subscription: &str, key: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("Redis {UNREADABLE_RECORD} (`{subscription}` in {key})"))
}

/// The driver's own words, where they help; never those of authentication.
fn detail(error: &RedisError) -> String {
    let code = error.code().unwrap_or_default();
    if matches!(error.kind(), RedisKind::AuthenticationFailed) || matches!(code, "WRONGPASS" | "NOAUTH") {
        return String::new();
    }
    format!(" ({})", tekup_core::text::shown(&error.to_string(), 200))
}

fn meaning_of(error: &RedisError) -> Meaning {
    if let Some(code) = error.code() {
        return by_code(code, error.detail().unwrap_or_default());
    }
    match error.kind() {
        RedisKind::AuthenticationFailed => by_code("WRONGPASS", ""),
        RedisKind::Io if error.is_timeout() => meaning(
            Class::Reconnect,
            ErrorKind::Unavailable,
            "did not answer in time: check its load and the network, or raise the timeout",
        ),
        RedisKind::Io => meaning(
            Class::Reconnect,
            ErrorKind::Unavailable,
            "can't be reached: check that it runs, its address and the network",
        ),
        RedisKind::Parse => {
            meaning(Class::Reconnect, ErrorKind::Unavailable, "sent what is no Redis protocol: check the address")
        }
        RedisKind::RESP3NotSupported => {
            meaning(Class::Fatal, ErrorKind::Incompatible, "knows no RESP3: use Redis 7.0 or newer")
        }
        RedisKind::InvalidClientConfig => {
            meaning(Class::Fatal, ErrorKind::InvalidConfig, "can't be used with these settings: check the URL")
        }
        _ => meaning(Class::Fatal, ErrorKind::Internal, "gave an answer that can't be used"),
    }
}

fn by_code(code: &str, detail: &str) -> Meaning {
    use {Class as C, ErrorKind as K};
    match code {
        "WRONGPASS" | "NOAUTH" => {
            meaning(C::Fatal, K::Denied, "refused the credentials: check user and password in the URL")
        }
        "NOPERM" => meaning(C::Fatal, K::Denied, "lacks a permission for this user: extend its ACL"),
        "DENIED" => {
            meaning(C::Fatal, K::Denied, "runs in protected mode: set a password, or bind it to a trusted interface")
        }
        "OOM" => meaning(C::Backpressure, K::Backpressure, "is full: raise `maxmemory`, or let subscriptions catch up"),
        "MISCONF" => {
            meaning(C::Backpressure, K::Backpressure, "can't save to disk and refuses writes: check its disk and log")
        }
        "NOREPLICAS" => {
            meaning(C::Backpressure, K::Backpressure, "has too few replicas in reach for writes: check them")
        }
        "LOADING" => meaning(C::Wait, K::Unavailable, "is loading its data: try again shortly"),
        "BUSY" => meaning(C::Wait, K::Unavailable, "is busy with a script: try again shortly"),
        "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" => {
            meaning(C::Wait, K::Unavailable, "is not ready: try again shortly")
        }
        "READONLY" => {
            meaning(C::Reconnect, K::Unavailable, "is a read-only replica: the address must lead to the master")
        }
        "UNKILLABLE" => meaning(C::Wait, K::Unavailable, "is busy with a script: try again shortly"),
        "NOGROUP" => meaning(C::Repair, K::SubscriptionLost, "has no such group"),
        "NOSCRIPT" => meaning(C::NoScript, K::Unavailable, "has forgotten a script: try again"),
        "UNREADABLE" => meaning(C::Fatal, K::Internal, UNREADABLE_RECORD),
        "WRONGTYPE" => meaning(
            C::Fatal,
            K::Incompatible,
            "holds another type of value in one of the bus's keys: use another namespace",
        ),
        "MOVED" | "ASK" | "CROSSSLOT" => {
            meaning(C::Fatal, K::Unsupported, "is a cluster: give the address of a single server or of a proxy")
        }
        // What a script may not call is told in words.
        _ if detail.contains("can't run this command") || detail.contains("ACL failure") => by_code("NOPERM", ""),
        _ if detail.contains("max number of clients") => {
            meaning(C::Reconnect, K::Unavailable, "has no free connection: raise `maxclients`")
        }
        _ => meaning(C::Fatal, K::Internal, "refused a command"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(code: &str) -> RedisError {
        redis::make_extension_error(code.into(), Some("words of the server".into()))
    }

    #[test]
    fn each_answer_has_one_class_and_one_kind() {
        let table = [
            ("OOM", Class::Backpressure, ErrorKind::Backpressure),
            ("MISCONF", Class::Backpressure, ErrorKind::Backpressure),
            ("NOAUTH", Class::Fatal, ErrorKind::Denied),
            ("WRONGPASS", Class::Fatal, ErrorKind::Denied),
            ("NOPERM", Class::Fatal, ErrorKind::Denied),
            ("LOADING", Class::Wait, ErrorKind::Unavailable),
            ("READONLY", Class::Reconnect, ErrorKind::Unavailable),
            ("NOGROUP", Class::Repair, ErrorKind::SubscriptionLost),
            ("WRONGTYPE", Class::Fatal, ErrorKind::Incompatible),
            ("UNREADABLE", Class::Fatal, ErrorKind::Internal),
            ("ERR", Class::Fatal, ErrorKind::Internal),
        ];
        for (code, class, kind) in table {
            assert_eq!(class_of(&answered(code)), class, "{code}");
            assert_eq!(from_redis(answered(code), "redis://x").kind(), kind, "{code}");
        }
    }

    #[test]
    fn a_timeout_and_a_cut_connection_ask_for_a_new_one() {
        for kind in
            [std::io::ErrorKind::TimedOut, std::io::ErrorKind::BrokenPipe, std::io::ErrorKind::ConnectionRefused]
        {
            let error = RedisError::from(std::io::Error::from(kind));
            assert_eq!(class_of(&error), Class::Reconnect);
            assert!(from_redis(error, "redis://x").is_retryable());
        }
    }

    #[test]
    fn an_error_names_the_server_and_says_what_to_do() {
        let message = from_redis(answered("OOM"), "redis://x:1").to_string();
        assert!(message.starts_with("Redis at redis://x:1 is full: raise `maxmemory`"), "{message}");
    }
}
