//! What a transport says that it can't do, it refuses.

use tekup_core::{
    ErrorKind, EventId, Result,
    transport::{Admin, Capabilities, FollowSpec, LetterKey, Transport},
};

use super::{Harness, Scene};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

pub async fn without_dead_letters_they_are_unsupported<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let (admin, id) = (scene.admin(), "billing/ledger".parse()?);
    scene.open("billing/ledger", &["*"]).await?;
    let letter = LetterKey::from(("acme".parse()?, EventId::generate()));
    let kinds = [
        admin.dead_letters(&id, None, None, 10).await.err().map(|error| error.kind()),
        admin.dead_letter(&id, &letter).await.err().map(|error| error.kind()),
        admin.count_dead_letters(&id, None).await.err().map(|error| error.kind()),
        admin.replay(&id, vec![letter.clone()]).await.err().map(|error| error.kind()),
        admin.purge(&id, vec![letter]).await.err().map(|error| error.kind()),
        admin.hold_letters(&id, None, "a", H::lease()).await.err().map(|error| error.kind()),
        admin.free_letters(&id, None, "a").await.err().map(|error| error.kind()),
    ];
    let expected = (!scene.can().dead_letters).then_some(ErrorKind::Unsupported);
    assert_eq!(kinds, [expected; 7]);
    Ok(())
}

pub async fn without_status_it_is_unsupported_and_so_are_traces_and_the_events<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let (admin, tenant) = (scene.admin(), "acme".parse()?);
    let kinds = [
        admin.status(&tenant, EventId::generate()).await.err().map(|error| error.kind()),
        admin.event(&tenant, EventId::generate()).await.err().map(|error| error.kind()),
        admin.trace(&tenant, "import-7").await.err().map(|error| error.kind()),
    ];
    let expected = (!scene.can().status).then_some(ErrorKind::Unsupported);
    assert_eq!(kinds, [expected; 3]);
    Ok(())
}

pub async fn without_broadcasts_they_are_unsupported<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let spec = FollowSpec::new("billing/cache".parse()?, vec!["*".parse()?]);
    let answer = scene.transport.follow(spec).await;
    let expected = (!scene.can().broadcast).then_some(ErrorKind::Unsupported);
    assert_eq!(answer.err().map(|error| error.kind()), expected);
    Ok(())
}
