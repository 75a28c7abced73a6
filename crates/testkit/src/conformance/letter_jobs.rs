//! Dead letters by filter: counted, replayed and purged through a bus, as an operator's process does it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, DeadLetters, ErrorKind, Event, EventBus, Outcome, Result, Subscription, TekupEvent, TenantId,
    letters::{LetterFilter, LetterProgress},
    transport::{Admin, Capabilities, DeadReason, LetterKey, Outgoing, Verdict},
};
use tokio::time::{Instant, timeout};

use super::{
    Harness, Scene,
    events::{assert_all, event, event_of, events, ids},
    purging::bury,
    replica::{Replica, exactly},
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.dead_letters;

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
pub(super) struct LeadScored {
    pub(super) score: u32,
}

/// How long letters are kept for a job that makes no step.
const JOB_LEASE: Duration = Duration::from_secs(5);

/// An operator's process, which handles nothing.
async fn operator<H: Harness>(scene: &Scene<H>) -> Result<EventBus> {
    scene.bus(BusConfig::new("operator")).await
}

pub(super) async fn letters<H: Harness>(scene: &Scene<H>) -> Result<DeadLetters> {
    operator(scene).await?.dead_letters("billing/ledger")
}

pub(super) fn refused<T: std::fmt::Debug>(answer: Result<T>, kind: ErrorKind, what: &str) -> Result<()> {
    let error = answer.err().ok_or_else(|| unexpected(format!("{what} was not refused")))?;
    assert_eq!(error.kind(), kind, "{what}: {error}");
    Ok(())
}

fn new() -> LetterFilter {
    LetterFilter::new()
}

/// Three leads of acme, two deals of globex that died for another reason; answers both.
async fn mixed<H: Harness>(scene: &Scene<H>, reader: &Replica<H>) -> Result<(Vec<Outgoing>, Vec<Outgoing>)> {
    let leads = events(3, "lead.created")?;
    bury(scene, reader, &leads).await?;
    scene.harness.advance(Duration::from_millis(5)).await;
    let deals = vec![event_of("globex", "deal.won")?, event_of("globex", "deal.lost")?];
    for sent in &deals {
        scene.publish_one(sent).await?;
        let verdict = Verdict::DeadLetter { reason: DeadReason::Rejected, attempts: 7, error: "no such deal".into() };
        reader.settle(&reader.take_one().await?, verdict).await?;
    }
    Ok((leads, deals))
}

pub async fn a_filter_counts_and_lists_what_it_means_and_nothing_else<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let (leads, deals) = mixed(scene, &reader).await?;
    let dead = letters(scene).await?;
    let died: Vec<_> = dead.list(None, 10).await?.letters.iter().map(|letter| letter.died).collect();
    let [.., last] = exactly::<_, 5>(died.clone())?;
    let earlier = died.into_iter().filter(|time| *time < last).count();
    assert!((3..=4).contains(&earlier), "{earlier} of five died before the last");
    let table = [
        (LetterFilter::all(), 5),
        (new(), 5),
        (new().event_type("lead.*"), 3),
        (new().event_type("*.won"), 1),
        (new().tenant("globex"), 2),
        (new().tenant("initech"), 0),
        (new().without_tenant(), 0),
        (new().error_contains("such deal"), 2),
        (new().reason(DeadReason::AttemptsExhausted), 3),
        (new().attempts_at_least(2), 2),
        (new().attempts_at_most(6), 3),
        (new().died_before(last), earlier),
        (new().died_from(last), 5 - earlier),
        (new().event_type("deal.*").tenant("acme"), 0),
        (new().event_type("deal.*").tenant("globex").attempts_at_least(7).error_contains("no"), 2),
    ];
    for (filter, expected) in table {
        let shown = format!("{filter:?}");
        let selected = dead.filter(filter);
        assert_eq!(selected.count().await?, expected as u64, "{shown}");
        assert_eq!(selected.list(None, 100).await?.letters.len(), expected, "{shown}");
    }
    let listed = dead.filter(new().event_type("deal.*")).list(None, 100).await?.letters;
    assert_all(listed.iter().map(|letter| letter.id).collect(), ids(&deals));
    assert_all(scene.dead(&reader.id).await?, ids(&[leads, deals].concat()));
    Ok(())
}

pub async fn a_replay_by_filter_gives_back_what_it_means_and_nothing_else<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let other = scene.open("mailing/welcome", &["lead.*"]).await?;
    let (leads, deals) = mixed(scene, &reader).await?;
    other.bury(&other.take_by(3, 3).await?).await?;
    let progress = letters(scene).await?.filter(new().event_type("lead.*")).replay().await?;
    assert_eq!((progress.looked_at, progress.matched, progress.done), (5, 3, 3), "{progress:?}");
    assert_eq!((progress.refused, progress.gone), (0, 0));
    scene.ledger.replayed(&reader.id, 3);
    assert_all(reader.finish(3, 3).await?, ids(&leads));
    reader.nothing_comes().await?;
    other.nothing_comes().await?;
    assert_all(scene.dead(&reader.id).await?, ids(&deals));
    Ok(())
}

pub async fn a_purge_by_filter_deletes_what_it_means_and_nothing_else<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let (leads, _) = mixed(scene, &reader).await?;
    let dead = letters(scene).await?;
    let progress = dead.filter(new().error_contains("no such deal")).purge().await?;
    assert_eq!((progress.matched, progress.done), (2, 2), "{progress:?}");
    scene.ledger.purged(&reader.id, 2);
    assert_all(scene.dead(&reader.id).await?, ids(&leads));
    let progress = dead.filter(LetterFilter::all()).purge().await?;
    scene.ledger.purged(&reader.id, progress.done);
    assert_eq!((progress.done, dead.count().await?), (3, 0));
    assert_eq!(scene.admin().books(&reader.id).await?.purged, 5);
    reader.nothing_comes().await
}

pub async fn a_filter_that_means_nothing_or_all_by_mistake_does_nothing<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    bury(scene, &reader, &events(3, "lead.created")?).await?;
    let dead = letters(scene).await?;
    let nothing = dead.filter(new().event_type("deal.*"));
    let expected = LetterProgress { looked_at: 3, ..LetterProgress::default() };
    assert_eq!((nothing.replay().await?, nothing.purge().await?), (expected.clone(), expected));
    refused(dead.filter(new()).purge().await, ErrorKind::InvalidInput, "a purge by a filter that says nothing")?;
    refused(dead.filter(new()).replay().await, ErrorKind::InvalidInput, "a replay by a filter that says nothing")?;
    let wrong = dead.filter(new().error_contains("").attempts_at_least(2).attempts_at_most(1));
    refused(wrong.count().await, ErrorKind::InvalidInput, "a count by a wrong filter")?;
    refused(wrong.list(None, 10).await, ErrorKind::InvalidInput, "a list by a wrong filter")?;
    refused(wrong.replay().await, ErrorKind::InvalidInput, "a replay by a wrong filter")?;
    refused(wrong.purge().await, ErrorKind::InvalidInput, "a purge by a wrong filter")?;
    let all = dead.filter(LetterFilter::all());
    refused(all.replay().per_second(0.0).await, ErrorKind::InvalidInput, "a rate of 0")?;
    let unknown = operator(scene).await?.dead_letters("billing/leger")?.filter(LetterFilter::all());
    refused(unknown.replay().await, ErrorKind::NotFound, "a replay of an unknown subscription")?;
    assert_eq!(dead.count().await?, 3);
    assert!(all.purge().start().await.is_ok(), "what was refused keeps the letters from nobody");
    reader.nothing_comes().await
}

pub async fn a_replay_at_a_rate_tells_its_progress_and_keeps_what_it_did<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = events(12, "lead.created")?;
    bury(scene, &reader, &sent).await?;
    let dead = letters(scene).await?;
    let begun = Instant::now();
    let mut job = dead.filter(LetterFilter::all()).replay().per_second(20.0).start().await?;
    let mut done = 0;
    while done < 6 {
        let progress = job.next().await?.ok_or_else(|| unexpected("it ended before all was done"))?;
        assert!(progress.done > done && progress.done <= done + 2, "{progress:?}");
        done = progress.done;
    }
    let least = Duration::from_millis(50) * (done as u32 - 2);
    assert!(begun.elapsed() >= least, "{done} letters in {:?}", begun.elapsed());
    assert_eq!(job.stop().await?.done, done);
    scene.ledger.replayed(&reader.id, done);
    assert_eq!(dead.count().await?, 12 - done, "what was done stays done, and no more is");

    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let note =
        move |progress: &LetterProgress| hears.lock().unwrap_or_else(PoisonError::into_inner).push(progress.done);
    let rest = dead.filter(LetterFilter::all()).replay().on_progress(note).await?;
    scene.ledger.replayed(&reader.id, rest.done);
    assert_eq!((done + rest.done, dead.count().await?), (12, 0));
    assert_eq!(heard.lock().unwrap_or_else(PoisonError::into_inner).last(), Some(&rest.done));
    assert_all(reader.finish(12, 12).await?, ids(&sent));
    Ok(())
}

pub async fn a_second_job_is_refused_while_one_runs<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    bury(scene, &reader, &events(4, "lead.created")?).await?;
    let (first, second) = (letters(scene).await?, letters(scene).await?);
    let mut job = first.filter(LetterFilter::all()).replay().per_second(5.0).start().await?;
    job.next().await?;
    let all = second.filter(LetterFilter::all());
    refused(all.replay().await, ErrorKind::Conflict, "a second replay")?;
    refused(all.purge().await, ErrorKind::Conflict, "a purge during a replay")?;
    refused(second.replay_all().await, ErrorKind::Conflict, "a replay of all")?;
    let of_acme = second.filter(new().tenant("acme")).purge().await;
    let told = of_acme.map_or_else(|error| error.to_string(), |done| format!("{done:?}"));
    assert!(
        told.contains("another job works on the dead letters of `billing/ledger`: wait for it, or stop it"),
        "{told}"
    );
    // No tenant holds up an operator, nor the other way round.
    let acme = operator(scene).await?.tenant("acme")?.dead_letters("billing/ledger")?;
    let of_its_own = acme.filter(LetterFilter::all()).purge().start().await?;
    assert_eq!(of_its_own.stop().await?.done, 0);
    let done = job.progress().done;
    assert_eq!(second.count().await?, 4 - done, "what was refused has moved something");
    scene.ledger.replayed(&reader.id, done);
    drop(job);
    let deadline = Instant::now() + H::soon();
    let rest = loop {
        match all.purge().await {
            Err(error) if error.kind() == ErrorKind::Conflict && Instant::now() < deadline => {
                scene.harness.advance(H::quiet() / 10).await;
            }
            ended => break ended?,
        }
    };
    scene.ledger.purged(&reader.id, rest.done);
    assert_eq!(rest.done + done, 4);
    reader.finish(done as usize, 4).await.map(drop)
}

pub async fn a_job_that_paused_too_long_gives_way_to_another<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    bury(scene, &reader, &events(3, "lead.created")?).await?;
    let (first, second) = (letters(scene).await?, letters(scene).await?);
    let mut slow = first.filter(LetterFilter::all()).replay().per_second(5.0).start().await?;
    slow.next().await?;
    let done = slow.progress().done;
    scene.ledger.replayed(&reader.id, done);
    scene.harness.advance(JOB_LEASE + H::quiet()).await;
    let mut other = second.filter(LetterFilter::all()).purge().per_second(5.0).start().await?;
    refused(slow.next().await, ErrorKind::Conflict, "a step of a job that has lost its letters")?;
    drop(slow);
    while other.next().await?.is_some() {}
    assert_eq!(other.progress().done, 3 - done);
    scene.ledger.purged(&reader.id, 3 - done);
    reader.finish(done as usize, 3).await.map(drop)
}

pub async fn what_dies_again_during_a_replay_is_not_given_back_twice<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = events(6, "lead.created")?;
    bury(scene, &reader, &sent).await?;
    let mut job = letters(scene).await?.filter(LetterFilter::all()).replay().per_second(20.0).start().await?;
    let mut done = 0;
    while let Some(progress) = job.next().await? {
        let given = progress.done - done;
        done = progress.done;
        scene.ledger.replayed(&reader.id, given);
        reader.bury(&reader.take_by(given as usize, 10).await?).await?;
    }
    assert_eq!((done, job.progress().looked_at), (6, 6));
    assert_all(scene.dead(&reader.id).await?, ids(&sent));
    reader.nothing_comes().await
}

pub async fn what_dies_again_is_not_given_back_though_others_took_some_meanwhile<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    bury(scene, &reader, &events(250, "lead.created")?).await?;
    scene.harness.advance(Duration::from_millis(5)).await;
    let mut job = letters(scene).await?.filter(LetterFilter::all()).replay().start().await?;
    let (mut done, mut is_first) = (0, true);
    while let Some(progress) = job.next().await? {
        let given = progress.done - done;
        done = progress.done;
        scene.ledger.replayed(&reader.id, given);
        scene.harness.advance(Duration::from_millis(5)).await;
        reader.bury(&reader.take_by(given as usize, 100).await?).await?;
        if std::mem::take(&mut is_first) {
            let untouched = scene.dead(&reader.id).await?.into_iter().take(60);
            let acme: TenantId = "acme".parse()?;
            assert_eq!(scene.purge(&reader.id, untouched.map(|id| (acme.clone(), id))).await?, 60);
        }
    }
    assert_eq!((done, job.progress().looked_at), (190, 190));
    assert_eq!(scene.dead(&reader.id).await?.len(), 190);
    reader.nothing_comes().await
}

pub async fn letters_that_others_took_meanwhile_are_counted_as_gone<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let sent = events(4, "lead.created")?;
    bury(scene, &reader, &sent).await?;
    let mut job = letters(scene).await?.filter(LetterFilter::all()).replay().per_second(10.0).start().await?;
    job.next().await?;
    let done = job.progress().done;
    scene.ledger.replayed(&reader.id, done);
    let others = scene.purge(&reader.id, sent.iter().map(|sent| (sent.tenant.clone(), sent.id))).await?;
    while job.next().await?.is_some() {}
    let progress = job.progress();
    assert_eq!((progress.matched, progress.done, progress.gone), (4, done, others), "{progress:?}");
    reader.finish(done as usize, 4).await.map(drop)
}

pub async fn a_tenants_job_reaches_its_own_letters_only<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let reader = scene.open("billing/ledger", &["*"]).await?;
    let (mine, theirs) = (events(3, "lead.created")?, vec![event_of("globex", "lead.created")?]);
    bury(scene, &reader, &mine).await?;
    bury(scene, &reader, &theirs).await?;
    let bus = operator(scene).await?;
    let (acme, globex) = (bus.tenant("acme")?, bus.tenant("globex")?);
    let (acme, globex) = (acme.dead_letters("billing/ledger")?, globex.dead_letters("billing/ledger")?);
    assert_eq!(acme.filter(LetterFilter::all()).count().await?, 3);
    assert_eq!(acme.filter(new().event_type("lead.*")).list(None, 100).await?.letters.len(), 3);
    for filter in [new().tenant("globex"), new().without_tenant()] {
        let others = acme.filter(filter);
        refused(others.count().await, ErrorKind::TenantMismatch, "a count of another's")?;
        refused(others.replay().await, ErrorKind::TenantMismatch, "a replay of another's")?;
        refused(others.purge().await, ErrorKind::TenantMismatch, "a purge of another's")?;
    }
    let [their] = exactly(theirs.clone())?;
    let stranger = LetterKey { tenant: None, id: their.id, died: None };
    refused(acme.replay_letter(&stranger).await, ErrorKind::TenantMismatch, "a replay of nobody's")?;
    refused(acme.purge_letter(&stranger).await, ErrorKind::TenantMismatch, "a purge of nobody's")?;
    refused(acme.purge("globex", their.id).await, ErrorKind::TenantMismatch, "a purge of one of another's")?;
    assert!(!acme.purge("acme", their.id).await?, "another's letter was purged");
    refused(acme.edit_json("globex", their.id, "{}"), ErrorKind::TenantMismatch, "an edit of another's")?;
    let running = globex.filter(LetterFilter::all()).replay().per_second(1.0).start().await?;
    let purged = acme.filter(LetterFilter::all()).purge().await?;
    scene.ledger.purged(&reader.id, purged.done);
    assert_eq!((purged.looked_at, purged.done), (3, 3));
    running.stop().await?;
    assert_eq!(scene.dead(&reader.id).await?, ids(&theirs));
    reader.nothing_comes().await
}

pub async fn what_no_handler_could_be_given_is_refused_unless_forced<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(BusConfig::new("billing")).await?;
    let ledger = Subscription::to::<LeadScored>("ledger");
    let ledger = ledger.handler(
        async |event: Event<LeadScored>, _| {
            if event.data.score == 0 { Outcome::dead_letter("no score") } else { Outcome::Done }
        },
    );
    let id = bus.subscribe(ledger).await?.id().clone();
    let until_dead = async |count| {
        let dead = timeout(H::soon(), scene.ledger.until_dead(&id, count)).await;
        dead.map_err(|_| unexpected("the events did not die"))
    };
    let broken = event("lead.scored")?; // its data has no score
    bus.publish(broken.clone()).await?;
    bus.publish(LeadScored { score: 0 }.event("acme")).await?;
    until_dead(2).await?;

    let dead = bus.dead_letters("billing/ledger")?;
    let progress = dead.filter(LetterFilter::all()).replay().await?;
    assert_eq!((progress.matched, progress.done, progress.refused), (2, 1, 1), "{progress:?}");
    let [refusal] = exactly(progress.refusals)?;
    assert_eq!((refusal.letter.tenant, refusal.letter.id), (Some(broken.tenant.clone()), broken.id));
    assert!(refusal.why.contains("score") && refusal.why.contains("forced()"), "{}", refusal.why);
    scene.ledger.replayed(&id, 1);
    until_dead(2).await?;
    refused(dead.replay("acme", broken.id).await, ErrorKind::Undecodable, "a replay of what can't be decoded")?;

    let undecodable = new().reason(DeadReason::Undecodable);
    assert_eq!(dead.forced().filter(undecodable).replay().await?.done, 1);
    scene.ledger.replayed(&id, 1);
    until_dead(2).await?;
    bus.shutdown().await?;
    assert_eq!(scene.dead(&id).await?.len(), 2);
    // Where the subscription does not run, nobody knows its handlers.
    assert_eq!(letters(scene).await?.filter(LetterFilter::all()).replay().await?.done, 2);
    scene.ledger.replayed(&id, 2);
    Ok(())
}
