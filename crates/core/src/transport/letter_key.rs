use super::DeadLetter;
use crate::ids::{EventId, TenantId};

/// How one dead letter of a subscription is named.
///
/// ```
/// use tekup_core::{EventId, TenantId, transport::LetterKey};
///
/// let id = EventId::generate();
/// let key = LetterKey::from((TenantId::new("acme")?, id));
/// assert_eq!((key.tenant.is_some(), key.id), (true, id));
/// # Ok::<(), tekup_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LetterKey {
    /// The event's tenant; `None` if what is stored is no tenant's name, as a stranger's entry may be.
    pub tenant: Option<TenantId>,
    /// The event's id.
    pub id: EventId,
}

impl From<(TenantId, EventId)> for LetterKey {
    fn from((tenant, id): (TenantId, EventId)) -> Self {
        Self { tenant: Some(tenant), id }
    }
}

impl From<&DeadLetter> for LetterKey {
    fn from(letter: &DeadLetter) -> Self {
        Self { tenant: letter.tenant.clone(), id: letter.id }
    }
}
