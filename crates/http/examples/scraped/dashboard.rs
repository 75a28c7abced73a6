//! What a dashboard asks.

use std::fmt;

use serde_json::Value;

use crate::common::Failure;

/// A question to Prometheus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    Query(String),
    /// The values of a label of a metric.
    Values {
        metric: String,
        label: String,
    },
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(query) => f.write_str(query),
            Self::Values { metric, label } => write!(f, "label_values({metric}, {label})"),
        }
    }
}

/// What its panels and its variables ask, with all that a variable may stand for.
pub(crate) fn questions(board: &str) -> Result<Vec<Question>, Failure> {
    let board: Value = serde_json::from_str(board)?;
    let variables: Vec<&Value> = items(&board["templating"]["list"]).collect();
    let panels = items(&board["panels"]).flat_map(|panel| items(&panel["targets"]));
    let queries = panels.filter_map(|target| target["expr"].as_str()).map(|query| filled(query, &variables));
    let values = variables.iter().filter(|it| it["type"] == "query").map(|variable| values(&variable["query"]));
    let all: Vec<_> = queries.chain(values).collect::<Result<_, _>>()?;
    if all.is_empty() { Err("the dashboard asks nothing".into()) } else { Ok(all) }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// As Grafana fills it in where everything is chosen, and scrapes are a second apart.
fn filled(query: &str, variables: &[&Value]) -> Result<Question, Failure> {
    let mut query = query.replace("$__rate_interval", "10s");
    for variable in variables {
        if let (Some(name), Some(all)) = (variable["name"].as_str(), variable["allValue"].as_str()) {
            query = query.replace(&format!("${name}"), all);
        }
    }
    if query.contains('$') {
        Err(format!("{query}: there is no such variable").into())
    } else {
        Ok(Question::Query(query))
    }
}

fn values(query: &Value) -> Result<Question, Failure> {
    let asked =
        query.as_str().and_then(|query| query.strip_prefix("label_values(")?.strip_suffix(')')?.split_once(','));
    let (metric, label) = asked.ok_or_else(|| format!("{query} is not `label_values(metric, label)`"))?;
    Ok(Question::Values { metric: metric.trim().to_owned(), label: label.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOARD: &str = include_str!("../../../../deploy/grafana/tekup.json");

    #[test]
    fn every_expression_of_the_dashboard_is_a_question_without_variables() {
        let questions = questions(BOARD).unwrap();
        assert_eq!(questions.len(), BOARD.matches("\"expr\":").count() + 1);
        assert!(questions.iter().all(|question| !question.to_string().contains('$')));
        let values = Question::Values { metric: "tekup_depth_events".into(), label: "subscription".into() };
        assert_eq!(questions.last(), Some(&values));
    }

    #[test]
    fn an_unknown_variable_is_an_error() {
        let error = filled("sum(a{b=\"$c\"})", &[]).unwrap_err().to_string();
        assert!(error.contains("no such variable"), "{error}");
    }
}
