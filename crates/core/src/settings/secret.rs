//! Secrets in files, as they are mounted.

use std::{fs::File, io::Read};

use crate::error::shown;

/// More is no secret.
const LONGEST: u64 = 64 << 10;

/// What the file holds, without the line end that editors put there; else what follows the variable's name in the message.
pub(super) fn read(path: &str) -> Result<String, String> {
    // Whoever mistakes the two writes the secret here.
    let name = if path.contains("://") { "a URL in place of a file".into() } else { format!("`{}`", shown(path)) };
    let wrong = |what: &dyn std::fmt::Display, then: &str| format!(" names {name}, which {what}: {then}");
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return Err(wrong(&format_args!("can't be read ({error})"), "name a file that holds the value"));
    }
    if bytes.len() as u64 > LONGEST {
        return Err(wrong(&"is longer than 64 KiB", "name a file that holds the value and nothing else"));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong(&"is no UTF-8", "write text"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(wrong(&"is empty", "write the value there")) } else { Ok(text.to_owned()) }
}
