//! A tenant's handle reaches its own events and no others'.

mod common;

use common::{LeadCreated, LeadScored, Seen, bus, lead, until};
use tekup_core::{ErrorKind, Outcome, RawEvent, Subscription, TekupEvent, transport::Stage};

#[tokio::test(start_paused = true)]
async fn a_tenants_handle_can_neither_publish_read_inspect_nor_replay_what_is_anothers() {
    let bus = bus();
    let dying = Subscription::to::<LeadCreated>("dying").handler(async |_, _| Outcome::dead_letter("no"));
    bus.subscribe(dying).await.unwrap();
    let tenants = ["acme", "globex", "initech"];
    let mut ids = Vec::new();
    for tenant in tenants {
        ids.push(bus.publish(lead(tenant).event(tenant)).await.unwrap().id);
    }
    let all = bus.dead_letters("crm/dying").unwrap();
    until("all are dead", async || Ok(all.count().await? == 3)).await;

    for (own, tenant) in tenants.into_iter().enumerate() {
        let handle = bus.tenant(tenant).unwrap();
        let dead = handle.dead_letters("crm/dying").unwrap();
        assert_eq!(dead.count().await.unwrap(), 1);
        let letters = dead.list(None, 100).await.unwrap().letters;
        assert_eq!(letters.iter().map(|letter| letter.id).collect::<Vec<_>>(), [ids[own]]);
        for (other, other_tenant) in tenants.into_iter().enumerate() {
            let status = handle.status(ids[other]).await.unwrap().stage;
            let published = handle.publish(lead("x").event(other_tenant)).await;
            let shown = dead.show(other_tenant, ids[other]).await;
            if own == other {
                assert_eq!(status, Stage::Failed);
                assert!(published.is_ok() && shown.unwrap().is_some());
                continue;
            }
            assert_eq!(status, Stage::Unknown);
            assert_eq!(published.unwrap_err().kind(), ErrorKind::TenantMismatch);
            assert_eq!(shown.unwrap_err().kind(), ErrorKind::TenantMismatch);
            assert_eq!(dead.replay(other_tenant, ids[other]).await.unwrap_err().kind(), ErrorKind::TenantMismatch);
            assert!(!dead.replay(tenant, ids[other]).await.unwrap(), "another's id under one's own name");
            let foreign = Subscription::matching("x", "*").tenants([other_tenant]).handler(async |_: RawEvent, _| ());
            assert_eq!(handle.subscribe(foreign).await.unwrap_err().kind(), ErrorKind::TenantMismatch);
        }
    }
    until("the three more are dead", async || Ok(all.count().await? == 6)).await;
    assert_eq!(bus.tenant("acme").unwrap().dead_letters("crm/dying").unwrap().replay_all().await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_tenants_subscription_sees_its_own_events_and_counts_the_others_as_filtered() {
    let bus = bus();
    let seen: Seen<String> = Seen::new();
    let own = Subscription::matching("own", "*")
        .handler_with(seen.clone(), async |seen, event: RawEvent, _| seen.note(event.envelope().tenant.to_string()));
    bus.tenant("acme").unwrap().subscribe(own).await.unwrap();
    for tenant in ["globex", "acme", "initech", "acme"] {
        bus.publish(lead("x").event(tenant)).await.unwrap();
    }
    assert_eq!(seen.next_n(2).await, ["acme", "acme"]);
    bus.shutdown().await.unwrap();
    let counters = bus.process_counters();
    assert_eq!((counters.handled, counters.filtered), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_context_publishes_for_its_events_tenant_only() {
    let bus = bus();
    let seen: Seen<ErrorKind> = Seen::new();
    let leaking = Subscription::to::<LeadCreated>("leaking").handler_with(seen.clone(), async |seen, _, cx| {
        cx.publish(LeadScored { score: 1.0 }).await?;
        let error = cx.publish(LeadScored { score: 1.0 }.event("globex")).await.unwrap_err();
        seen.note(error.kind());
        Ok(())
    });
    bus.subscribe(leaking).await.unwrap();
    bus.publish(lead("l-1").event("acme")).await.unwrap();
    assert_eq!(seen.next().await, ErrorKind::TenantMismatch);
    assert_eq!(bus.tenant("globex").unwrap().counters().await.unwrap().published, 0);
    assert_eq!(bus.tenant("acme").unwrap().counters().await.unwrap().published, 2);
}

#[tokio::test(start_paused = true)]
async fn one_id_of_two_tenants_is_two_events() {
    let bus = bus();
    let event = lead("l-1").event("acme").build().unwrap();
    let twin = lead("l-1").event("globex").id(event.envelope.id).build().unwrap();
    for (event, duplicate) in [(&event, false), (&twin, false), (&event, true), (&twin, true)] {
        assert_eq!(bus.publish(event).await.unwrap().duplicate, duplicate);
    }
    let results = bus.publish_batch([lead("a").event("acme"), lead("b").event("acme")]).await.unwrap();
    assert!(results.iter().all(|result| !result.as_ref().unwrap().duplicate));
}
