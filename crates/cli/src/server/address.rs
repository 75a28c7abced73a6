//! Where a bus is, and who said so.

use std::{fmt, fs, path::Path};

use anyhow::{Context as _, bail};
use tekup_core::{Environment, settings};
use tekup_redis_transport::{RedisConfig, sources};

use super::{
    ServerArgs,
    contexts::{self, Context, Contexts},
};

/// Who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Context(String),
    /// A flag, a variable, the file of settings, or nobody.
    Other(settings::Origin),
}

impl Origin {
    const DEFAULT: Self = Self::Other(settings::Origin::Default);

    fn flag(name: &str) -> Self {
        Self::Other(settings::Origin::Flag(name.into()))
    }

    fn variable(&self) -> Option<&str> {
        match self {
            Self::Other(settings::Origin::Variable(name)) => Some(name),
            _ => None,
        }
    }

    fn is_flag(&self) -> bool {
        matches!(self, Self::Other(settings::Origin::Flag(_)))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Context(name) => write!(f, "context {name}"),
            Self::Other(origin) => origin.fmt(f),
        }
    }
}

/// A command as a shell takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shell {
    /// As it is.
    Whole(String),
    /// When somebody has completed it: it lacks a password that was given on the command line, or lies elsewhere.
    Part(String),
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Whole(text) | Self::Part(text)) = self;
        f.write_str(text)
    }
}

/// Where a bus is. The URL may hold a password, which `Debug` does not show.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    redis: RedisConfig,
    /// What of it was said by flags: another call of the program needs the same.
    flags: Vec<(&'static str, String)>,
    pub(crate) url_from: Origin,
    pub(crate) namespace_from: Origin,
}

impl Address {
    pub(super) fn find(args: &ServerArgs, environment: &Environment) -> anyhow::Result<Self> {
        let contexts = match contexts::path(environment) {
            Some(path) => Contexts::read(&path)?,
            None => Contexts::default(),
        };
        let asked = args.context.as_deref().or_else(|| environment.get("TEKUP_CONTEXT"));
        let context = contexts.choose(asked)?;
        let (url, url_from) = url(args, environment, context)?;
        let (namespace, namespace_from) = namespace(args, environment, context)?;
        let redis = RedisConfig::new(url).namespace(namespace);
        Ok(Self { redis, flags: flags(args), url_from, namespace_from })
    }

    /// Another call of this program, on the same bus.
    pub(crate) fn tekup(&self, command: &str) -> Shell {
        let flags = self.flags.iter().map(|(name, value)| format!(" {name} {value}"));
        let text = format!("tekup {command}{}", flags.collect::<String>());
        let is_whole = !self.url_from.is_flag() || !has_secret(&self.redis.url);
        if is_whole { Shell::Whole(text) } else { Shell::Part(text) }
    }

    /// A command for the server. A password is taken from where it is, and nowhere else: another server may be there.
    pub(crate) fn redis_cli(&self, command: &str) -> Shell {
        let url = &self.redis.url;
        let host = self.redis.host().unwrap_or_default();
        let at = match self.url_from.variable() {
            _ if url.contains("unix:") && !has_secret(url) => format!("-s {}", quoted(&host)),
            Some("REDIS_URL_FILE") if !url.contains("unix:") => "-u \"$(cat \"$REDIS_URL_FILE\")\"".into(),
            Some("REDIS_URL") if !url.contains("unix:") => "-u \"$REDIS_URL\"".into(),
            _ if !has_secret(url) => format!("-u {}", quoted(url)),
            _ => return Shell::Part(format!("redis-cli {command} (at {host}, with the login of {})", self.url_from)),
        };
        // Without -e it ends well though the server has refused.
        Shell::Whole(format!("redis-cli -e {at} {command}"))
    }

    /// Where a bus usually is.
    #[cfg(test)]
    pub(crate) fn usual() -> Self {
        let redis = RedisConfig::default();
        Self { redis, flags: Vec::new(), url_from: Origin::DEFAULT, namespace_from: Origin::DEFAULT }
    }

    /// As settings, checked.
    pub(crate) fn config(&self) -> tekup_core::Result<RedisConfig> {
        self.redis.check()?;
        Ok(self.redis.clone())
    }
}

fn flags(args: &ServerArgs) -> Vec<(&'static str, String)> {
    let url = args.redis.as_ref().map(|url| if has_secret(url) { "<the same URL>".into() } else { quoted(url) });
    let all = [
        ("--redis", url),
        ("--namespace", args.namespace.as_deref().map(quoted)),
        ("--context", args.context.as_deref().map(quoted)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Whether a URL may hold a user, a password, or anything else behind a question mark.
fn has_secret(url: &str) -> bool {
    url.contains(['@', '?'])
}

/// As one word of a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The first that says it: what was given, a context, what is usual.
fn url(
    args: &ServerArgs,
    environment: &Environment,
    context: Option<(&str, &Context)>,
) -> anyhow::Result<(String, Origin)> {
    if let Some(url) = &args.redis {
        return Ok((url.clone(), Origin::flag("--redis")));
    }
    // A context that is asked for by a flag is nearer than the environment.
    let by_flag = context.filter(|_| args.context.is_some());
    if let Some(found) = of_context(by_flag)? {
        return Ok(found);
    }
    let (redis, from) = as_services_do(environment, "redis.url")?;
    if from.variable().is_some() {
        return Ok((redis.url, from));
    }
    Ok(of_context(context)?.unwrap_or((redis.url, from)))
}

/// What a service here would take, and who has said one setting of it.
fn as_services_do(environment: &Environment, key: &str) -> anyhow::Result<(RedisConfig, Origin)> {
    let mut sources = sources(environment);
    let redis = sources.part();
    let told = sources.finish()?.into_iter().find(|told| told.setting.key == key);
    Ok((redis, told.map_or(Origin::DEFAULT, |told| Origin::Other(told.origin))))
}

fn of_context(context: Option<(&str, &Context)>) -> anyhow::Result<Option<(String, Origin)>> {
    let Some((name, context)) = context else { return Ok(None) };
    let url = match (&context.redis, &context.redis_file) {
        (Some(_), Some(_)) => bail!("context `{name}` has `redis` and `redis_file`: leave one of them out"),
        (Some(url), None) => url.clone(),
        (None, Some(path)) => secret(path)?,
        (None, None) => return Ok(None),
    };
    Ok(Some((url, Origin::Context(name.to_owned()))))
}

/// What a file holds, without the line end that editors put there.
fn secret(path: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(path);
    let text = text.with_context(|| format!("the URL of Redis in `{}` can't be read", path.display()))?;
    Ok(text.trim_end().to_owned())
}

fn namespace(
    args: &ServerArgs,
    environment: &Environment,
    context: Option<(&str, &Context)>,
) -> anyhow::Result<(String, Origin)> {
    if let Some(namespace) = &args.namespace {
        return Ok((namespace.clone(), Origin::flag("--namespace")));
    }
    let of_context = context.and_then(|(name, context)| {
        let namespace = context.namespace.clone()?;
        Some((namespace, Origin::Context(name.to_owned())))
    });
    if let (Some(_), Some(found)) = (&args.context, &of_context) {
        return Ok(found.clone());
    }
    let (redis, from) = as_services_do(environment, "redis.namespace")?;
    let usual = (redis.namespace, from);
    Ok(if usual.1.variable().is_some() { usual } else { of_context.unwrap_or(usual) })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scene {
        folder: tempfile::TempDir,
        variables: Vec<(&'static str, String)>,
        args: ServerArgs,
    }

    impl Scene {
        fn new() -> Self {
            let args = ServerArgs { redis: None, namespace: None, context: None };
            Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new(), args }
        }

        fn file(&mut self, name: &'static str, text: &str) -> String {
            let path = self.folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        }

        fn contexts(mut self, text: &str) -> Self {
            let path = self.file("contexts.toml", text);
            self.set("TEKUP_CONTEXTS", &path)
        }

        fn set(mut self, name: &'static str, value: &str) -> Self {
            self.variables.push((name, value.to_owned()));
            self
        }

        fn find(&self) -> anyhow::Result<Address> {
            Address::find(
                &self.args,
                &Environment::of(self.variables.iter().map(|(name, value)| (*name, value.as_str()))),
            )
        }

        fn found(&self) -> (String, String, String, String) {
            let found = self.find().unwrap();
            let RedisConfig { url, namespace, .. } = found.config().unwrap();
            (url, found.url_from.to_string(), namespace, found.namespace_from.to_string())
        }
    }

    fn is(found: (String, String, String, String), url: &str, from: &str, namespace: &str, by: &str) {
        assert_eq!(found, (url.into(), from.into(), namespace.into(), by.into()));
    }

    const CONTEXTS: &str = "current = \"dev\"\n[contexts.dev]\nredis = \"redis://dev\"\nnamespace = \"d\"\n[contexts.prod]\nredis = \"redis://prod\"\n";

    #[test]
    fn a_flag_is_nearer_than_the_environment_and_that_nearer_than_a_context() {
        is(Scene::new().found(), "redis://localhost:6379", "default", "tekup", "default");
        let scene = Scene::new().contexts(CONTEXTS);
        is(scene.found(), "redis://dev", "context dev", "d", "context dev");
        let mut scene = scene.set("REDIS_URL", "redis://e").set("EVENT_BUS_NAMESPACE", "e");
        is(scene.found(), "redis://e", "environment REDIS_URL", "e", "environment EVENT_BUS_NAMESPACE");
        scene.args.context = Some("prod".into());
        is(scene.found(), "redis://prod", "context prod", "e", "environment EVENT_BUS_NAMESPACE");
        (scene.args.redis, scene.args.namespace) = (Some("redis://f".into()), Some("f".into()));
        is(scene.found(), "redis://f", "flag --redis", "f", "flag --namespace");
    }

    #[test]
    fn the_environment_names_a_context_or_a_file_that_holds_the_url() {
        let scene = Scene::new().contexts(CONTEXTS).set("TEKUP_CONTEXT", "prod");
        is(scene.found(), "redis://prod", "context prod", "tekup", "default");
        let mut scene = Scene::new();
        let path = scene.file("url", "redis://:s3cret@db\n");
        let scene = scene.set("REDIS_URL_FILE", &path);
        is(scene.found(), "redis://:s3cret@db", "environment REDIS_URL_FILE", "tekup", "default");
    }

    #[test]
    fn the_file_of_settings_is_further_than_a_context_and_nearer_than_the_default() {
        let mut scene = Scene::new();
        let path = scene.file("bus.toml", "[redis]\nurl = \"redis://file\"\nnamespace = \"f\"\n");
        let scene = scene.set("EVENT_BUS_CONFIG", &path);
        let (url, namespace) = (format!("file {path}, line 2"), format!("file {path}, line 3"));
        is(scene.found(), "redis://file", &url, "f", &namespace);
        is(scene.contexts(CONTEXTS).found(), "redis://dev", "context dev", "d", "context dev");
    }

    #[test]
    fn a_flag_helps_though_the_environment_is_wrong() {
        let mut scene = Scene::new().set("REDIS_URL", "localhost").set("EVENT_BUS_CONFIG", "no/such/file");
        assert!(scene.find().is_err());
        (scene.args.redis, scene.args.namespace) = (Some("redis://f".into()), Some("f".into()));
        is(scene.found(), "redis://f", "flag --redis", "f", "flag --namespace");
    }

    #[test]
    fn other_calls_name_the_same_server_and_no_password() {
        let cli = |scene: &Scene| scene.find().unwrap().redis_cli("PING");
        let whole = |text: &str| Shell::Whole(text.into());
        assert_eq!(cli(&Scene::new()), whole("redis-cli -e -u redis://localhost:6379 PING"));
        assert_eq!(
            cli(&Scene::new().set("REDIS_URL", "redis://:s3cret@db")),
            whole("redis-cli -e -u \"$REDIS_URL\" PING")
        );
        let socket = Scene::new().set("REDIS_URL", "redis+unix:///run/r.sock");
        let mut filed = Scene::new();
        let path = filed.file("url", "redis+unix:///run/r.sock\n");
        assert_eq!(cli(&filed.set("REDIS_URL_FILE", &path)), whole("redis-cli -e -s /run/r.sock PING"));
        assert_eq!(cli(&socket), whole("redis-cli -e -s /run/r.sock PING"));
        let mut scene = Scene::new().contexts("[contexts.\"it's\"]\nredis = \"redis://:s3cret@a\"\n");
        assert_eq!(scene.find().unwrap().tekup("stats"), whole("tekup stats"));
        scene.args.context = Some("it's".into());
        assert_eq!(scene.find().unwrap().tekup("stats"), whole("tekup stats --context 'it'\\''s'"));
    }

    #[test]
    fn a_password_that_another_call_can_not_take_from_where_it_is_leaves_the_command_to_be_completed() {
        // The environment names another server, which nobody has asked for.
        let mut scene = Scene::new().contexts(CONTEXTS_WITH_LOGIN).set("REDIS_URL", "redis://other");
        scene.args.context = Some("prod".into());
        let told = scene.find().unwrap().redis_cli("PING");
        assert_eq!(told, Shell::Part("redis-cli PING (at db:6379, with the login of context prod)".into()));
        (scene.args.redis, scene.args.context) = (Some("redis://:s3cret@db".into()), None);
        let found = scene.find().unwrap();
        assert_eq!(found.tekup("stats"), Shell::Part("tekup stats --redis <the same URL>".into()));
        assert_eq!(
            found.redis_cli("PING"),
            Shell::Part("redis-cli PING (at db:6379, with the login of flag --redis)".into())
        );
        let socket = Scene::new().set("REDIS_URL", "redis+unix:///run/r.sock?db=3&pass=s3cret");
        let told = socket.find().unwrap().redis_cli("PING");
        assert!(matches!(&told, Shell::Part(text) if !text.contains("s3cret")), "{told}");
    }

    const CONTEXTS_WITH_LOGIN: &str = "[contexts.prod]\nredis = \"redis://:s3cret@db\"\n";

    #[test]
    fn what_contradicts_itself_or_is_absent_is_told_by_name() {
        let both = Scene::new().set("REDIS_URL", "redis://a").set("REDIS_URL_FILE", "b");
        assert!(both.find().unwrap_err().to_string().contains("both set"));
        let absent = Scene::new().set("REDIS_URL_FILE", "no/such/file");
        assert!(absent.find().unwrap_err().to_string().contains("no/such/file"));
        let url_of_nothing = Scene::new().set("REDIS_URL", "localhost").set("EVENT_BUS_NAMESPACE", "a b");
        assert!(url_of_nothing.find().unwrap_err().to_string().contains("2 mistakes: (1) REDIS_URL: url `"));
        let unknown = Scene::new().contexts(CONTEXTS).set("TEKUP_CONTEXT", "test");
        assert!(unknown.find().unwrap_err().to_string().contains("no context `test`"));
        let mixed = Scene::new().contexts("current = \"a\"\n[contexts.a]\nredis = \"redis://a\"\nredis_file = \"b\"\n");
        assert!(mixed.find().unwrap_err().to_string().contains("leave one of them out"));
    }
}
