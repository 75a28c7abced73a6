use serde::Serialize;

use super::DeadLetter;
use crate::{
    ids::{EventId, TenantId},
    timestamp::Timestamp,
};

/// How one dead letter of a subscription is named.
///
/// Made from a letter that was listed, it means that death of the event and no later one: what was replayed and has died
/// again since is another letter.
///
/// ```
/// use tekup_core::{EventId, TenantId, transport::LetterKey};
///
/// let id = EventId::generate();
/// let key = LetterKey::from((TenantId::new("acme")?, id));
/// assert_eq!((key.tenant.is_some(), key.id), (true, id));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct LetterKey {
    /// The event's tenant; `None` if what is stored is no tenant's name, as a stranger's entry may be.
    pub tenant: Option<TenantId>,
    /// The event's id.
    pub id: EventId,
    /// When it died, by the store's clock; `None`: whenever that was.
    pub died: Option<Timestamp>,
}

impl LetterKey {
    /// Whether a letter of this tenant and id that died then is meant.
    ///
    /// ```
    /// use tekup_core::{EventId, TenantId, Timestamp, transport::LetterKey};
    ///
    /// let key = LetterKey::from((TenantId::new("acme")?, EventId::generate()));
    /// assert!(key.means(Timestamp::now()));
    /// assert!(!LetterKey { died: Some(Timestamp::from_unix_millis(1)?), ..key }.means(Timestamp::now()));
    /// # Ok::<(), tekup_core::Error>(())
    /// ```
    #[must_use]
    pub fn means(&self, died: Timestamp) -> bool {
        self.died.is_none_or(|meant| meant == died)
    }
}

impl From<(TenantId, EventId)> for LetterKey {
    fn from((tenant, id): (TenantId, EventId)) -> Self {
        Self { tenant: Some(tenant), id, died: None }
    }
}

impl From<&DeadLetter> for LetterKey {
    fn from(letter: &DeadLetter) -> Self {
        Self { tenant: letter.tenant.clone(), id: letter.id, died: Some(letter.died) }
    }
}
