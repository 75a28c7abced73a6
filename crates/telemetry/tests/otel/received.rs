use std::collections::BTreeMap;

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};

/// A span, as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) kind: SpanKind,
    pub(crate) start: u64,
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
    /// Empty where it has none.
    pub(crate) parent: String,
    pub(crate) attributes: BTreeMap<String, String>,
    /// Trace and span of each.
    pub(crate) links: Vec<(String, String)>,
    /// What is said of the failure, if it has failed.
    pub(crate) error: Option<String>,
    /// All of it, to be searched.
    pub(crate) text: String,
}

impl Received {
    /// What another is linked to, where it is linked to this.
    pub(crate) fn id(&self) -> (String, String) {
        (self.trace_id.clone(), self.span_id.clone())
    }

    pub(crate) fn is_child_of(&self, parent: &Self) -> bool {
        self.trace_id == parent.trace_id && self.parent == parent.span_id
    }

    /// What the attributes of these names say.
    #[track_caller]
    pub(crate) fn expect(&self, expected: &[(&str, &str)]) {
        for (name, value) in expected {
            let found = self.attributes.get(*name).map(String::as_str);
            assert_eq!(found, Some(*value), "{name} of {self:#?}");
        }
    }
}

pub(crate) fn all_of(request: ExportTraceServiceRequest) -> Vec<Received> {
    let mut all = Vec::new();
    for of_resource in request.resource_spans {
        let service = service_of(of_resource.resource.unwrap_or_default());
        let spans = of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans);
        all.extend(spans.map(|span| received(&service, span)));
    }
    all
}

fn service_of(resource: Resource) -> String {
    text_of(resource.attributes).remove("service.name").unwrap()
}

fn received(service: &str, span: Span) -> Received {
    let text = format!("{span:?}");
    let status = span.status.clone().unwrap_or_default();
    Received {
        service: service.to_owned(),
        kind: span.kind(),
        name: span.name,
        start: span.start_time_unix_nano,
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        attributes: text_of(span.attributes),
        links: span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect(),
        error: (status.code() == StatusCode::Error).then_some(status.message),
        text,
    }
}

fn text_of(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|pair| (pair.key, value_of(pair.value))).collect()
}

/// Numbers are marked, so that a text of digits is none.
fn value_of(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value).unwrap() {
        Value::StringValue(text) => text,
        Value::IntValue(number) => format!("#{number}"),
        other => format!("{other:?}"),
    }
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
