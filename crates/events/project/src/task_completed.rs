use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tekup_core::TekupEvent;

/// A task is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate, TekupEvent)]
#[serde(rename_all = "camelCase")]
#[schemars(example = Self::example())]
#[garde(allow_unvalidated)]
#[event(type = "task.completed", version = "1.0.0")]
pub struct TaskCompleted {
    /// The task.
    #[garde(length(min = 1))]
    pub task_id: String,
    /// The project that it is part of.
    #[garde(length(min = 1))]
    pub project_id: String,
    /// Who did it.
    #[garde(length(min = 1))]
    pub assignee_id: String,
    /// From its start to its end, in milliseconds, 0 or more; may have a fraction.
    #[garde(range(min = 0.0))]
    pub completion_time: f64,
    /// How long it was thought to take, in hours: 0 or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(range(min = 0.0))]
    pub estimated_hours: Option<f64>,
    /// How long it took, in hours of work: 0 or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(range(min = 0.0))]
    pub actual_hours: Option<f64>,
}

impl TaskCompleted {
    fn example() -> Self {
        Self {
            task_id: "task-123".into(),
            project_id: "project-123".into(),
            assignee_id: "user-9".into(),
            completion_time: 7_200_000.0,
            estimated_hours: Some(3.0),
            actual_hours: Some(2.5),
        }
    }
}
