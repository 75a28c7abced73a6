use tekup_core::{
    ErrorKind, Event, Outcome, Result, Subscription,
    audit::{ActionKind, ActionOutcome, ActionRecord, AuditKind, AuditRecord},
    letters::LetterFilter,
};

use crate::{
    job::{Job, Task},
    ledger::Step,
    world::{JOBS, World, times},
};

const LETTERS: usize = 400;

/// What operators did, the newest first.
async fn actions(world: &World) -> Vec<ActionRecord> {
    let page = world.bus.audit(Some(AuditKind::Actions), None, 1_000).await.unwrap();
    let actions = page.records.into_iter().filter_map(|record| match record {
        AuditRecord::Action(action) => Some(action),
        _ => None,
    });
    actions.collect()
}

#[tokio::test]
async fn a_replay_whose_process_is_killed_is_finished_by_another_and_no_letter_is_lost_or_replayed_twice() {
    let world = World::new().await;
    let hopeless = Subscription::to::<Job>("jobs").handler(async |_: Event<Job>, _| Outcome::dead_letter("not yet"));
    let running = world.bus.subscribe(hopeless).await.unwrap();
    let ids = world.publish(times(LETTERS, Task::Pass)).await;
    world.until("all are dead", async || world.books().await.dead == LETTERS as u64).await;
    running.unsubscribe().await.unwrap();
    let _worker = world.hire(world.orders("worker").concurrency(5)).await;

    let mut first = world.hire(world.orders("first").replaying(100.0)).await;
    world.until("a part is replayed", async || world.ledger.ids(Step::Done).len() >= LETTERS / 8).await;
    first.kill();
    let [killed] = actions(&world).await.try_into().unwrap();
    assert_eq!((killed.action.kind, killed.ended, &killed.action.end), (ActionKind::Replay, None, &None));
    let left = world.books().await.dead;
    assert!(left > 0 && left < LETTERS as u64, "{left} are left");
    let all = world.bus.dead_letters(JOBS).unwrap().filter(LetterFilter::all());
    let refused: Result<_> = all.replay().await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Conflict, "whether it is dead nobody knows yet");

    world.until("the letters are free again", async || all.replay().await.is_ok()).await;
    world.until_done(&ids).await;
    let books = world.until_settled().await;
    assert_eq!((books.published, books.acked, books.dead), (LETTERS as u64, LETTERS as u64, 0), "{books:?}");
    let records = actions(&world).await;
    let newest = records[0].action.end.as_ref().map(|end| (end.outcome, end.count));
    assert_eq!(newest, Some((ActionOutcome::Done, left)), "the second process says how many were left");
    let conflict = records[records.len() - 2].action.end.as_ref().map(|end| end.outcome);
    assert_eq!((conflict, records.last()), (Some(ActionOutcome::Refused), Some(&killed)), "nobody speaks for the dead");
    let twice = world.ledger.by_event(Step::Done).into_values().filter(|lines| lines.len() > 1).count();
    assert_eq!(twice, 0, "each letter is moved once");
}
