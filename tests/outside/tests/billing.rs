//! A service's own tests: its handler alone, then on a bus.

use bus::{Outcome, Priority, TekupEvent};
use outside::{InvoiceDrafted, draft, join};
use tekup_events_crm::LeadConverted;
use tekup_testkit::{TestBus, run_handler};

fn deal(value: f64) -> LeadConverted {
    LeadConverted {
        lead_id: "lead-123".into(),
        deal_id: "deal-456".into(),
        conversion_value: value,
        conversion_time: 15_000.0,
        touchpoints: Vec::new(),
    }
}

fn invoice() -> InvoiceDrafted {
    InvoiceDrafted { deal_id: "deal-456".into(), amount: 900.0 }
}

#[test]
fn an_event_of_ones_own_has_its_type_version_and_priority() {
    assert_eq!((InvoiceDrafted::TYPE, InvoiceDrafted::VERSION), ("invoice.drafted", "1.0.0"));
    assert_eq!(InvoiceDrafted::PRIORITY, Priority::High);
    assert!(InvoiceDrafted::descriptor().schema().get("properties").is_some());
}

#[tokio::test]
async fn a_deal_is_answered_with_a_draft_of_the_same_tenant() -> anyhow::Result<()> {
    let run = run_handler(deal(900.0).event("acme"), draft).await?;
    assert!(matches!(run.outcome, Outcome::Done));
    let [drafted] = run.published::<InvoiceDrafted>()?.try_into().map_err(|_| anyhow::anyhow!("not one invoice"))?;
    assert_eq!((drafted.data, drafted.envelope.tenant.as_str()), (invoice(), "acme"));
    Ok(())
}

#[tokio::test]
async fn a_deal_without_value_is_left_to_a_human() -> anyhow::Result<()> {
    let run = run_handler(deal(0.0).event("acme"), draft).await?;
    assert!(matches!(run.outcome, Outcome::Failed(ref error) if error.to_string() == "deal deal-456 is worth 0"));
    assert!(run.published_raw().is_empty());
    Ok(())
}

#[tokio::test]
async fn the_service_drafts_what_it_can_and_parks_the_rest() -> anyhow::Result<()> {
    let bus = TestBus::new("billing")?;
    join(&bus).await?;
    bus.publish(deal(900.0).event("acme")).await?;
    bus.publish(deal(-1.0).event("acme")).await?;
    bus.until_idle().await;
    bus.assert_published(&invoice());
    bus.assert_handled("billing", &deal(900.0));
    bus.assert_dead_lettered("billing", &deal(-1.0));
    Ok(())
}
