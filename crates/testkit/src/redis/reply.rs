use std::io::{self, BufRead, Read};

/// What a server answered.
///
/// ```
/// use tekup_testkit::redis::Reply;
///
/// let reply = Reply::Array(vec![Reply::Int(2), Reply::Bulk(b"green".to_vec())]);
/// assert_eq!(reply.items()[0].int(), Some(2));
/// assert_eq!(reply.items()[1].text(), Some("green"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing is there.
    Nil,
    /// A number.
    Int(i64),
    /// A word such as `OK`.
    Status(String),
    /// Bytes.
    Bulk(Vec<u8>),
    /// Several answers.
    Array(Vec<Reply>),
    /// An error inside an array; one that is the whole answer is the call's error.
    Error(String),
}

impl Reply {
    /// The text of bytes in UTF-8 or of a word.
    ///
    /// ```
    /// use tekup_testkit::redis::Reply;
    /// assert_eq!(Reply::Status("OK".into()).text(), Some("OK"));
    /// assert_eq!(Reply::Nil.text(), None);
    /// ```
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Status(text) | Self::Error(text) => Some(text),
            Self::Bulk(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The number, also where it came as text.
    ///
    /// ```
    /// use tekup_testkit::redis::Reply;
    /// assert_eq!(Reply::Bulk(b"12".to_vec()).int(), Some(12));
    /// ```
    #[must_use]
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            other => other.text()?.parse().ok(),
        }
    }

    /// The answers of an array; none for anything else.
    ///
    /// ```
    /// use tekup_testkit::redis::Reply;
    /// assert!(Reply::Int(1).items().is_empty());
    /// ```
    #[must_use]
    pub fn items(&self) -> &[Reply] {
        match self {
            Self::Array(items) => items,
            _ => &[],
        }
    }

    /// Whether nothing is there.
    ///
    /// ```
    /// use tekup_testkit::redis::Reply;
    /// assert!(Reply::Nil.is_nil());
    /// ```
    #[must_use]
    pub fn is_nil(&self) -> bool {
        *self == Self::Nil
    }

    /// Reads one answer of the protocol's second version.
    pub(super) fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end_matches(['\r', '\n']);
        let mut rest = line.chars();
        let kind = rest.next();
        match (kind, rest.as_str()) {
            (Some('+'), text) => Ok(Self::Status(text.to_owned())),
            (Some('-'), text) => Ok(Self::Error(text.to_owned())),
            (Some(':'), number) => number.parse().map(Self::Int).map_err(|_| garbled(line)),
            (Some('$' | '*'), "-1") => Ok(Self::Nil),
            (Some('$'), length) => bulk(from, length.parse().map_err(|_| garbled(line))?),
            (Some('*'), length) => {
                let length: usize = length.parse().map_err(|_| garbled(line))?;
                (0..length).map(|_| Self::read(from)).collect::<io::Result<_>>().map(Self::Array)
            }
            _ => Err(garbled(line)),
        }
    }
}

fn bulk(from: &mut impl Read, length: usize) -> io::Result<Reply> {
    let mut bytes = vec![0; length + 2];
    from.read_exact(&mut bytes)?;
    bytes.truncate(length);
    Ok(Reply::Bulk(bytes))
}

fn garbled(line: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not an answer of Redis: {line:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Reply> {
        Reply::read(&mut &*bytes)
    }

    #[test]
    fn each_kind_of_answer_is_read() {
        let nested = read(b"*3\r\n:-7\r\n*1\r\n$4\r\na\r\nb\r\n$-1\r\n").unwrap();
        assert_eq!(nested.items()[0], Reply::Int(-7));
        assert_eq!(nested.items()[1].items()[0], Reply::Bulk(b"a\r\nb".to_vec()));
        assert_eq!(nested.items()[2], Reply::Nil);
        assert_eq!(read(b"-ERR no\r\n").unwrap(), Reply::Error("ERR no".into()));
        assert_eq!(read(b"*0\r\n").unwrap(), Reply::Array(vec![]));
    }

    #[test]
    fn a_cut_or_garbled_answer_is_an_error() {
        for bytes in [&b""[..], b"$5\r\nab", b"$x\r\n", b"HTTP/1.1 200 OK\r\n", b":\r\n", b"*2\r\n:1\r\n"] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
    }
}
