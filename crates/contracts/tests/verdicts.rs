//! What is kept and what is refused, of each field of the nineteen events: an untyped event by its schema, a typed one
//! where it is read and where it is published. All three say the same.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod common;

use std::iter;

use common::{envelopes, nineteen};
use serde_json::{Map, Value, json};
use tekup_contracts::Validation;
use tekup_core::{RawEvent, Schemas, TekupEvent};
use tekup_events_analytics::{ModelTrained, PredictionGenerated};
use tekup_events_content::{ContentGenerated, ContentPublished};
use tekup_events_crm::{LeadConverted, LeadCreated, LeadScored};
use tekup_events_marketing::{CampaignCompleted, CampaignLaunched};
use tekup_events_media::{ImageAnalyzed, VoiceTranscribed};
use tekup_events_project::{ProjectCreated, TaskCompleted};
use tekup_events_proposal::{BuyingSignalDetected, ProposalCreated};
use tekup_events_reporting::{DashboardViewed, ReportGenerated};
use tekup_events_support::{SupportSessionResolved, SupportSessionStarted};

use Verdict::{Kept, OnlyRead, Refused};

/// What is said of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Kept,
    /// A typed service reads it, and can't publish it; an untyped one can't either.
    OnlyRead,
    Refused,
}

/// What a field may hold, by values and what is said of each.
type Values = Vec<(Value, Verdict)>;

fn id() -> Values {
    vec![("x".into(), Kept), ("æ".into(), Kept), ("".into(), Refused), (7.into(), Refused), (true.into(), Refused)]
}

fn text() -> Values {
    vec![("".into(), Kept), ("x".into(), Kept), (7.into(), Refused), (json!(["x"]), Refused), (json!({}), Refused)]
}

fn number() -> Values {
    vec![((-1.5).into(), Kept), (0.into(), Kept), (1e300.into(), Kept), ("1".into(), Refused), (true.into(), Refused)]
}

/// From 0, with a fraction or without: a duration, hours.
fn amount() -> Values {
    let kept = [json!(0), json!(0.5), json!(5_400_000.5), json!(9_007_199_254_740_993_u64)];
    let refused = [json!(-1), json!(-0.5), json!("1"), json!([1])];
    values(kept, refused)
}

fn confidence() -> Values {
    let kept = [json!(0), json!(0.5), json!(1)];
    values(kept, [json!(-0.1), json!(1.1), json!(2), json!("0.5"), json!(true)])
}

fn count() -> Values {
    let kept = [json!(0), json!(9_007_199_254_740_993_u64), json!(u64::MAX)];
    values(kept, [json!(-1), json!(1.5), json!(-0.5), json!("1"), json!(true)])
}

fn flag() -> Values {
    values([json!(true), json!(false)], [json!("true"), json!(1), json!({})])
}

fn time() -> Values {
    let kept = [json!("2025-09-14T09:00:00Z"), json!("2024-02-29T09:00:00.123456+02:00")];
    let no_times = ["", "2025-09-14", "2025-09-14T09:00:00", "2025-02-30T09:00:00Z", "2025-09-14T25:00:00Z"];
    let refused = no_times.map(Value::from).into_iter().chain([json!(1_757_840_400_000_u64), json!({})]);
    values(kept, refused)
}

/// One of a closed set that may grow.
fn one_of<const N: usize>(known: [&str; N]) -> Values {
    let mut all = values(known.map(Value::from), [json!(7), json!(true), json!({}), json!([known[0]])]);
    all.extend([("hologram".into(), OnlyRead), ("".into(), OnlyRead), (known[0].to_uppercase().into(), OnlyRead)]);
    all
}

fn texts() -> Values {
    values([json!([]), json!(["", "x"])], [json!("x"), json!([1]), json!(["x", null]), json!({})])
}

/// By names that nobody fixes.
fn map() -> Values {
    values([json!({}), json!({"a": {"b": [null, 1.5, "x"]}})], [json!([]), json!("x"), json!(1)])
}

fn figures() -> Values {
    values([json!({}), json!({"a": -1.5, "": 2})], [json!({"a": "2"}), json!({"a": null}), json!([1.5])])
}

fn list() -> Values {
    values([json!([])], [json!({}), json!("x"), json!([1]), json!([null]), json!([{}])])
}

fn bbox() -> Values {
    let kept = [json!([0, 0, 0, 0]), json!([-10, 20.5, 300, 180.5])];
    let refused = [json!([1, 2, 3]), json!([1, 2, 3, 4, 5]), json!([]), json!([1, 2, 3, "4"]), json!({"x": 1})];
    values(kept, refused)
}

fn values(kept: impl IntoIterator<Item = Value>, refused: impl IntoIterator<Item = Value>) -> Values {
    let kept = kept.into_iter().map(|value| (value, Kept));
    kept.chain(refused.into_iter().map(|value| (value, Refused))).collect()
}

/// Where the field is within the data, whether it must be there, and what it may hold.
type Field = (&'static str, bool, Values);

fn required(pointer: &'static str, values: Values) -> Field {
    (pointer, true, values)
}

fn optional(pointer: &'static str, values: Values) -> Field {
    (pointer, false, values)
}

#[rustfmt::skip]
fn fields() -> [(&'static str, Vec<Field>); 19] {
    [
        ("proposal.created", vec![
            required("/proposalId", id()),
            required("/clientName", text()),
            required("/estimatedValue", number()),
            required("/confidence", confidence()),
            optional("/leadId", id()),
        ]),
        ("buying-signal.detected", vec![
            required("/proposalId", id()),
            required("/signalType", one_of(["urgency", "budget", "authority", "pain_point"])),
            required("/content", text()),
            required("/confidence", confidence()),
            required("/position", count()),
        ]),
        ("content.generated", vec![
            required("/contentId", id()),
            required("/type", one_of(["blog", "social", "email", "marketing"])),
            optional("/platform", text()),
            required("/title", text()),
            required("/wordCount", count()),
            optional("/seoScore", number()),
        ]),
        ("content.published", vec![
            required("/contentId", id()),
            required("/platform", text()),
            required("/publishedAt", time()),
            optional("/scheduledFor", time()),
        ]),
        ("support.session.started", vec![
            required("/sessionId", id()),
            optional("/contactId", id()),
            required("/channel", one_of(["chat", "email", "phone"])),
            required("/priority", one_of(["low", "medium", "high", "urgent"])),
        ]),
        ("support.session.resolved", vec![
            required("/sessionId", id()),
            required("/resolutionTime", amount()),
            optional("/satisfaction", number()),
            required("/escalated", flag()),
            required("/category", text()),
        ]),
        ("lead.created", vec![
            required("/leadId", id()),
            required("/source", text()),
            required("/score", number()),
            optional("/contactId", id()),
            optional("/companyId", id()),
        ]),
        ("lead.scored", vec![
            required("/leadId", id()),
            required("/previousScore", number()),
            required("/newScore", number()),
            required("/factors", list()),
            required("/factors/1/factor", text()),
            required("/factors/1/impact", number()),
            required("/factors/1/confidence", confidence()),
        ]),
        ("lead.converted", vec![
            required("/leadId", id()),
            required("/dealId", id()),
            required("/conversionValue", number()),
            required("/conversionTime", amount()),
            required("/touchpoints", texts()),
        ]),
        ("campaign.launched", vec![
            required("/campaignId", id()),
            required("/type", one_of(["email", "sms", "social", "push"])),
            required("/targetAudience", count()),
            required("/scheduledAt", time()),
            required("/aiGenerated", flag()),
        ]),
        ("campaign.completed", vec![
            required("/campaignId", id()),
            required("/delivered", count()),
            required("/opened", count()),
            required("/clicked", count()),
            required("/converted", count()),
            required("/revenue", number()),
            required("/roi", number()),
        ]),
        ("project.created", vec![
            required("/projectId", id()),
            required("/name", text()),
            optional("/budget", number()),
            optional("/deadline", time()),
            required("/teamSize", count()),
        ]),
        ("task.completed", vec![
            required("/taskId", id()),
            required("/projectId", id()),
            required("/assigneeId", id()),
            required("/completionTime", amount()),
            optional("/estimatedHours", amount()),
            optional("/actualHours", amount()),
        ]),
        ("prediction.generated", vec![
            required("/predictionId", id()),
            required("/modelId", id()),
            required("/type", one_of(["lead_score", "churn_risk", "revenue_forecast"])),
            required("/confidence", confidence()),
            required("/input", map()),
            required("/output", map()),
        ]),
        ("model.trained", vec![
            required("/modelId", id()),
            required("/type", text()),
            required("/accuracy", number()),
            required("/trainingDuration", amount()),
            required("/dataPoints", count()),
            required("/version", text()),
        ]),
        ("voice.transcribed", vec![
            required("/recordingId", id()),
            required("/duration", amount()),
            required("/language", text()),
            required("/confidence", confidence()),
            required("/speakers", count()),
            required("/keywords", texts()),
        ]),
        ("image.analyzed", vec![
            required("/imageId", id()),
            required("/objects", list()),
            required("/objects/0/name", text()),
            required("/objects/0/confidence", confidence()),
            required("/objects/0/bbox", bbox()),
            required("/faces", count()),
            optional("/text", text()),
            optional("/sentiment", text()),
        ]),
        ("report.generated", vec![
            required("/reportId", id()),
            required("/type", one_of(["sales", "marketing", "financial", "operational"])),
            required("/period", text()),
            required("/metrics", figures()),
            required("/insights", texts()),
        ]),
        ("dashboard.viewed", vec![
            required("/dashboardId", id()),
            required("/viewDuration", amount()),
            required("/interactionCount", count()),
            required("/widgets", texts()),
        ]),
    ]
}

/// A change to the data of an event, and what is said of it then.
struct Row {
    pointer: &'static str,
    /// None: the field is left out.
    value: Option<Value>,
    expected: Verdict,
}

fn rows((pointer, is_required, values): Field) -> Vec<Row> {
    let absent = if is_required { Refused } else { Kept };
    let mut tries: Vec<_> = values.into_iter().map(|(value, expected)| (Some(value), expected)).collect();
    tries.extend([(Some(Value::Null), absent), (None, absent)]);
    tries.into_iter().map(|(value, expected)| Row { pointer, value, expected }).collect()
}

/// The event as TypeScript writes it, but for this.
fn changed(envelope: &Value, row: &Row) -> RawEvent {
    let mut envelope = envelope.clone();
    let (parent, name) = row.pointer.rsplit_once('/').unwrap();
    let fields = envelope.pointer_mut(&format!("/data{parent}")).and_then(Value::as_object_mut).unwrap();
    let held = match row.value.clone() {
        Some(value) => fields.insert(name.into(), value),
        None => fields.remove(name),
    };
    assert!(held.is_some(), "`{}` is not in the envelope", row.pointer);
    RawEvent::parse(envelope.to_string()).unwrap()
}

fn typed<T: TekupEvent>(raw: &RawEvent) -> Verdict {
    match raw.decode::<T>() {
        Ok(event) if event.to_json().is_ok() => Kept,
        Ok(_) => OnlyRead,
        Err(_) => Refused,
    }
}

/// What a typed service says of an event of one of these types.
macro_rules! typed {
    ($raw:ident: $($event:ty),+ $(,)?) => {
        match $raw.envelope().event_type.as_str() {
            $(<$event>::TYPE => typed::<$event>($raw),)+
            other => panic!("`{other}` is none of the nineteen"),
        }
    };
}

#[rustfmt::skip]
fn of_the_nineteen(raw: &RawEvent) -> Verdict {
    typed!(raw:
        ProposalCreated, BuyingSignalDetected, ContentGenerated, ContentPublished,
        SupportSessionStarted, SupportSessionResolved, LeadCreated, LeadScored, LeadConverted,
        CampaignLaunched, CampaignCompleted, ProjectCreated, TaskCompleted,
        PredictionGenerated, ModelTrained, VoiceTranscribed, ImageAnalyzed,
        ReportGenerated, DashboardViewed,
    )
}

#[test]
fn a_schema_and_a_typed_service_say_the_same_of_every_value() {
    let (validation, envelopes) = (Validation::of(&nineteen()).unwrap(), envelopes());
    let (mut wrong, mut looked_at) = (Vec::new(), 0);
    for (event_type, fields) in fields() {
        for row in fields.into_iter().flat_map(rows) {
            let raw = changed(&envelopes[event_type], &row);
            let (untyped, typed) = (validation.check(&raw).is_ok(), of_the_nineteen(&raw));
            if (untyped, typed) != (row.expected == Kept, row.expected) {
                wrong.push(format!("{event_type}{}: {:?}: schema {untyped}, typed {typed:?}", row.pointer, row.value));
            }
            looked_at += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(looked_at > 500, "only {looked_at} values");
}

#[test]
fn every_field_of_every_event_is_looked_at() {
    let looked_at = fields();
    assert_eq!(looked_at.len(), nineteen().newest().count());
    for (event_type, fields) in looked_at {
        let mut names: Vec<_> = fields.iter().filter_map(|(pointer, ..)| pointer.rsplit('/').next()).collect();
        names.sort_unstable();
        assert_eq!(names, names_in_schema(event_type), "{event_type}");
    }
}

fn names_in_schema(event_type: &str) -> Vec<String> {
    let registry = nineteen();
    let schema = &registry.newest().find(|contract| contract.event_type.as_str() == event_type).unwrap().reads;
    let parts = schema["$defs"].as_object().into_iter().flat_map(Map::values);
    let objects = iter::once(schema).chain(parts).filter_map(|part| part["properties"].as_object());
    let mut names: Vec<_> = objects.flat_map(Map::keys).cloned().collect();
    names.sort_unstable();
    names
}
