use std::fmt;

use super::{Draft, TekupEvent};
use crate::{
    envelope::Envelope,
    ids::{TenantId, UserId},
};

/// Whose event it is, and who caused it.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// use tekup_core::TekupEvent;
/// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
/// # struct LeadCreated {}
/// let event = LeadCreated {}.event("acme").user("u-1").build()?;
/// assert_eq!(event.envelope.tenant_context().to_string(), "tenant acme, user u-1");
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TenantContext {
    /// Whose event it is.
    pub tenant: TenantId,
    /// Who caused it, where a person did.
    pub user: Option<UserId>,
}

impl TenantContext {
    /// Another event of the same tenant and user. It is no effect of the first: for that,
    /// [`Draft::caused_by`](crate::Draft::caused_by).
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadScored {}
    /// let context = LeadCreated {}.event("acme").user("u-1").build()?.envelope.tenant_context();
    /// assert_eq!(context.event(LeadScored {}).build()?.envelope.tenant_context(), context);
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    pub fn event<T: TekupEvent>(&self, data: T) -> Draft<T> {
        let draft = Draft::new(data, &self.tenant);
        match &self.user {
            Some(user) => draft.user(user),
            None => draft,
        }
    }
}

impl fmt::Display for TenantContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tenant {}", self.tenant)?;
        self.user.as_ref().map_or(Ok(()), |user| write!(f, ", user {user}"))
    }
}

impl Envelope {
    /// Whose event it is, and who caused it.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// use tekup_core::TekupEvent;
    /// # #[derive(Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
    /// # struct LeadCreated {}
    /// let context = LeadCreated {}.event("acme").build()?.envelope.tenant_context();
    /// assert_eq!((context.tenant.as_str(), context.user), ("acme", None));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn tenant_context(&self) -> TenantContext {
        TenantContext { tenant: self.tenant.clone(), user: self.user.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_context_is_told_with_its_user_if_there_is_one() {
        let context = |user: Option<&str>| TenantContext {
            tenant: "acme".parse().unwrap(),
            user: user.map(|user| user.parse().unwrap()),
        };
        assert_eq!(context(None).to_string(), "tenant acme");
        assert_eq!(context(Some("u-1")).to_string(), "tenant acme, user u-1");
    }
}
