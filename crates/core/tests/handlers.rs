//! The forms in which a handler may be written: all of them, over one builder.

mod common;

use std::{sync::Arc, time::Duration};

use common::{LeadCreated, LeadScored, Seen, bus, lead};
use tekup_core::{
    Advise, Context, Event, Handler, HandlerError, HandlerResult, Outcome, RawEvent, RetryPolicy, Subscription,
    TekupEvent, transport::DeadReason,
};

async fn named(event: Event<LeadCreated>, _: Context) -> anyhow::Result<()> {
    anyhow::ensure!(!event.data.lead_id.is_empty(), "a lead without an id");
    Ok(())
}

async fn named_with_io_error(_: Event<LeadCreated>, _: Context) -> Result<u32, std::io::Error> {
    Ok(7)
}

struct Scorer {
    seen: Seen<String>,
}

impl Handler<Event<LeadCreated>> for Scorer {
    async fn handle(&self, event: Event<LeadCreated>, _: Context) -> HandlerResult {
        self.seen.note(format!("struct {}", event.data.lead_id));
        Ok(())
    }
}

impl Handler<RawEvent> for Scorer {
    async fn handle(&self, event: RawEvent, _: Context) -> HandlerResult {
        self.seen.note(format!("raw {}", event.decode::<LeadCreated>()?.data.lead_id));
        Ok(())
    }
}

fn to(name: &str) -> Subscription<Event<LeadCreated>> {
    Subscription::to::<LeadCreated>(name)
}

#[tokio::test(start_paused = true)]
async fn every_form_of_handler_gets_the_event() {
    let bus = bus();
    let seen: Seen<String> = Seen::new();
    let note = |what: &'static str| {
        let seen = seen.clone();
        move || seen.note(what.into())
    };
    let form = |name: &str| Arc::new(note(Box::leak(name.to_owned().into_boxed_str())));

    let subscriptions = vec![
        to("unit").handler_with(form("unit"), async |note, _, _| note()),
        to("outcome").handler_with(form("outcome"), async |note, _, _| {
            note();
            Outcome::Done
        }),
        to("result").handler_with(form("result"), async |note, event, _| {
            event.data.lead_id.parse::<u32>()?;
            note();
            Ok(())
        }),
        to("result-of-outcome").handler_with(form("result-of-outcome"), async |note, event, _| {
            event.data.lead_id.parse::<u32>().permanent()?;
            note();
            Ok(Outcome::Done)
        }),
        to("struct").handled_by(Scorer { seen: seen.clone() }),
        to("function").handler_fn(named),
        to("io").handler_fn(named_with_io_error),
        to("closure").handler(async |event, cx| {
            assert_eq!((event.data.lead_id.as_str(), cx.attempt()), ("7", 1));
        }),
    ];
    for subscription in subscriptions {
        bus.subscribe(subscription).await.unwrap();
    }
    bus.subscribe(Subscription::matching("raw", "lead.*").handled_by(Scorer { seen: seen.clone() })).await.unwrap();

    bus.publish(lead("7").event("acme")).await.unwrap();
    let mut forms = seen.next_n(6).await;
    forms.sort();
    assert_eq!(forms, ["outcome", "raw 7", "result", "result-of-outcome", "struct 7", "unit"]);
    bus.shutdown().await.unwrap();
    assert_eq!(bus.process_counters().handled, 9);
}

#[tokio::test(start_paused = true)]
async fn one_subscription_gives_each_type_to_its_own_handler() {
    let bus = bus();
    let seen: Seen<String> = Seen::new();
    let (created, scored) = (seen.clone(), seen.clone());
    let ledger = Subscription::several("ledger")
        .on(move |event: Event<LeadCreated>, _| {
            let created = created.clone();
            async move { created.note(format!("created {}", event.data.lead_id)) }
        })
        .on(move |event: Event<LeadScored>, _| {
            let scored = scored.clone();
            async move { scored.note(format!("scored {}", event.data.score)) }
        });
    bus.subscribe(ledger).await.unwrap();
    bus.publish(lead("l-1").event("acme")).await.unwrap();
    bus.publish(LeadScored { score: 9.5 }.event("acme")).await.unwrap();
    let mut both = seen.next_n(2).await;
    both.sort();
    assert_eq!(both, ["created l-1", "scored 9.5"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_of_one_type_may_be_joined_by_those_of_others_and_a_fallback() {
    let bus = bus();
    let seen: Seen<&str> = Seen::new();
    let typed = Subscription::to::<LeadCreated>("typed")
        .handler_with(seen.clone(), async |seen, _, _| seen.note("created"))
        .on(async |_: Event<LeadScored>, _| Outcome::dead_letter("unwanted"));
    let rest = Subscription::matching("rest", "lead.*")
        .handler_with(seen.clone(), async |seen, _, _| seen.note("anything else"))
        .on(async |_: Event<LeadCreated>, _| ());
    bus.subscribe(typed).await.unwrap();
    bus.subscribe(rest).await.unwrap();
    bus.publish(lead("l-1").event("acme")).await.unwrap();
    assert_eq!(seen.next().await, "created");
    bus.publish(LeadScored { score: 1.0 }.event("acme")).await.unwrap();
    assert_eq!(seen.next().await, "anything else");
    common::until("dead", async || Ok(bus.dead_letters("crm/typed")?.count().await? == 1)).await;
}

#[tokio::test(start_paused = true)]
async fn an_outcome_decides_what_follows() {
    let bus = bus();
    let outcome = |name: &str, make: fn() -> Outcome| to(name).handler(move |_, _| async move { make() });
    let twice = RetryPolicy::fixed(2, Duration::from_secs(1));
    bus.subscribe(outcome("retry", || Outcome::retry("again")).retry(twice.clone())).await.unwrap();
    bus.subscribe(outcome("later", || Outcome::retry_after(Duration::from_secs(60), "later")).retry(twice))
        .await
        .unwrap();
    bus.subscribe(outcome("dead", || Outcome::dead_letter("never"))).await.unwrap();
    let started = tokio::time::Instant::now();
    bus.publish(lead("l-1").event("acme")).await.unwrap();

    for (name, reason, error, attempts, after) in [
        ("crm/dead", DeadReason::Rejected, "never", 1, 0),
        ("crm/retry", DeadReason::AttemptsExhausted, "again", 2, 1),
        ("crm/later", DeadReason::AttemptsExhausted, "later", 2, 60),
    ] {
        let dead = bus.dead_letters(name).unwrap();
        while dead.count().await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let letter = dead.list(None, 1).await.unwrap().letters.remove(0);
        assert_eq!((letter.reason, letter.error.as_str(), letter.attempts), (reason, error, attempts), "{name}");
        assert_eq!(started.elapsed().as_secs(), after, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_carries_its_causes_and_its_advice_into_the_dead_letter() {
    let bus = bus();
    let failing = to("failing").handler(async |_, _| {
        let cause = std::io::Error::other("connection reset");
        let error: anyhow::Error = anyhow::Error::new(cause).context("the ledger does not answer");
        Err::<(), _>(HandlerError::from(error).permanent())
    });
    bus.subscribe(failing).await.unwrap();
    bus.publish(lead("l-1").event("acme")).await.unwrap();
    let dead = bus.dead_letters("crm/failing").unwrap();
    common::until("dead", async || Ok(dead.count().await? == 1)).await;
    let letter = dead.list(None, 1).await.unwrap().letters.remove(0);
    assert_eq!(letter.error, "the ledger does not answer: connection reset");
}
