//! All metrics that there are: docs/metrics.md lists the same.

use prometheus::proto::MetricType::{self, COUNTER, GAUGE, HISTOGRAM};

/// What a metric is called, and what it tells.
pub(super) struct About {
    pub(super) name: &'static str,
    pub(super) kind: MetricType,
    /// In the order in which samples give their values. `tenant_id` is absent where tenants are not told apart.
    pub(super) labels: &'static [&'static str],
    pub(super) help: &'static str,
}

macro_rules! catalogue {
    ($($id:ident = $name:literal $kind:ident [$($label:literal),*] $help:literal;)*) => {
        $(pub(super) const $id: About =
            About { name: $name, kind: $kind, labels: &[$($label),*], help: $help };)*
        #[cfg(test)]
        const ALL: &[About] = &[$($id),*];
    };
}

catalogue! {
    BUILD = "tekup_build_info" GAUGE ["service", "version"]
        "The service of this process, and the version of the bus that it was built with; always 1.";
    EVENTS = "tekup_events_total" COUNTER ["event_type", "tenant_id", "status"]
        "Deliveries that ended in this process: status is success, error (an attempt that failed) or filtered.";
    DURATION = "tekup_event_duration_seconds" HISTOGRAM ["event_type", "tenant_id"]
        "How long attempts took that succeeded or failed, from decoding on.";
    END_TO_END = "tekup_event_end_to_end_seconds" HISTOGRAM ["subscription", "event_type"]
        "From publish to handled, retries and delays included, of what succeeded.";
    PUBLISHED = "tekup_events_published_total" COUNTER ["event_type", "tenant_id"]
        "Events that this process stored, duplicates left out.";
    RETRIES = "tekup_retries_total" COUNTER ["subscription", "event_type", "tenant_id"]
        "Failed attempts after which another one was scheduled.";
    DEAD = "tekup_dead_letters_total" COUNTER ["subscription", "event_type", "tenant_id", "reason"]
        "Deliveries that this process gave up.";
    IN_FLIGHT = "tekup_in_flight" GAUGE ["subscription"]
        "Deliveries that this process holds, started or not.";
    PUBLISH = "tekup_publish_duration_seconds" HISTOGRAM []
        "How long calls to the store took that publish, those that failed included.";
    PUBLISH_BATCH = "tekup_publish_batch_events" HISTOGRAM []
        "How many events such a call held.";
    SETTLE = "tekup_settle_duration_seconds" HISTOGRAM []
        "How long calls to the store took that settle, those that failed included.";
    SETTLE_BATCH = "tekup_settle_batch_deliveries" HISTOGRAM []
        "How many deliveries such a call held.";
    RECONNECTS = "tekup_reconnects_total" COUNTER []
        "Connections to the store that were made anew.";
    LEASE_LOSSES = "tekup_lease_losses_total" COUNTER ["subscription"]
        "Deliveries that other processes took over while this one held them.";
    READY = "tekup_ready" GAUGE []
        "Whether this process is ready, as /readyz says.";
    STORE_UP = "tekup_store_up" GAUGE []
        "Whether the store answered when it was last looked at; if not, nothing else is told of it.";
    STORE_LATENCY = "tekup_store_latency_seconds" GAUGE []
        "How long the store took to list the first subscriptions.";
    STORE_LOOK = "tekup_store_look_timestamp_seconds" GAUGE []
        "When the store was last looked at, in Unix time: all that is told of it is of then.";
    STORE_SUBSCRIPTIONS = "tekup_store_subscriptions" GAUGE []
        "How many subscriptions are registered, those of all services.";
    STORE_LEFT_OUT = "tekup_store_subscriptions_left_out" GAUGE []
        "How many of them were not looked at: they are too many, or the store is too slow.";
    DEPTH = "tekup_depth_events" GAUGE ["subscription", "state"]
        "How many events wait: ready, in_flight, retrying, scheduled or dead.";
    TENANT_DEPTH = "tekup_tenant_depth_events" GAUGE ["subscription", "tenant_id", "state"]
        "How many events wait of the tenants that are told apart; an estimate where many wait.";
    OLDEST = "tekup_oldest_age_seconds" GAUGE ["subscription"]
        "For how long the oldest has waited that is ready, in flight or due; 0 if there is none.";
    REPLICAS = "tekup_replicas" GAUGE ["subscription"]
        "How many replicas read, in all processes.";
    PAUSED = "tekup_paused" GAUGE ["subscription"]
        "Whether an operator has paused it.";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the page: name, kind, labels.
    fn documented() -> Vec<(String, String, Vec<String>)> {
        let page = include_str!("../../../../docs/metrics.md");
        let rows = page.lines().filter(|line| line.starts_with("| `tekup_"));
        rows.map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let labels = cells[3].split(", ").map(|label| label.trim_matches('`').to_owned());
            (cells[1].trim_matches('`').to_owned(), cells[2].to_owned(), labels.filter(|it| !it.is_empty()).collect())
        })
        .collect()
    }

    #[test]
    fn the_page_lists_all_metrics_with_their_labels_and_no_others() {
        let all: Vec<_> = ALL
            .iter()
            .map(|about| {
                let kind = format!("{:?}", about.kind).to_lowercase();
                (about.name.to_owned(), kind, about.labels.iter().map(ToString::to_string).collect())
            })
            .collect();
        assert_eq!(documented(), all);
    }

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for About { name, kind, labels, help } in ALL {
            assert_eq!(*kind == COUNTER, name.ends_with("_total"), "{name}");
            assert!(help.ends_with('.') && labels.iter().all(|label| *label != "le"), "{name}");
        }
    }
}
