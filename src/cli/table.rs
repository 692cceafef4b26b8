//! Tables: one row a line, a header that can be searched for, whole ids at any width.

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement};

use super::output::Page;

/// A column that is never dropped.
pub(crate) const KEEP: u8 = u8::MAX;

/// A table to be filled row by row.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Column {
    title: &'static str,
    /// Columns with the lowest go first when a terminal is too narrow.
    priority: u8,
}

const GAP: u16 = 2;

impl Table {
    /// Titles with priorities: where a terminal is too narrow, whole columns go, lowest first, [`KEEP`] never.
    pub(crate) fn new(columns: impl IntoIterator<Item = (&'static str, u8)>) -> Self {
        let column = |(title, priority)| Column { title, priority };
        Self {
            columns: columns.into_iter().map(column).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row with one text for each column. Texts of others are made safe to print on one line; an empty
    /// one becomes `-`, so that every line has the same number of fields.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        let mut cells: Vec<String> = cells.into_iter().map(|it| one_line(&it.into())).collect();
        cells.resize(self.columns.len(), "-".to_owned());
        self.rows.push(cells);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines, without a newline at the end.
    pub(crate) fn render(&self, page: &Page) -> String {
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        loop {
            let table = self.build(&shown, page);
            let width = width_of(&table);
            let weakest = shown
                .iter()
                .copied()
                .filter(|it| self.priority(*it) != KEEP)
                .min_by_key(|it| (self.priority(*it), usize::MAX - it));
            match (page.width, weakest) {
                (Some(limit), Some(weakest)) if width > limit => shown.retain(|it| *it != weakest),
                _ => return table.trim_fmt(),
            }
        }
    }

    fn priority(&self, column: usize) -> u8 {
        self.columns.get(column).map_or(KEEP, |it| it.priority)
    }

    fn build(&self, shown: &[usize], page: &Page) -> comfy_table::Table {
        let mut table = comfy_table::Table::new();
        table
            .force_no_tty()
            .load_style(comfy_table::presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        if page.color {
            table.enforce_styling();
        }
        table.set_header(
            shown
                .iter()
                .filter_map(|it| self.columns.get(*it))
                .map(|it| {
                    let cell = Cell::new(it.title);
                    if page.color {
                        cell.add_attribute(Attribute::Bold)
                    } else {
                        cell
                    }
                }),
        );
        for row in &self.rows {
            let cells = shown.iter().filter_map(|it| row.get(*it));
            table.add_row(cells.map(Cell::new));
        }
        for (at, column) in table.column_iter_mut().enumerate() {
            let last = at + 1 == shown.len();
            column.set_padding((0, if last { 0 } else { GAP }));
            column.set_cell_alignment(CellAlignment::Left);
        }
        table
    }
}

fn width_of(table: &comfy_table::Table) -> usize {
    let widths = table.column_max_content_widths();
    let sum: usize = widths
        .iter()
        .map(|it| usize::from(*it) + usize::from(GAP))
        .sum();
    sum.saturating_sub(usize::from(GAP))
}

/// Peers choose names and labels; line breaks and terminal commands in them do nothing here.
pub(crate) fn one_line(text: &str) -> String {
    let text: String = text
        .trim()
        .chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .collect();
    if text.is_empty() {
        "-".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::output::Format;
    use super::*;

    const ID: &str = "NBT5DQAGMFKCBPVH4LMBUNJ4AWKDPRXGKP6EHOKIOLXUIU4OTMZTLVBB";

    fn page(width: Option<usize>) -> Page {
        Page {
            width,
            color: false,
            format: Format::Text,
        }
    }

    fn hosts() -> Table {
        let mut table = Table::new([("HOST", KEEP), ("NAME", 3), ("VERSION", 1), ("UPTIME", 2)]);
        table.row([ID, "brave-owl-1234", "0.1.0", "12s"]);
        table.row([ID, "", "0.82.0", "1d 2h"]);
        table
    }

    #[test]
    fn a_pipe_gets_every_column_aligned() {
        let text = hosts().render(&page(None));
        let expected = format!(
            "HOST{:54}NAME            VERSION  UPTIME\n\
             {ID}  brave-owl-1234  0.1.0    12s\n\
             {ID}  -               0.82.0   1d 2h",
            ""
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn narrow_terminals_lose_the_least_important_columns_and_no_id() {
        let header = |width| {
            let text = hosts().render(&page(Some(width)));
            for line in text.lines().skip(1) {
                assert!(line.starts_with(ID), "{line}");
            }
            assert_eq!(text.lines().count(), 3);
            let header = text.lines().next().unwrap_or_default();
            header.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(header(200), "HOST NAME VERSION UPTIME");
        assert_eq!(header(86), "HOST NAME UPTIME");
        assert_eq!(header(75), "HOST NAME");
        assert_eq!(header(60), "HOST");
        assert_eq!(header(20), "HOST");
    }

    #[test]
    fn texts_of_peers_cannot_break_lines_or_command_the_terminal() {
        let mut table = Table::new([("NAME", KEEP), ("LABEL", 1)]);
        table.row(["a\nb\x1b[31m", "\r"]);
        let text = table.render(&page(None));
        assert_eq!(text.lines().count(), 2);
        assert!(!text.contains(['\x1b', '\r']));
    }

    #[test]
    fn only_the_header_is_styled() {
        let mut page = page(None);
        page.color = true;
        let text = hosts().render(&page);
        let mut lines = text.lines();
        assert!(lines.next().unwrap_or_default().contains("\x1b[1m"));
        assert!(lines.all(|it| !it.contains('\x1b')));
    }
}
