//! Tables: aligned columns that fit the terminal. Ids are never cut; columns in the middle give
//! way first.

use std::borrow::Cow;

use super::Output;
use super::color::Tone;
use super::escape::in_one_line;
use super::glyph::Glyphs;
use super::terminal::columns;

const GAP: usize = 2;

/// A table under construction.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// One column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    title: Cow<'static, str>,
    /// How narrow it may become; `None` never gives way.
    least: Option<usize>,
    /// How wide it is where its cells are narrower.
    reserved: usize,
    /// Left out in this order, from 1, where even the narrowest table is too wide; 0 never.
    expendable: u8,
    align: Align,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Align {
    Left,
    Right,
}

impl Column {
    const EMPTY: Self = Self {
        title: Cow::Borrowed(""),
        least: None,
        reserved: 0,
        expendable: 0,
        align: Align::Left,
    };

    /// A column that is always shown whole.
    pub(crate) const fn whole(title: &'static str) -> Self {
        Self { title: Cow::Borrowed(title), ..Self::EMPTY }
    }

    /// A column of text that may be cut, to no less than this.
    pub(crate) const fn text(title: &'static str, least: usize) -> Self {
        Self { title: Cow::Borrowed(title), least: Some(least), ..Self::EMPTY }
    }

    /// A column of numbers.
    pub(crate) const fn number(title: &'static str) -> Self {
        Self { title: Cow::Borrowed(title), align: Align::Right, ..Self::EMPTY }
    }

    /// A column that somebody else has named.
    pub(crate) fn named(title: &str, least: usize) -> Self {
        Self { title: Cow::Owned(in_one_line(title)), ..Self::text("", least) }
    }

    /// The same, always shown whole.
    pub(crate) fn named_whole(title: &str) -> Self {
        Self { least: None, ..Self::named(title, 0) }
    }

    /// The same, of numbers.
    pub(crate) fn named_number(title: &str) -> Self {
        Self { title: Cow::Owned(in_one_line(title)), ..Self::number("") }
    }

    /// Left out where there is no room, in this order from 1.
    pub(crate) fn expendable(self, order: u8) -> Self {
        Self { expendable: order, ..self }
    }

    /// At least so wide, so that columns stay where they are while numbers change.
    pub(crate) fn reserving(self, width: usize) -> Self {
        Self { reserved: width, ..self }
    }
}

/// One cell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Option<Tone>,
}

impl Cell {
    /// A cell without colour.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: None }
    }

    /// A cell in a tone.
    pub(crate) fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Some(tone) }
    }

    /// Its width on a terminal.
    pub(crate) fn len(&self) -> usize {
        columns(&self.text)
    }

    /// The cell as text, in its tone.
    pub(crate) fn paint(&self, out: &Output) -> String {
        out.paint(self.tone.unwrap_or(Tone::Plain), &self.text)
    }
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row; cells are in the order of the columns.
    pub(crate) fn push(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        let clean = |cell: Cell| Cell { text: in_one_line(&cell.text), tone: cell.tone };
        self.rows.push(cells.into_iter().map(clean).collect());
    }

    /// The table as text, in the output's format.
    pub(crate) fn render(&self, out: &Output) -> String {
        if out.is_plain() { self.tabbed(out) } else { self.aligned(out) }
    }

    fn tabbed(&self, out: &Output) -> String {
        let mut text = String::new();
        if out.headers {
            let titles: Vec<String> = self.columns.iter().map(|c| c.title.to_lowercase()).collect();
            text.push_str(&titles.join("\t"));
            text.push('\n');
        }
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        text
    }

    fn aligned(&self, out: &Output) -> String {
        let lines = self.lines(out.width(), out.glyphs);
        let mut text = String::new();
        for line in lines.into_iter().skip(usize::from(!out.headers)) {
            let painted: String = line.iter().map(|(tone, part)| out.paint(*tone, part)).collect();
            text.push_str(painted.trim_end());
            text.push('\n');
        }
        text
    }

    /// The lines in so many columns of a terminal, the one with the columns' names first; each is parts of text with their tones.
    pub(crate) fn lines(&self, width: Option<usize>, glyphs: Glyphs) -> Vec<Vec<(Tone, String)>> {
        let (shown, widths) = self.fit(width);
        let title = |column: &Column| Cell::toned(Tone::Dim, column.title.as_ref());
        let titles: Vec<Cell> = self.columns.iter().map(title).collect();
        let line = |cells: &Vec<Cell>| self.line(cells, (&shown, &widths), glyphs);
        std::iter::once(&titles).chain(&self.rows).map(line).collect()
    }

    fn line(
        &self,
        cells: &[Cell],
        (shown, widths): (&[usize], &[usize]),
        glyphs: Glyphs,
    ) -> Vec<(Tone, String)> {
        let mut parts = Vec::new();
        for (place, (at, width)) in shown.iter().zip(widths).enumerate() {
            let cell = &cells[*at];
            let cut = cut(&cell.text, *width, glyphs);
            let padding = " ".repeat(width.saturating_sub(columns(&cut)));
            if place > 0 {
                parts.push((Tone::Plain, " ".repeat(GAP)));
            }
            let (text, padding) = ((cell.tone.unwrap_or(Tone::Plain), cut), (Tone::Plain, padding));
            match self.columns[*at].align {
                Align::Left => parts.extend([text, padding]),
                Align::Right => parts.extend([padding, text]),
            }
        }
        parts
    }

    /// Which columns are shown and how wide each is.
    fn fit(&self, width: Option<usize>) -> (Vec<usize>, Vec<usize>) {
        let natural: Vec<usize> = (0..self.columns.len()).map(|at| self.natural(at)).collect();
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let Some(width) = width else { return (shown, natural) };
        let least =
            |at: usize| self.columns[at].least.map_or(natural[at], |least| natural[at].min(least));
        let gaps = |shown: &[usize]| GAP * shown.len().saturating_sub(1);
        while shown.iter().map(|at| least(*at)).sum::<usize>() + gaps(&shown) > width {
            let candidates = shown.iter().filter(|at| self.columns[**at].expendable > 0);
            let Some(next) = candidates.min_by_key(|at| self.columns[**at].expendable) else {
                break;
            };
            let next = *next;
            shown.retain(|at| *at != next);
        }
        let mut widths: Vec<usize> = shown.iter().map(|at| natural[*at]).collect();
        let mut excess = (widths.iter().sum::<usize>() + gaps(&shown)).saturating_sub(width);
        while excess > 0 {
            // The widest of those that can give way; the last column keeps its text longest.
            let widest = (0..shown.len())
                .filter(|place| widths[*place] > least(shown[*place]))
                .max_by_key(|place| (widths[*place], shown.len() - place));
            let Some(place) = widest else { break };
            widths[place] -= 1;
            excess -= 1;
        }
        (shown, widths)
    }

    fn natural(&self, at: usize) -> usize {
        let widest = self.rows.iter().map(|row| row[at].len()).max().unwrap_or(0);
        let column = &self.columns[at];
        widest.max(columns(&column.title)).max(column.reserved)
    }
}

/// A text of at most this many columns of a terminal, with a mark where it was cut.
pub(crate) fn cut(text: &str, width: usize, glyphs: Glyphs) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if columns(&kept) >= width {
            kept.pop();
            break;
        }
    }
    format!("{}{}", kept.trim_end(), glyphs.cut())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(vec![
            Column::whole("ID"),
            Column::text("KIND", 6),
            Column::number("N").expendable(1),
            Column::text("ERROR", 8),
        ]);
        table.push(vec![
            Cell::new("job_1234"),
            Cell::new("img.thumbnail"),
            Cell::new("12"),
            Cell::new("Decode: unexpected\nend of file"),
        ]);
        table
    }

    fn widths(width: Option<usize>) -> (Vec<usize>, Vec<usize>) {
        sample().fit(width)
    }

    #[test]
    fn a_table_that_fits_is_left_alone() {
        assert_eq!(widths(None), (vec![0, 1, 2, 3], vec![8, 13, 2, 30]));
        assert_eq!(widths(Some(100)).1, vec![8, 13, 2, 30]);
    }

    #[test]
    fn ids_are_never_cut_and_expendable_columns_go_before_the_rest_is_unreadable() {
        assert_eq!(widths(Some(50)).1, vec![8, 13, 2, 21]);
        assert_eq!(widths(Some(30)), (vec![0, 1, 2, 3], vec![8, 6, 2, 8]));
        assert_eq!(widths(Some(28)), (vec![0, 1, 3], vec![8, 8, 8]));
    }

    #[test]
    fn a_cut_says_so() {
        assert_eq!(cut("unexpected", 6, Glyphs::Unicode), "unexp…");
        assert_eq!(cut("short", 6, Glyphs::Unicode), "short");
        assert_eq!(cut("日本語", 5, Glyphs::Unicode), "日本…");
        assert_eq!(cut("日本語", 4, Glyphs::Unicode), "日…");
    }
}
