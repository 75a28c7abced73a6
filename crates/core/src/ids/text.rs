//! Names that people choose: tenants, users, services, subscriptions.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result, shown};

/// What a kind of name may hold.
struct Rule {
    what: &'static str,
    longest: usize,
    /// Allowed besides ASCII letters and digits; never first.
    extra: &'static str,
}

impl Rule {
    fn check(&self, text: &str) -> Result<()> {
        let Some(broken) = self.broken_by(text) else { return Ok(()) };
        let Self { what, longest, extra } = self;
        let message = format!(
            "{what} `{}` {broken}: use 1 to {longest} ASCII letters, digits and `{extra}`, with a letter or digit first",
            shown(text)
        );
        Err(Error::new(ErrorKind::InvalidInput, message))
    }

    fn broken_by(&self, text: &str) -> Option<String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || self.extra.contains(c);
        if text.is_empty() {
            return Some("is empty".into());
        }
        if text.len() > self.longest {
            return Some(format!("has {} bytes", text.len()));
        }
        if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
            return Some(format!("holds {bad:?}"));
        }
        let first = text.chars().next().filter(|c| !c.is_ascii_alphanumeric())?;
        Some(format!("begins with {first:?}"))
    }
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident = $what:literal, $longest:literal, $extra:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            const RULE: Rule = Rule { what: $what, longest: $longest, extra: $extra };

            /// Checks the text against the rule of this type.
            ///
            /// # Errors
            /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), with the rule that the text breaks.
            ///
            /// ```
            #[doc = concat!("use tekup_core::", stringify!($name), ";")]
            ///
            #[doc = concat!("assert!(", stringify!($name), "::new(\"acme-1\").is_ok());")]
            #[doc = concat!("assert!(", stringify!($name), "::new(\"acme\\n*\").is_err());")]
            /// ```
            pub fn new(text: impl AsRef<str>) -> Result<Self> {
                let text = text.as_ref();
                Self::RULE.check(text)?;
                Ok(Self(text.into()))
            }

            /// The text.
            ///
            /// ```
            #[doc = concat!("let name = tekup_core::", stringify!($name), "::new(\"acme-1\")?;")]
            /// assert_eq!(name.as_str(), "acme-1");
            /// # Ok::<(), tekup_core::Error>(())
            /// ```
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = Error;
            fn try_from(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<Self> {
                Self::new(text)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = Error;
            fn try_from(text: &String) -> Result<Self> {
                Self::new(text)
            }
        }

        impl From<&$name> for $name {
            fn from(name: &$name) -> Self {
                name.clone()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                super::from_text(deserializer)
            }
        }
    )*};
}

text_ids! {
    /// Whose event it is: every event has exactly one tenant.
    ///
    /// 1 to 128 ASCII letters, digits, `.`, `_`, `-` and `@`, with a letter or digit first; a UUID fits.
    ///
    /// ```
    /// use tekup_core::TenantId;
    ///
    /// let tenant: TenantId = "tenant-123".parse()?;
    /// assert_eq!(tenant.to_string(), "tenant-123");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    TenantId = "tenant", 128, "._-@";

    /// Who caused the event, where a person did.
    ///
    /// 1 to 128 ASCII letters, digits, `.`, `_`, `-`, `@`, `+` and `|`, with a letter or digit first; a UUID, a mail
    /// address and the ids of common identity providers fit.
    ///
    /// ```
    /// let user: tekup_core::UserId = "auth0|5f7c8ec7".parse()?;
    /// assert_eq!(user.as_str(), "auth0|5f7c8ec7");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    UserId = "user", 128, "._-@+|";

    /// The name with which a process joins the bus; the replicas of one service share its work.
    ///
    /// 1 to 64 ASCII letters, digits, `.`, `_` and `-`, with a letter or digit first.
    ///
    /// ```
    /// let service: tekup_core::ServiceName = "ai-proposal-engine".parse()?;
    /// assert_eq!(service.as_str(), "ai-proposal-engine");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    ServiceName = "service", 64, "._-";

    /// The name of a subscription within its service.
    ///
    /// 1 to 64 ASCII letters, digits, `.`, `_` and `-`, with a letter or digit first.
    ///
    /// ```
    /// let name: tekup_core::SubscriptionName = "ledger".parse()?;
    /// assert_eq!(name.as_str(), "ledger");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    SubscriptionName = "subscription", 64, "._-";
}

/// The full name of a subscription on the bus: `<service>/<name>`.
///
/// ```
/// use tekup_core::SubscriptionId;
///
/// let id: SubscriptionId = "billing/ledger".parse()?;
/// assert_eq!(id.service().as_str(), "billing");
/// assert_eq!(id.name().as_str(), "ledger");
/// assert_eq!(id.to_string(), "billing/ledger");
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId {
    service: ServiceName,
    name: SubscriptionName,
}

impl SubscriptionId {
    /// The subscription `name` of `service`.
    ///
    /// ```
    /// use tekup_core::SubscriptionId;
    /// let id = SubscriptionId::new("billing".parse()?, "ledger".parse()?);
    /// assert_eq!(id, "billing/ledger".parse()?);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(service: ServiceName, name: SubscriptionName) -> Self {
        Self { service, name }
    }

    /// The service that owns the subscription.
    ///
    /// ```
    /// let id: tekup_core::SubscriptionId = "billing/ledger".parse()?;
    /// assert_eq!(id.service().as_str(), "billing");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn service(&self) -> &ServiceName {
        &self.service
    }

    /// The name within the service.
    ///
    /// ```
    /// let id: tekup_core::SubscriptionId = "billing/ledger".parse()?;
    /// assert_eq!(id.name().as_str(), "ledger");
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &SubscriptionName {
        &self.name
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.name)
    }
}

impl FromStr for SubscriptionId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let Some((service, name)) = text.split_once('/') else {
            let message = format!("subscription id `{}` has no `/`: write `<service>/<name>`", shown(text));
            return Err(Error::new(ErrorKind::InvalidInput, message));
        };
        Ok(Self::new(service.parse()?, name.parse()?))
    }
}

impl Serialize for SubscriptionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SubscriptionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused_with_the_rule_that_they_break() {
        let long = "a".repeat(129);
        let table: [(&str, &str); 12] = [
            ("", "is empty"),
            ("*", "holds '*'"),
            ("{}", "holds '{'"),
            ("a:b", "holds ':'"),
            ("a\nb", "holds '\\n'"),
            ("a\0b", "holds '\\0'"),
            ("a b", "holds ' '"),
            ("a/b", "holds '/'"),
            ("tenænt", "holds 'æ'"),
            ("\u{202e}a", "holds '\\u{202e}'"),
            ("-a", "begins with '-'"),
            (&long, "has 129 bytes"),
        ];
        for (text, broken) in table {
            let message = TenantId::new(text).unwrap_err().to_string();
            assert!(message.contains(broken), "{text:?}: {message}");
            assert!(message.contains("use 1 to 128"), "{message}");
            assert!(ServiceName::new(text).is_err() && SubscriptionName::new(text).is_err(), "{text:?}");
            assert!(UserId::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_error_about_a_ten_kilobyte_name_stays_short_and_on_one_line() {
        let message = TenantId::new("\n".repeat(10_000)).unwrap_err().to_string();
        assert!(message.len() < 400 && !message.contains('\n'), "{message}");
    }

    #[test]
    fn the_longest_allowed_name_is_taken() {
        assert!(TenantId::new("a".repeat(128)).is_ok());
        assert!(ServiceName::new("a".repeat(64)).is_ok());
        assert!(ServiceName::new("a".repeat(65)).is_err());
    }
}
