//! Alerts and dashboard ask only for metrics that there are. What they ask is checked by promtool in `.ci/run metrics`.

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::collections::BTreeSet;

use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/metrics.md");
const ALERTS: &str = include_str!("../../../deploy/prometheus/alerts.yml");
const DASHBOARD: &str = include_str!("../../../deploy/grafana/tekup.json");

fn told() -> BTreeSet<&'static str> {
    PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

/// The metrics in a question; of a histogram its name alone.
fn asked(question: &str) -> Vec<&str> {
    let words = question.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let metrics = words.filter(|word| word.starts_with("tekup_"));
    let whole =
        |word| ["_bucket", "_sum", "_count"].iter().find_map(|end| str::strip_suffix(word, end)).unwrap_or(word);
    metrics.map(whole).collect()
}

fn questions(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => {
            let own = ["expr", "query"].iter().filter_map(|name| fields.get(*name)?.as_str());
            own.chain(fields.values().flat_map(questions)).collect()
        }
        Value::Array(items) => items.iter().flat_map(questions).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn alerts_ask_only_for_metrics_that_are_told() {
    // A question may have several lines; what is said beside it names no metric.
    let asked: Vec<&str> = ALERTS.lines().filter(|line| !line.trim().starts_with('#')).flat_map(asked).collect();
    assert!(asked.len() >= 15, "{asked:?}");
    asked.iter().for_each(|name| assert!(told().contains(name), "{name} is no metric"));
}

#[test]
fn the_page_of_metrics_tells_every_alert() {
    let alerts: Vec<&str> = ALERTS.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() >= 11, "{alerts:?}");
    alerts.iter().for_each(|alert| assert!(PAGE.contains(&format!("\n- `{alert}`: ")), "{alert} is not told"));
    assert_eq!(PAGE.matches("\n- `Tekup").count(), alerts.len(), "there are no others");
}

#[test]
fn the_dashboard_asks_for_all_metrics_that_are_told_and_no_others() {
    let board: Value = serde_json::from_str(DASHBOARD).unwrap();
    let asked: BTreeSet<&str> = questions(&board).into_iter().flat_map(asked).collect();
    let told = told();
    assert_eq!(asked.difference(&told).collect::<Vec<_>>(), Vec::<&&str>::new(), "there are no such metrics");
    // How many are registered is in the number of those that are told.
    assert_eq!(told.difference(&asked).collect::<Vec<_>>(), [&"tekup_store_subscriptions"], "nobody sees them");
}

#[test]
fn every_panel_has_its_own_place_and_says_what_it_shows() {
    let board: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = board["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let has_text = |name: &str| panel[name].as_str().is_some_and(|text| !text.is_empty());
        assert!(has_text("title") && has_text("description"), "{panel}");
        let [x, w] = ["x", "w"].map(|name| panel["gridPos"][name].as_u64().unwrap());
        assert!(x + w <= 24, "{panel}");
    }
}
