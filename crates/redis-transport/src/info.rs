use std::str::FromStr;

/// The server's answer to `INFO`.
pub(crate) struct Info(String);

impl Info {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim_end)
    }

    pub(crate) fn number<N: FromStr>(&self, name: &str) -> Option<N> {
        self.field(name)?.parse().ok()
    }
}
