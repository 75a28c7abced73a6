//! Settings in a TOML file.

use std::{fs::File, io::Read};

use tekup_core::{
    Error, ErrorKind, Result,
    settings::{Entry, FILE, Value},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// More is no file of settings.
const LONGEST: u64 = 64 << 10;
const TABLE: &str = "redis";

pub(super) fn read(path: &str) -> Result<Vec<Entry>> {
    let text = text(path).map_err(|problem| wrong(format!("{FILE} names `{path}`, which {problem}")))?;
    // The error as a whole shows the line, and with it perhaps a password; its message does not.
    let root = DeTable::parse(&text).map_err(|error| {
        let line = line(&text, error.span().map_or(0, |span| span.start));
        wrong(format!("{path}, line {line}: {}: mend the TOML there", error.message()))
    })?;
    let mut entries = Vec::new();
    collect(&text, "", root.get_ref(), &mut entries);
    Ok(entries)
}

fn wrong(problem: String) -> Error {
    Error::new(ErrorKind::InvalidConfig, problem)
}

fn text(path: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("can't be read ({error}): name a TOML file"))?;
    if bytes.len() as u64 > LONGEST {
        return Err("is longer than 64 KiB: name a file of settings and nothing else".into());
    }
    String::from_utf8(bytes).map_err(|_| "is no UTF-8: name a TOML file".into())
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
}

/// The tables' entries are listed with the name of their table, whether or not there is such a table.
fn collect(text: &str, table: &str, from: &DeTable<'_>, into: &mut Vec<Entry>) {
    for (key, value) in from {
        let name = format!("{table}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) if table.is_empty() && (name == TABLE || !inner.is_empty()) => {
                collect(text, &format!("{name}."), inner, into);
            }
            _ => into.push(Entry { key: name, value: settled(value), line: line(text, key.span().start) }),
        }
    }
}

fn settled(value: &Spanned<DeValue<'_>>) -> Value {
    match value.get_ref() {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => whole(number.as_str(), number.radix()),
        DeValue::Float(number) => Value::Other(number.to_string()),
        DeValue::Boolean(is) => Value::Other(is.to_string()),
        DeValue::Datetime(_) => Value::Other("a date".into()),
        DeValue::Table(_) => Value::Other("a table".into()),
        DeValue::Array(all) => {
            let texts: Option<Vec<_>> = all.iter().map(|each| each.get_ref().as_str().map(str::to_owned)).collect();
            texts.map_or_else(|| Value::Other("a list with something else than texts".into()), Value::List)
        }
    }
}

fn whole(digits: &str, radix: u32) -> Value {
    u64::from_str_radix(digits, radix).map_or_else(|_| Value::Other(digits.to_owned()), Value::Number)
}
