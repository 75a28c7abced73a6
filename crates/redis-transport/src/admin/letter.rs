use bytes::Bytes;
use tekup_core::{
    EventId, EventType, TenantId, Timestamp,
    transport::{DeadLetter, DeadReason},
};

/// A dead letter from its member and the seven fields that the script unpacks; `None` if they are not of our making.
pub(super) fn read(member: &[u8], fields: Vec<Bytes>) -> Option<DeadLetter> {
    let [reason, error, attempts, first_failure, died, lane, bytes] = <[Bytes; 7]>::try_from(fields).ok()?;
    let (id, tenant) = split(member)?;
    let (reason, error) = explain(&text(&reason), text(&error));
    let lane = text(&lane);
    let (event_type, priority) = lane.rsplit_once(':').unzip();
    Some(DeadLetter {
        id,
        tenant,
        event_type: event_type.and_then(|name| EventType::new(name).ok()),
        priority: priority.and_then(|name| name.parse().ok()),
        reason,
        error,
        attempts: text(&attempts).parse().ok()?,
        first_failure: time(&first_failure).filter(|time| time.unix_millis() > 0),
        died: time(&died)?,
        bytes,
    })
}

fn split(member: &[u8]) -> Option<(EventId, Option<TenantId>)> {
    let (id, tenant) = member.split_at_checked(16)?;
    let id = EventId::from_uuid(uuid::Uuid::from_slice(id).ok()?).ok()?;
    Some((id, std::str::from_utf8(tenant).ok().and_then(|name| TenantId::new(name).ok())))
}

/// A reason that a newer version has invented is kept in the text.
fn explain(reason: &str, error: String) -> (DeadReason, String) {
    match DeadReason::ALL.into_iter().find(|known| known.as_str() == reason) {
        Some(known) => (known, error),
        None => (DeadReason::Rejected, format!("{}: {error}", reason.escape_debug())),
    }
}

fn time(millis: &[u8]) -> Option<Timestamp> {
    Timestamp::from_unix_millis(text(millis).parse().ok()?).ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(all: [&'static str; 7]) -> Vec<Bytes> {
        all.into_iter().map(Bytes::from).collect()
    }

    #[test]
    fn a_letter_is_read_with_all_that_is_known_of_why() {
        let id: EventId = "018f6c9a-0000-7000-8000-000000000016".parse().unwrap();
        let member = crate::keys::member(id, Some("acme"));
        let packed = fields(["rejected", "no such ledger", "2", "1000", "2000", "lead.created:high", "{}"]);
        let letter = read(&member, packed).unwrap();
        assert_eq!((letter.id, letter.tenant.unwrap().as_str()), (id, "acme"));
        assert_eq!((letter.reason, letter.attempts), (DeadReason::Rejected, 2));
        assert_eq!(letter.event_type.unwrap().as_str(), "lead.created");
        assert_eq!(letter.first_failure.unwrap().unix_millis(), 1_000);
        assert_eq!(letter.died.unix_millis(), 2_000);
    }

    #[test]
    fn a_strangers_letter_has_no_tenant_and_no_first_failure() {
        let letter = read(&[7; 16], fields(["undecodable", "", "1", "0", "5", "?", ""])).unwrap();
        assert_eq!((letter.tenant, letter.first_failure, letter.event_type), (None, None, None));
    }

    #[test]
    fn a_reason_of_a_newer_version_is_kept_in_the_text() {
        let letter = read(&[7; 16], fields(["bored", "yawn", "1", "0", "5", "a.b:low", ""])).unwrap();
        assert_eq!((letter.reason, letter.error.as_str()), (DeadReason::Rejected, "bored: yawn"));
    }

    #[test]
    fn a_damaged_letter_is_none() {
        assert!(read(&[7; 16], Vec::new()).is_none());
        assert!(read(&[7; 3], fields(["rejected", "", "1", "0", "5", "a.b:low", ""])).is_none());
        assert!(read(&[7; 16], fields(["rejected", "", "nil", "0", "5", "a.b:low", ""])).is_none());
    }
}
