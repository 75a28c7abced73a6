//! A metric with its samples, on the way to the text that Prometheus reads.

use std::collections::BTreeMap;

use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use tekup_core::metrics::Distribution;

use super::catalogue::About;

/// What a sample holds.
pub(super) enum Value {
    Number(f64),
    Values(Box<Distribution>),
}

/// Samples of one metric, each with other labels.
pub(super) struct Family {
    about: &'static About,
    samples: BTreeMap<Vec<String>, Value>,
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Value {
    /// Beyond 2^53 the last digits are lost, as in every sample.
    fn from(number: u64) -> Self {
        Self::Number(number as f64)
    }
}

impl From<bool> for Value {
    fn from(is_so: bool) -> Self {
        Self::Number(f64::from(is_so))
    }
}

impl From<&Distribution> for Value {
    fn from(values: &Distribution) -> Self {
        Self::Values(Box::new(values.clone()))
    }
}

impl Family {
    pub(super) fn of(about: &'static About) -> Self {
        Self { about, samples: BTreeMap::new() }
    }

    /// With a sample more.
    pub(super) fn with(mut self, labels: &[&str], value: impl Into<Value>) -> Self {
        self.add(labels, value);
        self
    }

    /// Adds a sample, with the values of the metric's labels in their order; to what has the same labels, if there is such a
    /// one. A label without a text is absent, as Prometheus sees it anyway.
    pub(super) fn add(&mut self, labels: &[&str], value: impl Into<Value>) {
        let (labels, value): (Vec<_>, _) = (labels.iter().map(ToString::to_string).collect(), value.into());
        match self.samples.get_mut(&labels) {
            Some(known) => known.add(value),
            None => drop(self.samples.insert(labels, value)),
        }
    }

    /// `None` if there are no samples: a metric without any can't be written.
    pub(super) fn into_proto(self) -> Option<MetricFamily> {
        if self.samples.is_empty() {
            return None;
        }
        let About { name, kind, labels: names, help } = *self.about;
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        family.set_metric(
            self.samples.into_iter().map(|(labels, value)| metric(kind, pairs(names, labels), value)).collect(),
        );
        Some(family)
    }
}

impl Value {
    fn add(&mut self, other: Self) {
        match (self, other) {
            (Self::Number(sum), Self::Number(number)) => *sum += number,
            (Self::Values(sum), Self::Values(values)) => sum.add(&values),
            // A metric has samples of one kind.
            (Self::Number(_), Self::Values(_)) | (Self::Values(_), Self::Number(_)) => {}
        }
    }
}

fn metric(kind: MetricType, labels: Vec<LabelPair>, value: Value) -> Metric {
    let mut metric = Metric::from_label(labels);
    match value {
        Value::Values(values) => metric.set_histogram(histogram(&values)),
        Value::Number(number) if kind == MetricType::COUNTER => {
            let mut counter = Counter::default();
            counter.set_value(number);
            metric.set_counter(counter);
        }
        Value::Number(number) => {
            let mut gauge = Gauge::default();
            gauge.set_value(number);
            metric.set_gauge(gauge);
        }
    }
    metric
}

fn pairs(names: &[&'static str], values: Vec<String>) -> Vec<LabelPair> {
    names.iter().zip(values).filter(|(_, value)| !value.is_empty()).map(pair).collect()
}

fn pair((name, value): (&&'static str, String)) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name((*name).to_owned());
    pair.set_value(value);
    pair
}

fn histogram(values: &Distribution) -> Histogram {
    // The encoder adds the last bucket by itself, and spells infinity as Prometheus does.
    let buckets = values.buckets().filter(|(bound, _)| bound.is_finite()).map(|(bound, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(bound);
        bucket.set_cumulative_count(count);
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_count(values.count());
    histogram.set_sample_sum(values.sum());
    histogram
}
