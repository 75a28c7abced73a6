//! What is printed.

use serde_json::{Map, Value, json};

use crate::{
    args::Args,
    measure::{Taken, median},
    round::{Round, Turn},
    scenario::Scenario,
};

/// The rounds of one scenario.
#[derive(Debug)]
pub struct Row {
    /// What was measured.
    pub scenario: Scenario,
    events: usize,
    by_hand: Vec<Taken>,
    on_bus: Vec<Taken>,
    bytes: (f64, f64),
}

impl Row {
    /// The part of the rounds that the scenario is about.
    #[must_use]
    pub fn of(scenario: Scenario, events: usize, rounds: &[Round]) -> Self {
        let part = |turn: &Turn| if scenario.drains() { turn.drain } else { turn.publish };
        let bytes_of = |turn: fn(&Round) -> &Turn| median(rounds.iter().map(|round| turn(round).bytes));
        Self {
            scenario,
            events,
            by_hand: rounds.iter().map(|round| part(&round.by_hand)).collect(),
            on_bus: rounds.iter().map(|round| part(&round.on_bus)).collect(),
            bytes: (bytes_of(|round| &round.by_hand), bytes_of(|round| &round.on_bus)),
        }
    }

    /// The bus's rate by the hand-written one: the median over rounds, for the two turns of a round share what else the
    /// machine does.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        let turns = self.by_hand.iter().zip(&self.on_bus);
        median(turns.map(|(by_hand, on_bus)| by_hand.wall.as_secs_f64() / on_bus.wall.as_secs_f64()))
    }

    fn rate(&self, side: &[Taken]) -> f64 {
        median(side.iter().map(|taken| self.events as f64 / taken.wall.as_secs_f64()))
    }

    /// Microseconds of processor time for an event.
    fn micros(&self, side: &[Taken], part: fn(&Taken) -> std::time::Duration) -> f64 {
        median(side.iter().map(|taken| part(taken).as_secs_f64() * 1e6 / self.events as f64))
    }

    fn side(&self, side: &[Taken], bytes: f64) -> Value {
        let rates = side.iter().map(|taken| (self.events as f64 / taken.wall.as_secs_f64()).round());
        json!({
            "eventsPerSecond": self.rate(side).round(),
            "rounds": rates.collect::<Vec<_>>(),
            "clientMicrosPerEvent": rounded(self.micros(side, |taken| taken.client), 2),
            "serverMicrosPerEvent": rounded(self.micros(side, |taken| taken.server), 2),
            "serverBytesPerEvent": bytes.round(),
        })
    }
}

fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// Everything, for programs.
#[must_use]
pub fn json(args: &Args, rows: &[Row]) -> Value {
    let ratios: Map<_, _> =
        rows.iter().map(|row| (row.scenario.name().to_owned(), json!(rounded(row.ratio(), 3)))).collect();
    let rates: Map<_, _> = rows
        .iter()
        .map(|row| {
            let sides = json!({
                "byHand": row.side(&row.by_hand, row.bytes.0),
                "onBus": row.side(&row.on_bus, row.bytes.1),
            });
            (row.scenario.name().to_owned(), sides)
        })
        .collect();
    json!({ "events": args.events, "rounds": args.rounds, "ratios": ratios, "rates": rates })
}

/// Everything, for people.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut out = format!(
        "{:<28}{:>12}{:>12}{:>8}   {}\n",
        "events/s", "by hand", "on the bus", "ratio", "µs of processor an event: client, server"
    );
    for row in rows {
        let micros = |side: &[Taken]| {
            format!("{:.1}, {:.1}", row.micros(side, |taken| taken.client), row.micros(side, |taken| taken.server))
        };
        out += &format!(
            "{:<28}{:>12.0}{:>12.0}{:>8.2}   {} by hand; {} on the bus\n",
            row.scenario.name(),
            row.rate(&row.by_hand),
            row.rate(&row.on_bus),
            row.ratio(),
            micros(&row.by_hand),
            micros(&row.on_bus),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn turn(millis: u64) -> Turn {
        let taken = Taken { wall: Duration::from_millis(millis), client: Duration::ZERO, server: Duration::ZERO };
        Turn { publish: taken, drain: taken, bytes: 330.0 }
    }

    #[test]
    fn a_ratio_is_the_rate_on_the_bus_by_the_rate_by_hand() {
        let rounds = [10, 20, 30].map(|millis| Round { by_hand: turn(millis), on_bus: turn(millis * 2) });
        let rows = [Row::of(Scenario::DrainOne, 1_000, &rounds)];
        let report = json(&Args::default(), &rows);
        assert_eq!(report["ratios"]["drain_one"], 0.5);
        assert_eq!(report["rates"]["drain_one"]["byHand"]["eventsPerSecond"], 50_000.0);
        assert_eq!(report["rates"]["drain_one"]["onBus"]["eventsPerSecond"], 25_000.0);
        assert!(table(&rows).contains("drain_one"));
    }
}
