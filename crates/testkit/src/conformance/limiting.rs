//! Lanes that may not be longer than a limit.

use tekup_core::{
    Result,
    transport::{Admin, Books, Capabilities, Settled, Stage, Verdict},
};

use super::{
    Harness, Scene,
    events::{assert_in_order, event, events, ids},
    replica::Replica,
    scene::spec,
    unexpected,
};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

/// Waits until so much of a subscription was dropped: a transport may look at its lanes now and then only.
async fn dropped<H: Harness>(scene: &Scene<H>, reader: &Replica<H>, count: u64) -> Result<Books> {
    let admin = scene.admin();
    for _ in 0..100 {
        let books = admin.books(&reader.id).await?;
        if books.dropped >= count {
            assert!(books.dropped == count && books.balanced(), "{count} should be dropped: {books:?}");
            return Ok(books);
        }
        scene.harness.advance(H::soon() / 20).await;
    }
    Err(unexpected(format!("{} has not lost {count}: {:?}", reader.id, admin.books(&reader.id).await?)))
}

pub async fn above_its_limit_a_lane_drops_its_oldest_events_and_counts_them<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let Some(limited) = scene.harness.limited(10).await? else { return Ok(()) };
    let fast = scene.open_on(&limited, spec("billing/ledger", &["*"])?).await?;
    let slow = scene.open_on(&limited, spec("mailing/welcome", &["*"])?).await?;
    let mut sent = Vec::new();
    for _ in 0..3 {
        let batch = events(10, "lead.created")?;
        scene.publish_on(&limited, batch.clone()).await?;
        fast.finish(10, 10).await?;
        sent.extend(batch);
    }
    let books = dropped(scene, &slow, 20).await?;
    assert_eq!((books.published, books.ready, books.letters_dropped), (30, 10, 0));
    let books = scene.admin().books(&fast.id).await?;
    assert_eq!((books.acked, books.dropped), (30, 0));
    if scene.can().status {
        let status = scene.status(&sent[0]).await?;
        let stages: Vec<Stage> = status.subscriptions.iter().map(|one| one.stage).collect();
        assert_eq!((status.stage, stages), (Stage::Failed, vec![Stage::Completed, Stage::Failed]));
        assert_eq!(scene.status(&sent[20]).await?.stage, Stage::Pending);
    }
    assert_in_order(&slow.finish(10, 3).await?, &ids(&sent[20..]));
    slow.nothing_comes().await
}

pub async fn what_is_held_is_dropped_too_when_its_lane_is_too_long<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let Some(limited) = scene.harness.limited(5).await? else { return Ok(()) };
    let reader = scene.open_on(&limited, spec("billing/ledger", &["*"])?).await?;
    scene.publish_on(&limited, events(3, "lead.created")?).await?;
    let held = reader.take_by(3, 3).await?;
    let later = events(5, "lead.created")?;
    scene.publish_on(&limited, later.clone()).await?;
    let books = dropped(scene, &reader, 3).await?;
    assert_eq!((books.pending, books.ready), (0, 5));
    for delivery in &held {
        assert_eq!(reader.settle(delivery, Verdict::Ack).await?, Settled::LeaseLost);
    }
    assert_in_order(&reader.finish(5, 5).await?, &ids(&later));
    reader.nothing_comes().await
}

pub async fn what_was_dropped_twice_over_is_counted_once_for_each_subscription<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let Some(limited) = scene.harness.limited(5).await? else { return Ok(()) };
    let one = scene.open_on(&limited, spec("billing/ledger", &["lead.*"])?).await?;
    let other = scene.open_on(&limited, spec("mailing/welcome", &["lead.*"])?).await?;
    scene.publish_on(&limited, events(1, "lead.created")?).await?;
    one.finish(1, 1).await?;
    other.finish(1, 1).await?;
    let mut sent = Vec::new();
    for round in 1..=3 {
        let batch = events(7, "lead.created")?;
        scene.publish_on(&limited, batch.clone()).await?;
        sent.extend(batch);
        let count = round * 7 - 5;
        dropped(scene, &one, count).await?;
        dropped(scene, &other, count).await?;
    }
    if scene.can().status {
        for (at, event) in sent.iter().enumerate() {
            let expected = if at < 16 { Stage::Failed } else { Stage::Pending };
            assert_eq!(scene.status(event).await?.stage, expected, "{at}");
        }
    }
    assert_in_order(&one.finish(5, 5).await?, &ids(&sent[16..]));
    assert_in_order(&other.finish(5, 5).await?, &ids(&sent[16..]));
    Ok(())
}

pub async fn a_limit_takes_nothing_from_who_keeps_up<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let Some(limited) = scene.harness.limited(20).await? else { return Ok(()) };
    let reader = scene.open_on(&limited, spec("billing/ledger", &["*"])?).await?;
    for _ in 0..10 {
        scene.publish_on(&limited, events(20, "lead.created")?).await?;
        reader.finish(20, 20).await?;
    }
    scene.publish_on(&limited, vec![event("lead.scored")?]).await?;
    reader.finish(1, 1).await?;
    scene.harness.advance(H::soon()).await;
    let books = scene.admin().books(&reader.id).await?;
    assert_eq!((books.acked, books.dropped), (201, 0), "{books:?}");
    Ok(())
}
