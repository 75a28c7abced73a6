//! What crosses the wire: equal to what the TypeScript package writes (`vectors/`), and as it was last reviewed
//! (`snapshots/`).

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

use tekup_events_project::{ProjectCreated, TaskCompleted, descriptors};
use tekup_testkit::wire::{Vectors, assert_example};

fn vectors() -> Vectors {
    Vectors::parse(include_str!("vectors/envelopes.json"))
}

#[test]
fn every_event_is_written_as_the_typescript_package_writes_it() {
    let vectors = vectors();
    vectors.assert_round_trip::<ProjectCreated>();
    vectors.assert_round_trip::<TaskCompleted>();
    assert_eq!(vectors.types().count(), descriptors().len(), "a new event needs a vector");
}

#[test]
fn an_optional_field_that_is_null_is_read_as_absent() {
    let vectors = vectors();
    vectors.assert_null_is_absent::<ProjectCreated>();
    vectors.assert_null_is_absent::<TaskCompleted>();
}

#[test]
fn data_that_breaks_a_rule_is_refused_by_its_field() {
    let vectors = vectors();
    vectors.assert_refused::<ProjectCreated>("/projectId", "", "`data.projectId` is invalid: length is lower than 1");
    vectors.assert_refused::<ProjectCreated>("/teamSize", -1, "at `data.teamSize`");
    vectors.assert_refused::<TaskCompleted>("/taskId", "", "`data.taskId` is invalid: length is lower than 1");
    vectors.assert_refused::<TaskCompleted>("/projectId", "", "`data.projectId` is invalid: length is lower than 1");
    vectors.assert_refused::<TaskCompleted>("/assigneeId", "", "`data.assigneeId` is invalid: length is lower than 1");
    vectors.assert_refused::<TaskCompleted>("/completionTime", -1, "`data.completionTime` is invalid: lower than 0");
    vectors.assert_refused::<TaskCompleted>("/estimatedHours", -1, "`data.estimatedHours` is invalid: lower than 0");
    vectors.assert_refused::<TaskCompleted>("/actualHours", -1, "`data.actualHours` is invalid: lower than 0");
}

#[test]
fn every_schema_has_an_example_that_can_be_published() {
    assert_example::<ProjectCreated>();
    assert_example::<TaskCompleted>();
}

#[test]
fn the_wire_form_and_schema_of_project_created_are_as_reviewed() {
    insta::assert_snapshot!("project.created", vectors().contract::<ProjectCreated>());
}

#[test]
fn the_wire_form_and_schema_of_task_completed_are_as_reviewed() {
    insta::assert_snapshot!("task.completed", vectors().contract::<TaskCompleted>());
}
