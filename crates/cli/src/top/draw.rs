//! How it looks.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Paragraph, Row, Table},
};
use tekup_core::transport::{Counters, Depth};

use super::{plot::plot, rates::Rates, sample::Subscription, view::View};
use crate::{output::shown, units::short_or_none};

const PLOT: u16 = 20;
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const FAINT: Style = Style::new().add_modifier(Modifier::DIM);

const HELP: [&str; 7] = [
    "q        ends it",
    "s        sorts by what waits, the oldest, what died, or by name",
    "t, tab   shows tenants, or subscriptions again",
    "space    stands still, and goes on",
    "up, down scrolls",
    "?        shows this, or hides it",
    "Rates are means of the last 3 s. Depths are estimates where much waits.",
];

pub(super) fn draw(view: &View, frame: &mut Frame<'_>) {
    let [head, list, foot] =
        Layout::vertical([Constraint::Length(5), Constraint::Min(1), Constraint::Length(1)]).areas(frame.area());
    frame.render_widget(Paragraph::new(heading(view)), head);
    match (view.shows_help, &view.sample) {
        (true, _) => frame.render_widget(Paragraph::new(HELP.join("\n")), list),
        (false, None) => frame.render_widget(Paragraph::new("the first look is under way").style(FAINT), list),
        (false, Some(_)) if view.shows_tenants => tenants(view, frame, list),
        (false, Some(_)) => subscriptions(view, frame, list),
    }
    frame.render_widget(Paragraph::new(footing(view)).style(FAINT), foot);
}

fn heading(view: &View) -> Vec<Line<'_>> {
    let state = if view.is_frozen() { "  stands still" } else { "" };
    let title = Line::from(vec![Span::styled("tekup top", BOLD), Span::raw(format!("  {}{state}", view.name))]);
    let trouble = view.trouble.as_deref().map_or_else(Line::default, |trouble| {
        Line::styled(format!("old numbers: {}", shown(trouble, 300)), Style::new().fg(Color::Red))
    });
    let Some(sample) = &view.sample else { return vec![title, trouble] };
    let Counters { dead_lettered, .. } = sample.counters;
    vec![
        title,
        rate("published", &view.published),
        rate("handled", &view.handled),
        Line::from(format!(
            "failed    {:>9}/s   {dead_lettered} dead-lettered in all, {} scheduled, {} subscriptions{}",
            per_second(&view.failed),
            sample.scheduled,
            sample.subscriptions.len(),
            if sample.has_more { " and more" } else { "" },
        )),
        trouble,
    ]
}

fn rate(what: &str, rates: &Rates) -> Line<'static> {
    Line::from(format!("{what:9} {:>9}/s   {}", per_second(rates), plot(&rates.all(), 60)))
}

fn per_second(rates: &Rates) -> String {
    rates.now().map_or_else(|| "-".into(), |rate| format!("{rate:.1}"))
}

fn footing(view: &View) -> String {
    format!(
        "q quit   s sort: {}   t {}   space still   ? help",
        view.order.name(),
        if view.shows_tenants { "subscriptions" } else { "tenants" }
    )
}

fn subscriptions(view: &View, frame: &mut Frame<'_>, area: Rect) {
    let widths = [
        Constraint::Min(16),
        Constraint::Length(9),
        Constraint::Length(8),
        Constraint::Length(9),
        Constraint::Length(8),
        Constraint::Length(7),
        Constraint::Length(11),
        Constraint::Length(9),
        Constraint::Length(8),
        Constraint::Length(8),
        Constraint::Length(PLOT),
    ];
    let head =
        ["SUBSCRIPTION", "STATE", "READY", "IN FLIGHT", "RETRYING", "DEAD", "OLDEST", "HANDLED/S", "P50", "P99", ""];
    let rows = view.subscriptions().into_iter().skip(view.offset).map(|one| row(view, one));
    frame.render_widget(Table::new(rows, widths).header(Row::new(head).style(BOLD)), area);
}

fn row<'a>(view: &View, one: &'a Subscription) -> Row<'a> {
    let Depth { ready, in_flight, retrying, dead, oldest, .. } = one.depth;
    let rates = view.rates_of(&one.name);
    let state = match one {
        Subscription { is_paused: true, .. } => "paused".into(),
        Subscription { replicas: 0, .. } => "unread".into(),
        Subscription { replicas, .. } => format!("{replicas} run"),
    };
    let style = if one.is_paused || one.replicas == 0 { Style::new().fg(Color::Yellow) } else { Style::new() };
    Row::new([
        one.name.clone(),
        state,
        ready.to_string(),
        in_flight.to_string(),
        retrying.to_string(),
        dead.to_string(),
        short_or_none(oldest),
        rates.map_or_else(|| "-".into(), per_second),
        short_or_none(one.p50),
        short_or_none(one.p99),
        rates.map_or_else(String::new, |rates| plot(&rates.all(), PLOT.into())),
    ])
    .style(style)
}

fn tenants(view: &View, frame: &mut Frame<'_>, area: Rect) {
    let count = Constraint::Length(9);
    let widths = [Constraint::Min(16), count, count, count, count, count, Constraint::Length(11)];
    let head = ["TENANT", "READY", "IN FLIGHT", "RETRYING", "SCHEDULED", "DEAD", "OLDEST"];
    let rows = view.tenants().into_iter().skip(view.offset).map(|(tenant, depth)| {
        let Depth { ready, in_flight, retrying, scheduled, dead, oldest, .. } = *depth;
        let counts = [ready, in_flight, retrying, scheduled, dead].map(|count| count.to_string());
        Row::new([vec![tenant.clone()], counts.to_vec(), vec![short_or_none(oldest)]].concat())
    });
    frame.render_widget(Table::new(rows, widths).header(Row::new(head).style(BOLD)), area);
}
