//! What happens to a project and to the tasks in it.
//!
//! | event | type | priority | published when |
//! |---|---|---|---|
//! | [`ProjectCreated`] | `project.created` | medium | a project is set up |
//! | [`TaskCompleted`] | `task.completed` | medium | a task is done |
//!
//! `project.*` takes the first, `task.*` the second. On the wire every field is camelCase; an optional field that is
//! absent is not written, and `null` is read as absent.
//!
//! ```
//! use tekup_core::TekupEvent;
//! use tekup_events_project::{ProjectCreated, TaskCompleted};
//!
//! let created = ProjectCreated {
//!     project_id: "project-123".into(),
//!     name: "Website relaunch".into(),
//!     budget: Some(250_000.0),
//!     deadline: Some("2025-12-01T00:00:00.000Z".parse()?),
//!     team_size: 6,
//! };
//! let event = created.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "project.created");
//! assert!(event.to_raw()?.json().contains(r#""name":"Website relaunch""#));
//!
//! let completed = TaskCompleted {
//!     task_id: "task-123".into(),
//!     project_id: "project-123".into(),
//!     assignee_id: "user-9".into(),
//!     completion_time: 7_200_000.0,
//!     estimated_hours: Some(3.0),
//!     actual_hours: Some(2.5),
//! };
//! let event = completed.event("tenant-123").user("user-456").build()?;
//! assert_eq!(event.envelope.event_type.as_str(), "task.completed");
//! assert!(event.to_raw()?.json().contains(r#""projectId":"project-123""#));
//! # Ok::<(), tekup_core::Error>(())
//! ```

mod project_created;
mod task_completed;

use tekup_core::{EventDescriptor, TekupEvent};

pub use project_created::ProjectCreated;
pub use task_completed::TaskCompleted;

/// What a registry knows of each event of this crate.
///
/// ```
/// let types: Vec<_> = tekup_events_project::descriptors().iter().map(|known| known.event_type.to_string()).collect();
/// assert_eq!(types, ["project.created", "task.completed"]);
/// ```
#[must_use]
pub fn descriptors() -> [EventDescriptor; 2] {
    [ProjectCreated::descriptor(), TaskCompleted::descriptor()]
}
