//! How it looks.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::Paragraph,
};
use tekup_core::transport::Counters;

use super::{
    columns::{Column, list},
    plot::plot,
    rates::Rates,
    sample::{Subscription, Tenant},
    view::View,
};
use crate::{output::shown, units::short_or_none};

const PLOT: u16 = 20;
pub(super) const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const FAINT: Style = Style::new().add_modifier(Modifier::DIM);

const HELP: [&str; 8] = [
    "q        ends it",
    "s        sorts by what waits, the oldest, what died, or by name",
    "t, tab   shows tenants, or subscriptions again",
    "space    stands still, and goes on",
    "up, down scrolls",
    "?        shows this, or hides it",
    "Rates are means of the last 3 s, P50 and P99 of all that was ever handled.",
    "Depths are estimates where much waits. Tenants are those of whom anything waits.",
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
    let columns = [
        Column::new("SUBSCRIPTION", 16, 0, |_, one: &Subscription| one.name.clone()),
        Column::new("STATE", 9, 2, |_, one| state(one)),
        Column::new("READY", 8, 0, |_, one| one.depth.ready.to_string()),
        Column::new("IN FLIGHT", 9, 3, |_, one| one.depth.in_flight.to_string()),
        Column::new("RETRYING", 8, 4, |_, one| one.depth.retrying.to_string()),
        Column::new("DEAD", 7, 1, |_, one| one.depth.dead.to_string()),
        Column::new("OLDEST", 11, 1, |_, one| short_or_none(one.depth.oldest)),
        Column::new("HANDLED/S", 9, 1, |view, one| per_second_of(view.rates_of(&one.name))),
        Column::new("P50", 8, 6, |_, one| short_or_none(one.p50)),
        Column::new("P99", 8, 5, |_, one| short_or_none(one.p99)),
        Column::new("", PLOT, 7, |view, one| plot_of(view.rates_of(&one.name))),
    ];
    let style = |one: &Subscription| match one {
        Subscription { is_paused: true, .. } | Subscription { replicas: 0, .. } => Style::new().fg(Color::Yellow),
        _ => Style::new(),
    };
    let rows = view.subscriptions().into_iter().skip(view.offset).map(|one| (one, style(one)));
    list(&columns, rows, view, frame, area);
}

fn state(one: &Subscription) -> String {
    match one {
        Subscription { is_paused: true, .. } => "paused".into(),
        Subscription { replicas: 0, .. } => "unread".into(),
        Subscription { replicas, .. } => format!("{replicas} run"),
    }
}

fn tenants(view: &View, frame: &mut Frame<'_>, area: Rect) {
    let columns = [
        Column::new("TENANT", 16, 0, |_, one: &Tenant| one.name.clone()),
        Column::new("READY", 9, 0, |_, one| one.depth.ready.to_string()),
        Column::new("IN FLIGHT", 9, 2, |_, one| one.depth.in_flight.to_string()),
        Column::new("RETRYING", 9, 3, |_, one| one.depth.retrying.to_string()),
        Column::new("SCHEDULED", 9, 4, |_, one| one.depth.scheduled.to_string()),
        Column::new("DEAD", 9, 1, |_, one| one.depth.dead.to_string()),
        Column::new("OLDEST", 11, 1, |_, one| short_or_none(one.depth.oldest)),
        Column::new("HANDLED/S", 9, 1, |view, one| per_second_of(view.rates_of_tenant(&one.name))),
        Column::new("", PLOT, 5, |view, one| plot_of(view.rates_of_tenant(&one.name))),
    ];
    let rows = view.tenants().into_iter().skip(view.offset).map(|one| (one, Style::new()));
    list(&columns, rows, view, frame, area);
}

fn per_second_of(rates: Option<&Rates>) -> String {
    rates.map_or_else(|| "-".into(), per_second)
}

fn plot_of(rates: Option<&Rates>) -> String {
    rates.map_or_else(String::new, |rates| plot(&rates.all(), PLOT.into()))
}
