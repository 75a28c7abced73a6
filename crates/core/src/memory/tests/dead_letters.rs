use super::*;
use crate::{error::ErrorKind, transport::DeadLetter};

/// Publishes one event of a tenant and gives it up.
async fn give_up(transport: &MemoryTransport, source: &MemorySource, tenant: &str) -> EventId {
    let id = publish(transport, vec![event_of(tenant, "invoice.paid")]).await[0];
    assert_eq!(settle(source, &one(source).await, bury(3)).await, Settled::Done);
    id
}

async fn page(transport: &MemoryTransport, after: Option<String>, most: usize) -> (Vec<EventId>, Option<String>) {
    let page = transport.admin().dead_letters(&LEDGER.parse().unwrap(), None, after, most).await.unwrap();
    (page.letters.iter().map(|letter| letter.id).collect(), page.next)
}

async fn count(transport: &MemoryTransport, tenant: Option<&str>) -> u64 {
    let tenant = tenant.map(|name| name.parse().unwrap());
    transport.admin().count_dead_letters(&LEDGER.parse().unwrap(), tenant.as_ref()).await.unwrap()
}

async fn letter(transport: &MemoryTransport, id: EventId) -> Option<DeadLetter> {
    let key = ("acme".parse().unwrap(), id).into();
    transport.admin().dead_letter(&LEDGER.parse().unwrap(), &key).await.unwrap()
}

async fn replay(transport: &MemoryTransport, subscription: &str, id: EventId) -> u64 {
    let letters = vec![("acme".parse().unwrap(), id).into()];
    transport.admin().replay(&subscription.parse().unwrap(), letters).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_keeps_all_that_is_known_of_why() {
    let (transport, source) = ledger().await;
    let id = publish(&transport, vec![Outgoing { bytes: "content".into(), ..event() }]).await[0];
    settle(&source, &one(&source).await, retry(90 * SECOND, 1)).await;
    tokio::time::advance(90 * SECOND).await;
    let last = one(&source).await;
    let verdict = Verdict::DeadLetter { reason: DeadReason::AttemptsExhausted, attempts: 2, error: "closed".into() };
    settle(&source, &last, verdict).await;
    let letter = letter(&transport, id).await.unwrap();
    assert_eq!((letter.id, letter.tenant.unwrap().as_str()), (id, "acme"));
    assert_eq!(letter.event_type.unwrap().as_str(), "invoice.paid");
    assert_eq!((letter.reason, letter.error.as_str(), letter.attempts), (DeadReason::AttemptsExhausted, "closed", 2));
    assert_eq!(letter.bytes, "content");
    assert_eq!(letter.first_failure, last.first_failure);
    assert_eq!(letter.died.since(letter.first_failure.unwrap()), 90 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_cut_after_1024_bytes_between_two_characters() {
    let (transport, source) = ledger().await;
    let id = publish_one(&transport).await;
    let error = format!("x{}", "é".repeat(1_000));
    let verdict = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 1, error: error.clone() };
    settle(&source, &one(&source).await, verdict).await;
    assert_eq!(letter(&transport, id).await.unwrap().error, error[..1_023]);
}

#[tokio::test(start_paused = true)]
async fn letters_come_in_pages_the_oldest_first() {
    let (transport, source) = ledger().await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(give_up(&transport, &source, "acme").await);
    }
    let (first, next) = page(&transport, None, 2).await;
    let (second, next) = page(&transport, next, 2).await;
    // A page stays what it is when older letters go meanwhile.
    assert_eq!(replay(&transport, LEDGER, expected[0]).await, 1);
    let (third, last) = page(&transport, next, 2).await;
    assert_eq!([first, second, third].concat(), expected);
    assert_eq!(last, None);
}

#[tokio::test(start_paused = true)]
async fn letters_can_be_listed_and_counted_for_one_tenant() {
    let (transport, source) = ledger().await;
    for tenant in ["acme", "other", "acme"] {
        give_up(&transport, &source, tenant).await;
    }
    assert_eq!((count(&transport, None).await, count(&transport, Some("acme")).await), (3, 2));
    let other = "other".parse().unwrap();
    let page = transport.admin().dead_letters(&LEDGER.parse().unwrap(), Some(&other), None, 10).await.unwrap();
    assert_eq!((page.letters.len(), page.next), (1, None));
    assert_eq!(page.letters[0].tenant, Some(other));
}

#[tokio::test(start_paused = true)]
async fn a_letter_of_another_tenant_is_not_found_by_its_id() {
    let (transport, source) = ledger().await;
    let id = give_up(&transport, &source, "other").await;
    assert_eq!(letter(&transport, id).await, None);
    assert_eq!(replay(&transport, LEDGER, id).await, 0);
    assert_eq!(count(&transport, None).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_page_size_or_cursor_that_is_none_is_refused() {
    let (transport, _source) = ledger().await;
    let ledger = LEDGER.parse().unwrap();
    for (after, most) in [(None, 0), (None, 1_001), (Some("tomorrow"), 10), (Some(""), 10), (Some("-1"), 10)] {
        let page = transport.admin().dead_letters(&ledger, None, after.map(String::from), most).await;
        assert_eq!(page.unwrap_err().kind(), ErrorKind::InvalidInput, "{after:?} {most}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_letter_goes_at_its_age_and_is_counted() {
    let transport = MemoryTransport::new();
    let mut spec = spec(LEDGER, &["*"]);
    spec.dead_letter_ttl = 60 * SECOND;
    let source = transport.open(spec).await.unwrap();
    give_up(&transport, &source, "acme").await;
    tokio::time::advance(30 * SECOND).await;
    let young = give_up(&transport, &source, "acme").await;
    tokio::time::advance(30 * SECOND).await;
    assert_eq!(page(&transport, None, 10).await.0, [young]);
    let books = books(&transport, LEDGER).await;
    assert_eq!((books.dead, books.expired), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn at_the_cap_the_oldest_letters_go_and_are_counted() {
    let transport = MemoryTransport::new();
    let mut spec = spec(LEDGER, &["*"]);
    spec.dead_letter_cap = 2;
    let source = transport.open(spec).await.unwrap();
    let mut buried = Vec::new();
    for _ in 0..5 {
        buried.push(give_up(&transport, &source, "acme").await);
    }
    assert_eq!(page(&transport, None, 10).await.0, buried[3..]);
    let books = books(&transport, LEDGER).await;
    assert_eq!((books.dead, books.letters_dropped, books.dropped), (2, 3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_replay_wakes_its_subscription_and_no_other_and_starts_from_zero() {
    let (transport, ledger) = ledger().await;
    let audit = open(&transport, "audit/all").await;
    let id = publish(&transport, vec![Outgoing { bytes: "content".into(), ..event() }]).await[0];
    settle(&audit, &one(&audit).await, bury(3)).await;
    settle(&ledger, &one(&ledger).await, retry(Duration::ZERO, 1)).await;
    settle(&ledger, &one(&ledger).await, bury(2)).await;
    let waiting = tokio::spawn(async move { ledger.fetch(10).await });
    yield_now().await;
    assert_eq!(replay(&transport, LEDGER, id).await, 1);
    let replayed = waiting.await.unwrap().unwrap().remove(0);
    assert_eq!((replayed.id, replayed.failures, replayed.first_failure), (id, 0, None));
    assert_eq!(replayed.bytes, "content");
    assert!(ready(&audit, 10).await.is_empty());
    assert_eq!(books(&transport, "audit/all").await.dead, 1);
    assert_eq!(books(&transport, LEDGER).await.dead, 0);
}

#[tokio::test(start_paused = true)]
async fn a_letter_can_be_replayed_once_and_an_unknown_one_never() {
    let (transport, source) = ledger().await;
    let id = give_up(&transport, &source, "acme").await;
    assert_eq!(replay(&transport, LEDGER, EventId::generate()).await, 0);
    assert_eq!(replay(&transport, LEDGER, id).await, 1);
    assert_eq!(replay(&transport, LEDGER, id).await, 0);
    assert_eq!(ready(&source, 10).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_dies_again_after_the_window_leaves_one_letter() {
    let transport = MemoryTransport::new();
    let mut spec = spec(LEDGER, &["*"]);
    spec.dead_letter_ttl = 100_000 * SECOND;
    let source = transport.open(spec).await.unwrap();
    let event = event();
    for _ in 0..2 {
        publish(&transport, vec![event.clone()]).await;
        settle(&source, &one(&source).await, bury(1)).await;
        tokio::time::advance(86_400 * SECOND).await;
    }
    let books = books(&transport, LEDGER).await;
    assert_eq!((books.published, books.dead, books.letters_dropped), (2, 1, 1));
}
