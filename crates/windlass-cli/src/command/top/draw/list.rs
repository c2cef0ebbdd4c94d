//! A list: a table with a mark before each row, of which as many rows are shown as fit.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::ink::{Ink, Parts};
use super::share::first;
use crate::output::color::Tone;
use crate::output::table::Table;

/// Columns before the table, which have the marks.
const MARGIN: u16 = 2;

/// What is drawn of a list.
pub(super) struct List {
    pub(super) table: Table,
    /// What stands before each row, where something is to be seen there.
    pub(super) marks: Vec<Option<(Tone, &'static str)>>,
    /// The row that keys go to; none where they go elsewhere.
    pub(super) selected: Option<usize>,
    /// What is said where there are no rows.
    pub(super) empty: (Tone, String),
    /// What is said at the end of the columns' names.
    pub(super) note: String,
}

impl List {
    /// Rows that it has, its columns' names aside.
    pub(super) fn rows(&self) -> usize {
        self.marks.len().max(1)
    }

    /// Draws it; how many rows were shown.
    pub(super) fn paint(&self, buffer: &mut Buffer, area: Rect, ink: Ink<'_>) -> usize {
        if area.height == 0 {
            return 0;
        }
        let text = Rect { x: area.x + MARGIN, width: area.width.saturating_sub(MARGIN), ..area };
        let lines = self.table.lines(Some(usize::from(text.width)), ink.glyphs());
        let shown = usize::from(area.height - 1);
        let all = self.marks.len();
        let from = first(self.selected.unwrap_or(0), shown, all);
        self.paint_names(buffer, (area, text), (&lines, ink), (from, shown));
        if all == 0 && shown > 0 {
            ink.line(buffer, Rect { y: area.y + 1, ..text }, std::slice::from_ref(&self.empty));
            return 1;
        }
        let rows = lines.iter().skip(1).zip(&self.marks).enumerate().skip(from).take(shown);
        for (y, (at, (line, mark))) in (area.y + 1..).zip(rows) {
            if let Some((tone, mark)) = mark {
                ink.line(buffer, Rect { y, ..area }, &[(*tone, (*mark).to_owned())]);
            }
            ink.line(buffer, Rect { y, ..text }, line);
            if self.selected == Some(at) {
                buffer.set_style(Rect { y, height: 1, ..area }, Modifier::REVERSED);
            }
        }
        shown.min(all)
    }

    fn paint_names(
        &self,
        buffer: &mut Buffer,
        (area, text): (Rect, Rect),
        (lines, ink): (&[Parts], Ink<'_>),
        (from, shown): (usize, usize),
    ) {
        let mut names = lines.first().cloned().unwrap_or_default();
        if self.selected.is_some() {
            // The first of them names the list.
            if let Some((tone, _)) = names.first_mut() {
                *tone = Tone::Strong;
            }
            ink.line(buffer, area, &[(Tone::Strong, ink.glyphs().pointer().to_owned())]);
        }
        ink.line(buffer, text, &names);
        let all = self.marks.len();
        let mut note = self.note.clone();
        if shown < all {
            let last = from + shown;
            let place = if shown == 0 { "none".to_owned() } else { format!("{}-{last}", from + 1) };
            note = format!(" {place} of {all}{note}");
        }
        ink.line_at_right(buffer, text, &[(Tone::Dim, note)]);
    }
}
