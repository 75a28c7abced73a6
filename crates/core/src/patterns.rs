//! Ready-made patterns, by what they take.
//!
//! A pattern says something of a type's text alone: `proposal.*` is what begins with `proposal.`, and so without
//! `buying-signal.detected`, though that event is of the same domain. Where a domain's types begin with several words,
//! give a list.
//!
//! ```
//! use tekup_core::{RawEvent, Subscription, patterns};
//!
//! let proposals = Subscription::matching("proposals", patterns::ALL_PROPOSAL_EVENTS);
//! let all_of_the_domain = Subscription::matching("domain", [patterns::ALL_PROPOSAL_EVENTS, "buying-signal.*"]);
//! # drop((proposals, all_of_the_domain));
//! ```

/// Types that begin with `proposal.`: without `buying-signal.detected`.
///
/// ```
/// use tekup_core::{Pattern, patterns::ALL_PROPOSAL_EVENTS};
/// let pattern = Pattern::new(ALL_PROPOSAL_EVENTS)?;
/// assert!(pattern.matches("proposal.created") && !pattern.matches("buying-signal.detected"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub const ALL_PROPOSAL_EVENTS: &str = "proposal.*";

/// Types that begin with `content.`.
///
/// ```
/// use tekup_core::{Pattern, patterns::ALL_CONTENT_EVENTS};
/// assert!(Pattern::new(ALL_CONTENT_EVENTS)?.matches("content.published"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub const ALL_CONTENT_EVENTS: &str = "content.*";

/// Types that begin with `support.`.
///
/// ```
/// use tekup_core::{Pattern, patterns::ALL_SUPPORT_EVENTS};
/// assert!(Pattern::new(ALL_SUPPORT_EVENTS)?.matches("support.session.started"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub const ALL_SUPPORT_EVENTS: &str = "support.*";

/// Types that begin with `lead.`.
///
/// ```
/// use tekup_core::{Pattern, patterns::ALL_LEAD_EVENTS};
/// assert!(Pattern::new(ALL_LEAD_EVENTS)?.matches("lead.scored"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub const ALL_LEAD_EVENTS: &str = "lead.*";

/// Types that begin with `campaign.`.
///
/// ```
/// use tekup_core::{Pattern, patterns::ALL_CAMPAIGN_EVENTS};
/// assert!(Pattern::new(ALL_CAMPAIGN_EVENTS)?.matches("campaign.launched"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub const ALL_CAMPAIGN_EVENTS: &str = "campaign.*";

/// Types that begin with `project.`: without `task.completed`.
///
/// ```
/// use tekup_core::{Pattern, patterns::ALL_PROJECT_EVENTS};
/// let pattern = Pattern::new(ALL_PROJECT_EVENTS)?;
/// assert!(pattern.matches("project.created") && !pattern.matches("task.completed"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub const ALL_PROJECT_EVENTS: &str = "project.*";

/// Types that end with `.created`.
///
/// ```
/// use tekup_core::{Pattern, patterns::ALL_CREATED_EVENTS};
/// assert!(Pattern::new(ALL_CREATED_EVENTS)?.matches("lead.created"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub const ALL_CREATED_EVENTS: &str = "*.created";

/// Types that end with `.completed`.
///
/// ```
/// use tekup_core::{Pattern, patterns::ALL_COMPLETED_EVENTS};
/// assert!(Pattern::new(ALL_COMPLETED_EVENTS)?.matches("task.completed"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub const ALL_COMPLETED_EVENTS: &str = "*.completed";

/// Every type.
///
/// ```
/// use tekup_core::{Pattern, patterns::ALL_EVENTS};
/// assert!(Pattern::new(ALL_EVENTS)?.matches("lead.created"));
/// # Ok::<(), tekup_core::Error>(())
/// ```
pub const ALL_EVENTS: &str = "*";
