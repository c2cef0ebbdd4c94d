//! Tones as styles, and lines of toned text as cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::output::Output;
use crate::output::color::{Palette, Tone};
use crate::output::escape::in_one_line;
use crate::output::glyph::Glyphs;

/// Parts of a line with their tones.
pub(super) type Parts = Vec<(Tone, String)>;

/// What is drawn with: the colours and glyphs that the terminal can show.
#[derive(Debug, Clone, Copy)]
pub(in crate::command::top) struct Ink<'a> {
    /// How words and moments are written.
    pub(super) out: &'a Output,
    /// Whether the pane and the row that keys go to are marked.
    pub(super) focus: bool,
}

impl<'a> Ink<'a> {
    /// That of what is printed.
    pub(in crate::command::top) const fn of(out: &'a Output) -> Self {
        Self { out, focus: true }
    }

    /// The same for a picture that nobody has a key to.
    pub(super) const fn unfocused(self) -> Self {
        Self { focus: false, ..self }
    }

    pub(super) fn glyphs(self) -> Glyphs {
        self.out.glyphs()
    }

    /// A tone as a style: of the sixteen colours that a terminal's own theme makes readable, dark or light. No background is set.
    pub(super) fn style(self, tone: Tone) -> Style {
        let colored = self.out.palette() == Palette::Colored;
        let color = |color| if colored { Style::new().fg(color) } else { Style::new() };
        match tone {
            Tone::Plain => Style::new(),
            Tone::Strong => Style::new().add_modifier(Modifier::BOLD),
            Tone::Dim => Style::new().add_modifier(Modifier::DIM),
            Tone::Good => color(Color::Green),
            Tone::Attention => color(Color::Yellow),
            Tone::Bad => color(Color::Red),
            Tone::Busy => color(Color::Blue),
        }
    }

    /// Writes parts into the first row of an area, as far as they fit.
    pub(super) fn line(self, buffer: &mut Buffer, area: Rect, parts: &[(Tone, String)]) {
        if area.height == 0 {
            return;
        }
        let mut x = area.x;
        for (tone, part) in parts {
            let left = usize::from(area.right().saturating_sub(x));
            x = buffer.set_stringn(x, area.y, part, left, self.style(*tone)).0;
        }
    }

    /// Writes parts so that they end with the area.
    pub(super) fn line_at_right(self, buffer: &mut Buffer, area: Rect, parts: &[(Tone, String)]) {
        let width = u16::try_from(width(parts)).unwrap_or(u16::MAX).min(area.width);
        self.line(buffer, Rect { x: area.right() - width, width, ..area }, parts);
    }
}

/// The columns that parts take.
pub(super) fn width(parts: &[(Tone, String)]) -> usize {
    parts.iter().map(|(_, part)| crate::output::terminal::columns(part)).sum()
}

/// A text of a stranger, in a tone.
pub(super) fn foreign(tone: Tone, text: &str) -> (Tone, String) {
    (tone, in_one_line(text))
}
