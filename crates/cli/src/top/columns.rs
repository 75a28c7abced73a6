//! Columns of a list: as many as there is room for, each of them whole.

use ratatui::{
    Frame,
    layout::{Constraint, Rect},
    style::Style,
    widgets::{Row, Table},
};

use super::view::View;

/// What a list tells of each of its rows.
pub(super) struct Column<T> {
    head: &'static str,
    width: u16,
    /// Where there is too little room the largest goes first; 0 stays.
    goes: u8,
    cell: fn(&View, &T) -> String,
}

impl<T> Column<T> {
    pub(super) const fn new(head: &'static str, width: u16, goes: u8, cell: fn(&View, &T) -> String) -> Self {
        Self { head, width, goes, cell }
    }
}

/// A row, and how it looks.
pub(super) fn list<'a, T: 'a>(
    columns: &[Column<T>],
    rows: impl IntoIterator<Item = (&'a T, Style)>,
    view: &View,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let shown = that_fit(columns, area.width);
    let widths = shown.iter().map(|column| match column.goes {
        0 => Constraint::Min(column.width),
        _ => Constraint::Length(column.width),
    });
    let head = Row::new(shown.iter().map(|column| column.head)).style(super::draw::BOLD);
    let rows = rows.into_iter().map(|(row, style)| {
        Row::new(shown.iter().map(|column| (column.cell)(view, row)).collect::<Vec<_>>()).style(style)
    });
    frame.render_widget(Table::new(rows, widths.collect::<Vec<_>>()).header(head), area);
}

fn that_fit<T>(columns: &[Column<T>], width: u16) -> Vec<&Column<T>> {
    let mut shown: Vec<&Column<T>> = columns.iter().collect();
    while room(&shown) > width
        && let Some(at) = (0..shown.len()).filter(|at| shown[*at].goes > 0).max_by_key(|at| shown[*at].goes)
    {
        shown.remove(at);
    }
    shown
}

/// With a blank between each two.
fn room<T>(columns: &[&Column<T>]) -> u16 {
    columns.iter().map(|column| column.width + 1).sum::<u16>().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_too_little_room_those_that_matter_least_go_first() {
        let column = |head, width, goes| Column::<()>::new(head, width, goes, |_, ()| String::new());
        let columns = [column("name", 16, 0), column("ready", 8, 1), column("p50", 8, 2), column("plot", 20, 3)];
        let table = [(80, 4), (55, 4), (54, 3), (34, 3), (33, 2), (25, 2), (24, 1), (3, 1)];
        for (width, count) in table {
            let shown = that_fit(&columns, width);
            let names: Vec<_> = shown.iter().map(|column| column.head).collect();
            assert_eq!(names, ["name", "ready", "p50", "plot"][..count], "{width}");
        }
    }
}
