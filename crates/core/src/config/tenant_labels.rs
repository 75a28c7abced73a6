use serde::{Deserialize, Serialize};

use crate::ids::TenantId;

/// Which tenants the metrics of a process tell apart.
///
/// Each tenant that is told apart adds a series to every metric that has tenants, so there is a bound: beyond 1,000 of
/// them, and 1,000 series of subscription, type and tenant, the rest is told as `other`.
///
/// ```
/// use tekup_core::TenantLabels;
///
/// assert_eq!(serde_json::from_str::<TenantLabels>(r#""all""#)?, TenantLabels::All);
/// assert_eq!(serde_json::from_str::<TenantLabels>(r#"["acme"]"#)?, TenantLabels::Only(vec!["acme".parse()?]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantLabels {
    /// None: the default.
    #[default]
    Off,
    /// All of them.
    All,
    /// These, at most 100; the others are told as `other`.
    #[serde(untagged)]
    Only(Vec<TenantId>),
}
