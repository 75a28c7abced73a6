//! Counters over all processes.

use tekup_core::{
    Result, TenantId, Timestamp,
    transport::{Admin, Capabilities, CounterDelta, Counters, Transport},
};

use super::{Harness, Scene};

/// What a transport must be able to do for this chapter.
pub const NEEDS: fn(&Capabilities) -> bool = |_| true;

fn delta(tenant: &str, counters: Counters) -> Result<CounterDelta> {
    Ok(CounterDelta { tenant: tenant.parse()?, counters })
}

fn counted(by: u64, updated: i64) -> Result<Counters> {
    Ok(Counters {
        published: by,
        handled: 2 * by,
        failed: 3 * by,
        retried: 4 * by,
        dead_lettered: 5 * by,
        filtered: 6 * by,
        handling_micros: 7_000 * by,
        updated: Some(Timestamp::from_unix_millis(updated)?),
    })
}

pub async fn counters_sum_over_processes_and_tenants<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let elsewhere = scene.another_process().await?;
    let (one, other) = (scene.admin(), elsewhere.admin());
    let (acme, globex): (TenantId, TenantId) = ("acme".parse()?, "globex".parse()?);
    one.add_counters(vec![delta("acme", counted(1, 1_000)?)?, delta("globex", counted(10, 5_000)?)?])
        .await
        .into_iter()
        .collect::<Result<Vec<()>>>()?;
    other.add_counters(vec![delta("acme", counted(2, 3_000)?)?]).await.into_iter().collect::<Result<Vec<()>>>()?;
    other.add_counters(vec![delta("acme", counted(4, 2_000)?)?]).await.into_iter().collect::<Result<Vec<()>>>()?;
    for admin in [one, other] {
        assert_eq!(admin.counters(Some(&acme)).await?, counted(7, 3_000)?);
        assert_eq!(admin.counters(Some(&globex)).await?, counted(10, 5_000)?);
        assert_eq!(admin.counters(None).await?, counted(17, 5_000)?);
    }
    Ok(())
}

pub async fn what_was_never_counted_is_zero<H: Harness>(scene: &Scene<H>) -> Result<()> {
    let admin = scene.admin();
    assert_eq!(admin.counters(None).await?, Counters::default());
    assert_eq!(admin.counters(Some(&"acme".parse()?)).await?, Counters::default());
    Ok(())
}
