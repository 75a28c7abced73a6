//! What was given up, and how it comes back.

use std::{collections::BTreeSet, time::Duration};

use tekup_core::{
    ErrorKind, EventId, Priority, Result,
    transport::{Admin, Capabilities, DeadReason, LetterKey, Outgoing, Stage, Start, Verdict},
};

use super::{
    Harness, Scene,
    events::{assert_all, assert_in_order, event, event_of, events, ids, with_priority},
    replica::{Replica, exactly},
    scene::spec,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.dead_letters;

/// Publishes and gives up so many events, one after the other.
async fn bury<H: Harness>(scene: &Scene<H>, reader: &Replica<H>, batch: &[Outgoing]) -> Result<()> {
    for sent in batch {
        scene.publish_one(sent).await?;
        reader.bury(&reader.take::<1>().await?).await?;
    }
    Ok(())
}

fn keys(batch: &[Outgoing]) -> Vec<(tekup_core::TenantId, EventId)> {
    batch.iter().map(|event| (event.tenant.clone(), event.id)).collect()
}

pub async fn a_dead_letter_keeps_reason_attempts_error_and_bytes<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    for (number, reason) in DeadReason::ALL.into_iter().enumerate() {
        let sent = event("lead.created")?;
        scene.publish_one(&sent).await?;
        let delivery = reader.take_one().await?;
        let (attempts, error) = (number as u32 + 1, format!("no {number}: ü\n\"quoted\""));
        reader.settle(&delivery, Verdict::DeadLetter { reason, attempts, error: error.clone() }).await?;
        let found = scene.admin().dead_letter(&reader.id, &(sent.tenant.clone(), sent.id).into()).await?;
        let letter = found.ok_or_else(|| unexpected("a dead letter was not found"))?;
        assert_eq!((letter.reason, letter.attempts, letter.error), (reason, attempts, error));
        assert_eq!((letter.id, letter.tenant, letter.bytes), (sent.id, Some(sent.tenant), sent.bytes));
        assert_eq!((letter.event_type, letter.priority), (Some(sent.event_type), Some(sent.priority)));
        assert!(letter.first_failure.is_some_and(|first| first <= letter.died), "{:?}", letter.first_failure);
    }
    reader.nothing_comes().await?;
    assert_eq!(scene.admin().count_dead_letters(&reader.id, None).await?, DeadReason::ALL.len() as u64);
    Ok(())
}

pub async fn dead_letters_come_in_pages_the_oldest_first<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let mut sent = Vec::new();
    for number in 0..25 {
        sent.push(event_of(&format!("tenant-{}", number % 4), "lead.created")?);
    }
    bury(scene, &reader, &sent).await?;
    let (admin, mut after, mut letters, mut pages) = (scene.admin(), None, Vec::new(), 0);
    loop {
        let page = admin.dead_letters(&reader.id, None, after, 10).await?;
        assert!(page.letters.len() <= 10, "a page is never larger than asked for");
        letters.extend(page.letters);
        pages += 1;
        assert!(pages <= 25, "the pages have no end");
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert!(letters.iter().zip(letters.iter().skip(1)).all(|(a, b)| a.died <= b.died), "not the oldest first");
    let listed: Vec<_> = letters.iter().map(|letter| letter.id).collect();
    assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), listed.len(), "a letter is on two pages");
    assert_all(listed, ids(&sent));
    Ok(())
}

pub async fn a_page_stays_in_place_while_letters_come_and_go<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = events(10, "lead.created")?;
    bury(scene, &reader, &sent).await?;
    let first = scene.admin().dead_letters(&reader.id, None, None, 4).await?;
    let read: Vec<_> = first.letters.iter().map(|letter| letter.id).collect();
    scene.replay(&reader.id, keys(sent.get(..2).unwrap_or_default())).await?;
    reader.finish(2, 2).await?;
    bury(scene, &reader, &events(1, "lead.created")?).await?;
    let rest = scene.admin().dead_letters(&reader.id, None, first.next, 100).await?;
    let rest: BTreeSet<_> = rest.letters.iter().map(|letter| letter.id).collect();
    let missed = ids(&sent).into_iter().filter(|id| !read.contains(id) && !rest.contains(id)).count();
    assert_eq!(missed, 0, "letters were skipped");
    assert!(read.iter().all(|id| !rest.contains(id)), "letters were listed twice");
    Ok(())
}

pub async fn dead_letters_can_be_asked_for_by_tenant<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        mine.push(event_of("acme", "lead.created")?);
        theirs.push(event_of("globex", "lead.created")?);
    }
    bury(scene, &reader, &mine).await?;
    bury(scene, &reader, &theirs).await?;
    let (admin, acme) = (scene.admin(), "acme".parse()?);
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = admin.dead_letters(&reader.id, Some(&acme), after, 3).await?;
        listed.extend(page.letters.iter().map(|letter| letter.id));
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_all(listed, ids(&mine));
    assert_eq!(admin.count_dead_letters(&reader.id, Some(&acme)).await?, 4);
    assert_eq!(admin.count_dead_letters(&reader.id, None).await?, 8);
    let [(_, id), ..] = exactly::<_, 4>(keys(&theirs))?;
    assert_eq!(
        admin.dead_letter(&reader.id, &(acme.clone(), id).into()).await?,
        None,
        "a tenant sees another's dead letter"
    );
    assert_eq!(scene.replay(&reader.id, vec![(acme, id)]).await?, 0, "a tenant replays another's dead letter");
    Ok(())
}

pub async fn a_replay_goes_to_its_subscription_alone<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let other = scene.open("mailing/welcome", &["*"]).await?;
    let sent = with_priority(Priority::High, events(1, "lead.created")?);
    scene.publish(sent.clone()).await?;
    for subscription in [&reader, &other] {
        let first = subscription.take_one().await?;
        subscription.retry(&first, H::delay()).await?;
        subscription.bury(&[subscription.take_one_within(H::delay() + H::soon()).await?]).await?;
    }
    assert_eq!(scene.replay(&reader.id, keys(&sent)).await?, 1);
    let again = reader.take_one().await?;
    let [original] = exactly(sent)?;
    assert_eq!((again.id, &again.bytes, again.start), (original.id, &original.bytes, Start::Fresh));
    assert_eq!((again.failures, again.first_failure), (0, None), "attempts begin from 0");
    assert_eq!((again.tenant.as_ref(), again.priority), (Some(&original.tenant), Priority::High));
    other.nothing_comes().await?;
    reader.ack(&[again]).await?;
    assert_eq!((scene.dead(&reader.id).await?, scene.dead(&other.id).await?), (vec![], vec![original.id]));
    Ok(())
}

pub async fn a_replayed_event_may_fail_and_die_again<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = events(1, "lead.created")?;
    bury(scene, &reader, &sent).await?;
    scene.replay(&reader.id, keys(&sent)).await?;
    reader.retry(&reader.take_one().await?, H::delay()).await?;
    let again = reader.take_one_within(H::delay() + H::soon()).await?;
    assert_eq!(again.failures, 1);
    reader.bury(&[again]).await?;
    assert_eq!(scene.dead(&reader.id).await?, ids(&sent));
    assert_eq!(scene.replay(&reader.id, keys(&sent)).await?, 1);
    assert_in_order(&reader.finish(1, 1).await?, &ids(&sent));
    Ok(())
}

pub async fn a_replay_counts_what_was_there<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = events(3, "lead.created")?;
    bury(scene, &reader, &sent).await?;
    let unknown = events(2, "lead.created")?;
    assert_eq!(scene.replay(&reader.id, keys(&unknown)).await?, 0);
    let [one, two, three] = exactly(keys(&sent))?;
    let asked = vec![one.clone(), one.clone(), keys(&unknown).swap_remove(0), two.clone()];
    assert_eq!(scene.replay(&reader.id, asked).await?, 2, "each letter is given back once");
    assert_eq!(scene.replay(&reader.id, vec![one, two]).await?, 0, "what was given back is no dead letter");
    assert_eq!(reader.finish(2, 2).await?.len(), 2);
    reader.nothing_comes().await?;
    assert_eq!(scene.dead(&reader.id).await?, [three.1]);
    Ok(())
}

pub async fn many_dead_letters_are_replayed_in_one_call<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let mut sent = Vec::new();
    for number in 0..250 {
        sent.push(event_of(&format!("tenant-{}", number % 5), "lead.created")?);
    }
    scene.publish(sent.clone()).await?;
    reader.bury(&reader.take_by(250, 100).await?).await?;
    assert_eq!(scene.replay(&reader.id, keys(&sent)).await?, 250);
    assert_all(reader.finish(250, 100).await?, ids(&sent));
    Ok(())
}

pub async fn dead_letters_beyond_the_cap_go_oldest_first_and_are_counted<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let mut capped = spec("billing/ledger", &["*"])?;
    capped.dead_letter_cap = 4;
    let reader = scene.open_with(capped).await?;
    scene.ledger.ask_only_for_balance(&reader.id);
    let sent = events(10, "lead.created")?;
    bury(scene, &reader, &sent).await?;
    let (kept, books) = (scene.dead(&reader.id).await?, scene.admin().books(&reader.id).await?);
    assert!((1..=4).contains(&kept.len()), "{} are kept, 4 are allowed", kept.len());
    assert_eq!(kept, ids(sent.get(10 - kept.len()..).unwrap_or_default()), "the newest are kept");
    let dropped = 10 - kept.len() as u64;
    assert_eq!((books.dead, books.letters_dropped, books.dropped), (10 - dropped, dropped, 0), "{books:?}");
    if scene.can().status {
        let [oldest, ..] = exactly::<_, 10>(sent)?;
        assert_eq!(scene.status(&oldest).await?.stage, Stage::Failed, "a dropped dead letter is no success");
    }
    Ok(())
}

pub async fn dead_letters_expire_by_age_and_are_counted<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let mut brief = spec("billing/ledger", &["*"])?;
    brief.dead_letter_ttl = H::lease();
    let reader = scene.open_with(brief).await?;
    scene.ledger.ask_only_for_balance(&reader.id);
    bury(scene, &reader, &events(3, "lead.created")?).await?;
    scene.harness.advance(H::lease()).await;
    // Without another that dies: what is old goes by itself.
    let mut waited = Duration::ZERO;
    while !scene.dead(&reader.id).await?.is_empty() {
        assert!(waited < H::soon(), "dead letters outlive their age");
        scene.harness.advance(H::quiet()).await;
        waited += H::quiet();
    }
    let books = scene.admin().books(&reader.id).await?;
    assert_eq!((books.dead, books.expired), (0, 3), "{books:?}");
    let newer = events(1, "lead.created")?;
    bury(scene, &reader, &newer).await?;
    assert_eq!(scene.dead(&reader.id).await?, ids(&newer));
    Ok(())
}

pub async fn what_is_asked_of_no_subscription_names_it<H: Harness>(scene: &Scene<H>) -> Result<()> {
    scene.open("billing/ledger", &["*"]).await?;
    let (admin, unknown) = (scene.admin(), "billing/leger".parse()?);
    let letter = LetterKey::from(("acme".parse()?, EventId::generate()));
    let errors = [
        admin.dead_letters(&unknown, None, None, 10).await.err(),
        admin.dead_letter(&unknown, &letter).await.err(),
        admin.count_dead_letters(&unknown, None).await.err(),
        admin.replay(&unknown, vec![letter.clone()]).await.err(),
        admin.purge(&unknown, vec![letter]).await.err(),
        admin.hold_letters(&unknown, None, "a", H::lease()).await.err(),
        admin.free_letters(&unknown, None, "a").await.err(),
        admin.books(&unknown).await.err(),
    ];
    for (call, error) in errors.into_iter().enumerate() {
        let error = error.ok_or_else(|| unexpected(format!("call {call} found what is not there")))?;
        assert_eq!(error.kind(), ErrorKind::NotFound, "call {call}: {error}");
        assert!(error.to_string().contains("billing/leger"), "call {call}: {error}");
    }
    Ok(())
}

pub async fn a_page_of_none_or_of_too_many_is_refused<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    for most in [0, 1_001, 10_001, usize::MAX] {
        let refused = scene.admin().dead_letters(&reader.id, None, None, most).await;
        assert_eq!(refused.err().map(|error| error.kind()), Some(ErrorKind::InvalidInput), "a page of {most}");
    }
    for most in [1, 1_000] {
        assert!(scene.admin().dead_letters(&reader.id, None, None, most).await.is_ok(), "a page of {most}");
    }
    Ok(())
}

pub async fn a_cursor_that_no_page_gave_is_refused<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    bury(scene, &reader, &events(2, "lead.created")?).await?;
    for cursor in ["", "nonsense", "-1", "9999999999999999999999:x", "ü\n*"] {
        let refused = scene.admin().dead_letters(&reader.id, None, Some(cursor.into()), 10).await;
        assert_eq!(refused.err().map(|error| error.kind()), Some(ErrorKind::InvalidInput), "cursor {cursor:?}");
    }
    Ok(())
}
