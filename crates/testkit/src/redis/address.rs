use std::{net::TcpListener, path::Path};

use tekup_core::Result;

use super::io_error;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Socket(String),
    Port(u16),
}

impl Address {
    pub(super) fn socket_in(dir: &Path) -> Self {
        Self::Socket(dir.join("r.sock").to_string_lossy().into_owned())
    }

    /// A port that was free a moment ago: another process may still be faster.
    pub(super) fn free_port() -> Result<Self> {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).map_err(|cause| io_error("looking for a free port", cause))?;
        let address = listener.local_addr().map_err(|cause| io_error("looking for a free port", cause))?;
        Ok(Self::Port(address.port()))
    }

    pub(super) fn arguments(&self) -> Vec<String> {
        let (port, socket) = match self {
            Self::Socket(path) => ("0".to_owned(), Some(path)),
            Self::Port(port) => (port.to_string(), None),
        };
        let mut arguments = vec!["--port".to_owned(), port, "--bind".to_owned(), "127.0.0.1".to_owned()];
        if let Some(path) = socket {
            arguments.extend(["--unixsocket".to_owned(), path.clone()]);
        }
        arguments
    }

    pub(super) fn url(&self, password: Option<&str>) -> String {
        match (self, password.map(percent_encoded)) {
            (Self::Socket(path), None) => format!("redis+unix://{path}"),
            (Self::Socket(path), Some(password)) => format!("redis+unix://{path}?pass={password}"),
            (Self::Port(port), None) => format!("redis://127.0.0.1:{port}"),
            (Self::Port(port), Some(password)) => format!("redis://:{password}@127.0.0.1:{port}"),
        }
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_of_any_characters_stands_in_the_url() {
        let url = Address::Port(6379).url(Some("p@ss:w/ö"));
        assert_eq!(url, "redis://:p%40ss%3Aw%2F%C3%B6@127.0.0.1:6379");
        assert_eq!(Address::Socket("/t/r.sock".into()).url(Some("a b")), "redis+unix:///t/r.sock?pass=a%20b");
    }
}
