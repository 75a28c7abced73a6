//! What is printed: tables for people, JSON for programs.

use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde::Serialize;

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON value.
    Json,
    /// One JSON value a line: of a list one for each of what it holds.
    Ndjson,
}

/// A line of a table, which programs get as an object.
pub(crate) trait Row<const N: usize>: Serialize {
    const HEAD: [&str; N];

    fn cells(&self) -> [String; N];
}

impl Format {
    /// A list, each of whose rows may be made as it is printed.
    pub(crate) fn rows<R: Row<N>, const N: usize>(
        self,
        out: &mut impl Write,
        rows: impl IntoIterator<Item = R>,
    ) -> anyhow::Result<()> {
        match self {
            Self::Table => table(out, R::HEAD, rows.into_iter().map(|row| row.cells()))?,
            Self::Json => json(out, &rows.into_iter().collect::<Vec<_>>())?,
            Self::Ndjson => rows.into_iter().try_for_each(|row| line(out, &row))?,
        }
        Ok(())
    }

    /// A part of a list, and where the next one begins.
    pub(crate) fn part<R: Row<N>, const N: usize>(
        self,
        out: &mut impl Write,
        rows: impl IntoIterator<Item = R>,
        next: Option<&str>,
    ) -> anyhow::Result<()> {
        if matches!(self, Self::Json) {
            return json(out, &Part { items: rows.into_iter().collect(), next });
        }
        self.rows(out, rows)?;
        tell_next(next);
        Ok(())
    }

    /// One thing, which is told to people in other words.
    pub(crate) fn one<W: Write>(
        self,
        out: &mut W,
        value: &impl Serialize,
        tell: impl FnOnce(&mut W) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match self {
            Self::Table => tell(out),
            Self::Json => json(out, value),
            Self::Ndjson => line(out, value),
        }
    }

    pub(crate) const fn is_for_people(self) -> bool {
        matches!(self, Self::Table)
    }
}

/// A part of a list, for programs.
#[derive(Serialize)]
struct Part<'a, R> {
    items: Vec<R>,
    /// What `--after` takes to go on; nothing at the end of the list.
    next: Option<&'a str>,
}

/// Says where a list goes on.
pub(crate) fn tell_next(next: Option<&str>) {
    if let Some(next) = next {
        note(&format!("there may be more: --after {next}"));
    }
}

/// Columns without frames, as wide as what they hold.
pub(crate) fn table<const N: usize>(
    out: &mut impl Write,
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(head);
    for row in rows {
        table.add_row(row);
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim())?;
    }
    Ok(())
}

/// What is known of one thing, a line each.
pub(crate) fn facts<const N: usize>(out: &mut impl Write, facts: [(&str, String); N]) -> io::Result<()> {
    let widest = facts.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    facts.iter().try_for_each(|(name, fact)| writeln!(out, "{name:widest$}  {fact}"))
}

pub(crate) fn json(out: &mut impl Write, value: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)?;
    Ok(())
}

pub(crate) fn line(out: &mut impl Write, value: &impl Serialize) -> anyhow::Result<()> {
    // What was published over several lines is kept as it is within.
    writeln!(out, "{}", on_one_line(&serde_json::to_string(value)?))?;
    Ok(())
}

/// Something beside the answer, for people: on the standard error output, if somebody reads it.
pub(crate) fn note(text: &str) {
    let _told = writeln!(io::stderr(), "{text}");
}

/// A text of others as a terminal may show it: what could steer it is escaped, and it is cut after so many characters.
pub(crate) fn shown(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars().take(most) {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    if text.chars().nth(most).is_some() {
        out.push('…');
    }
    out
}

/// JSON as it is written, on one line: between its parts line ends mean nothing, and within its texts there are none.
pub(crate) fn on_one_line(json: &str) -> String {
    json.chars().filter(|c| !matches!(c, '\n' | '\r')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Lane {
        name: String,
        ready: u64,
    }

    impl Row<2> for Lane {
        const HEAD: [&str; 2] = ["LANE", "READY"];

        fn cells(&self) -> [String; 2] {
            [self.name.clone(), self.ready.to_string()]
        }
    }

    fn printed(format: Format, lanes: usize) -> String {
        let mut out = Vec::new();
        let lane = |at| Lane { name: format!("lead.created:{at}"), ready: 7 };
        format.rows(&mut out, (0..lanes).map(lane)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_list_is_a_table_a_json_list_or_a_line_for_each() {
        assert_eq!(printed(Format::Table, 1), "LANE            READY\nlead.created:0  7\n");
        assert_eq!(printed(Format::Ndjson, 2).lines().count(), 2);
        let all: serde_json::Value = serde_json::from_str(&printed(Format::Json, 2)).unwrap();
        assert_eq!(all[1]["name"], "lead.created:1");
    }

    #[test]
    fn a_part_of_a_list_tells_programs_where_it_goes_on() {
        let part = |next| {
            let mut out = Vec::new();
            Format::Json.part(&mut out, [Lane { name: "a".into(), ready: 1 }], next).unwrap();
            serde_json::from_slice::<serde_json::Value>(&out).unwrap()
        };
        assert_eq!(part(Some("a")), serde_json::json!({ "items": [{ "name": "a", "ready": 1 }], "next": "a" }));
        assert_eq!(part(None)["next"], serde_json::Value::Null);
    }

    #[test]
    fn an_empty_list_is_a_head_an_empty_json_list_or_nothing() {
        let of = |format| printed(format, 0);
        assert_eq!(
            (of(Format::Table), of(Format::Json), of(Format::Ndjson)),
            ("LANE  READY\n".into(), "[]\n".into(), String::new())
        );
    }

    #[test]
    fn a_text_of_others_can_not_steer_a_terminal() {
        assert_eq!(shown("no\u{1b}[2J\nway", 100), "no\\u{1b}[2J\\nway");
        assert_eq!(shown("abcdef", 3), "abc…");
        assert_eq!(shown("abc", 3), "abc");
        assert_eq!(shown("it's \u{9b}2J", 100), "it's \\u{9b}2J");
    }

    #[test]
    fn json_on_one_line_says_the_same() {
        assert_eq!(on_one_line("{\n  \"a\": 1.0,\r\n \"b\": \"\\n\"\n}"), "{  \"a\": 1.0, \"b\": \"\\n\"}");
    }
}
