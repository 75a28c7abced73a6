//! Causes and effects.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tekup_core::{
    BusConfig, Context, ErrorKind, Event, HandlerError, HandlerResult, Result, RetryPolicy, Subscription, TekupEvent,
    Trace, TraceNode,
    transport::{Capabilities, MOST_TRACED},
};

use super::{Harness, Scene, unexpected};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |can| can.status;

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct LeadCreated {}

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct LeadScored {}

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema, TekupEvent)]
struct LeadWon {}

fn settings<H: Harness>() -> BusConfig {
    let mut config = BusConfig::new("crm");
    (config.lease, config.retry_delay, config.shutdown_grace) = (H::lease(), H::delay(), 5 * H::soon());
    config
}

fn types(node: &TraceNode) -> Vec<&str> {
    node.effects.iter().filter_map(|effect| Some(effect.event_type.as_ref()?.as_str())).collect()
}

/// Scores at the second attempt, so that a retry is among the causes; then wins.
async fn score(_: Event<LeadCreated>, cx: Context) -> HandlerResult {
    if cx.attempt() == 1 {
        return Err("not now".into());
    }
    cx.publish(LeadScored {}).await?;
    Ok(())
}

async fn win(_: Event<LeadScored>, cx: Context) -> HandlerResult {
    cx.publish(LeadWon {}).await?;
    Ok(())
}

pub async fn what_handlers_publish_is_traced_to_what_caused_it_also_after_a_retry<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let bus = scene.bus(settings::<H>()).await?;
    let retry = RetryPolicy::exponential(3, Duration::from_millis(1));
    bus.subscribe(Subscription::to::<LeadCreated>("scoring").retry(retry).handler(score)).await?;
    bus.subscribe(Subscription::to::<LeadScored>("winning").handler(win)).await?;
    let first = bus.publish(LeadCreated {}.event("acme")).await?.id;
    let trace = until_traced(&bus.tenant("acme")?, &first.to_string(), 3, H::soon()).await?;
    let [root] = &trace.roots[..] else { return Err(unexpected(format!("not one root: {trace:?}"))) };
    assert_eq!((root.id, types(root)), (first, vec!["lead.scored"]));
    assert_eq!(types(&root.effects[0]), ["lead.won"]);
    assert!(trace.is_complete);
    assert_eq!(bus.trace("globex", first.to_string()).await?, Trace::default(), "it is another tenant's");
    bus.shutdown().await
}

async fn until_traced(
    bus: &tekup_core::TenantBus,
    correlation: &str,
    count: usize,
    patience: Duration,
) -> Result<Trace> {
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let trace = bus.trace(correlation).await?;
        if trace.roots.iter().map(TraceNode::count).sum::<usize>() >= count {
            return Ok(trace);
        }
        if tokio::time::Instant::now() > deadline {
            return Err(unexpected(format!("{count} events are not traced: {trace:?}")));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub async fn events_of_one_correlation_are_traced_together_whoever_published_them<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let (one, other) = (scene.bus(settings::<H>()).await?, scene.bus(settings::<H>()).await?);
    let name = "import:{7} of \u{e9}t\u{e9}";
    let cause = LeadCreated {}.event("acme").correlation(name).build()?;
    let receipts = one.publish_batch([LeadWon {}.event("acme"), LeadWon {}.event("acme").correlation(name)]).await?;
    other.publish(LeadScored {}.event("acme").caused_by(&cause.envelope)).await?;
    one.publish(&cause).await?;
    one.publish(&cause).await?;
    one.publish(LeadScored {}.event("globex").correlation(name)).await?;
    let trace = one.trace("acme", name).await?;
    let alone = receipts.into_iter().nth(1).ok_or_else(|| unexpected("no receipt"))??.id;
    let mut roots: Vec<_> = trace.roots.iter().map(|root| (root.id, types(root))).collect();
    let mut expected = [(alone, vec![]), (cause.envelope.id, vec!["lead.scored"])];
    roots.sort();
    expected.sort();
    assert_eq!(roots, expected);
    assert_eq!(one.trace("acme", "import").await?, Trace::default());
    for bad in [String::new(), "x".repeat(129)] {
        let refused = one.trace("acme", &bad).await;
        assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::InvalidInput), "{bad}");
    }
    one.shutdown().await?;
    other.shutdown().await
}

pub async fn a_duplicate_under_another_correlation_is_no_effect_of_that_one<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let bus = scene.bus(settings::<H>()).await?;
    let event = LeadWon {}.event("acme").correlation("import-7").build()?;
    bus.publish(&event).await?;
    let again = LeadWon {}.event("acme").id(event.envelope.id).correlation("import-8");
    assert!(bus.publish(again).await?.duplicate);
    let deadline = tokio::time::Instant::now() + H::soon();
    while bus.trace("acme", "import-8").await? != Trace::default() {
        assert!(tokio::time::Instant::now() < deadline, "what was not stored is traced");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(bus.trace("acme", "import-7").await?.roots.len(), 1);
    bus.shutdown().await
}

pub async fn what_is_replayed_keeps_its_correlation_and_passes_it_on<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let bus = scene.bus(settings::<H>()).await?;
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let handler = move |_: Event<LeadScored>, cx: Context| {
        let is_mended = mended.load(Ordering::Relaxed);
        async move {
            if !is_mended {
                return Err(HandlerError::from("not yet").permanent());
            }
            cx.publish(LeadWon {}).await?;
            Ok(())
        }
    };
    bus.subscribe(Subscription::to::<LeadScored>("winning").handler(handler)).await?;
    let sent = bus.publish(LeadScored {}.event("acme").correlation("import-7")).await?.id;
    let (dead, deadline) = (bus.dead_letters("crm/winning")?, tokio::time::Instant::now() + H::soon());
    while dead.count().await? == 0 {
        assert!(tokio::time::Instant::now() < deadline, "it did not die");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    is_mended.store(true, Ordering::Relaxed);
    assert!(dead.replay("acme", sent).await?);
    scene.ledger.replayed(&"crm/winning".parse()?, 1);
    let trace = until_traced(&bus.tenant("acme")?, "import-7", 2, H::soon()).await?;
    let [root] = &trace.roots[..] else { return Err(unexpected(format!("not one root: {trace:?}"))) };
    assert_eq!((root.id, types(root)), (sent, vec!["lead.won"]));
    bus.shutdown().await
}

pub async fn of_a_correlation_with_too_many_events_a_trace_says_that_some_are_left_out<H: Harness>(
    scene: &Scene<H>,
) -> Result<()> {
    let bus = scene.bus(settings::<H>()).await?;
    for count in [MOST_TRACED - 1, 2] {
        let drafts = (0..count).map(|_| LeadWon {}.event("acme").correlation("import-7"));
        bus.publish_batch(drafts).await?.into_iter().collect::<Result<Vec<_>>>()?;
        let trace = bus.trace("acme", "import-7").await?;
        assert_eq!(trace.is_complete, count != 2);
        assert_eq!(trace.roots.len(), MOST_TRACED - usize::from(count != 2));
    }
    bus.shutdown().await
}
