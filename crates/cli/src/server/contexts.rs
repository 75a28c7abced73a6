//! Servers by name, in a file.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use serde::Deserialize;
use tekup_core::Environment;

/// The file of contexts: which there are, and which of them holds if none is named.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contexts {
    current: Option<String>,
    #[serde(default)]
    contexts: BTreeMap<String, Context>,
}

/// A bus by name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    pub(crate) redis: Option<String>,
    /// A file that holds the URL, for one with a password.
    pub(crate) redis_file: Option<PathBuf>,
    pub(crate) namespace: Option<String>,
}

impl Contexts {
    /// What the file holds; nothing if there is none.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            text => text.with_context(|| format!("the contexts in `{}` can't be read", path.display()))?,
        };
        // The message of a parser shows the line, and with it a password.
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            anyhow!("the contexts in `{}` can't be read: line {line}: {}", path.display(), error.message())
        })
    }

    /// The one of this name, else the current one, if there is any.
    pub(crate) fn choose(&self, name: Option<&str>) -> anyhow::Result<Option<(&str, &Context)>> {
        let Some(name) = name.or(self.current.as_deref()) else { return Ok(None) };
        let found = self.contexts.get_key_value(name);
        let (name, context) = found.ok_or_else(|| anyhow!("there is no context `{name}`: {}", self.known()))?;
        Ok(Some((name, context)))
    }

    fn known(&self) -> String {
        let names: Vec<String> = self.contexts.keys().map(|name| format!("`{name}`")).collect();
        if names.is_empty() { "the file names none".into() } else { format!("the file names {}", names.join(", ")) }
    }
}

/// Where the file of contexts is, if the environment tells.
pub(crate) fn path(environment: &Environment) -> Option<PathBuf> {
    if let Some(path) = environment.get("TEKUP_CONTEXTS") {
        return Some(path.into());
    }
    let config = environment.get("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| environment.get("HOME").map(|home| Path::new(home).join(".config")));
    config.map(|folder| folder.join("tekup/contexts.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "current = \"dev\"\n[contexts.dev]\nredis = \"redis://localhost\"\n[contexts.prod]\nredis_file = \"url\"\nnamespace = \"shop\"\n";

    fn read(text: &str) -> anyhow::Result<Contexts> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contexts.toml");
        fs::write(&path, text).unwrap();
        Contexts::read(&path)
    }

    #[test]
    fn a_context_is_chosen_by_name_and_else_the_current_one() {
        let contexts = read(TWO).unwrap();
        let name = |asked| contexts.choose(asked).unwrap().map(|(name, _)| name.to_owned());
        assert_eq!(name(None).as_deref(), Some("dev"));
        assert_eq!(name(Some("prod")).as_deref(), Some("prod"));
        let told = contexts.choose(Some("test")).unwrap_err().to_string();
        assert_eq!(told, "there is no context `test`: the file names `dev`, `prod`");
    }

    #[test]
    fn the_file_of_the_document_is_read_as_it_is_printed() {
        let (_, chapter) = include_str!("../../../../docs/configuration.md").split_once("## Contexts").unwrap();
        let contexts = read(chapter.split("```").nth(1).unwrap().strip_prefix("toml").unwrap()).unwrap();
        assert_eq!(contexts.choose(None).unwrap().unwrap().0, "dev");
        let (_, prod) = contexts.choose(Some("prod")).unwrap().unwrap();
        assert!(prod.redis_file.is_some() && prod.namespace.as_deref() == Some("shop"));
    }

    #[test]
    fn no_file_holds_no_context_and_choosing_one_says_so() {
        let contexts = Contexts::read(Path::new("no/such/file")).unwrap();
        assert!(contexts.choose(None).unwrap().is_none());
        assert!(contexts.choose(Some("prod")).unwrap_err().to_string().contains("names none"));
    }

    #[test]
    fn what_is_wrong_in_a_file_is_told_with_its_line_and_no_password() {
        let told =
            read("[contexts.prod]\nredis = \"redis://:s3cret@db\"\nnamespce = \"shop\"\n").unwrap_err().to_string();
        assert!(told.contains("line 3") && told.contains("namespce") && !told.contains("s3cret"), "{told}");
        let told = read("[contexts.prod]\nredis = redis://:s3cret@db\n").unwrap_err().to_string();
        assert!(told.contains("line 2") && !told.contains("s3cret"), "{told}");
    }

    #[test]
    fn the_file_is_where_the_environment_says() {
        let at = |variables: &[(&str, &str)]| path(&Environment::of(variables.iter().copied()));
        assert_eq!(at(&[]), None);
        assert_eq!(at(&[("HOME", "h")]), Some("h/.config/tekup/contexts.toml".into()));
        assert_eq!(at(&[("HOME", "h"), ("XDG_CONFIG_HOME", "x")]), Some("x/tekup/contexts.toml".into()));
        assert_eq!(at(&[("HOME", "h"), ("TEKUP_CONTEXTS", "c.toml")]), Some("c.toml".into()));
    }
}
