//! The last lines: the selected row in words, and what keys do or have done.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::ink::{Ink, Parts, width};
use super::{detail, split};
use crate::command::top::model::{Model, Page};
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::table::cut;

/// How many rows it has.
pub(super) const ROWS: u16 = 2;

/// Draws it.
pub(super) fn paint(buffer: &mut Buffer, area: Rect, (model, ink): (&Model, Ink<'_>)) {
    let text = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    let (first, last) = split(text, 1);
    let columns = usize::from(text.width);
    ink.line(buffer, first, &fitted(detail::of(model, ink), columns, ink));
    match &model.said {
        Some((tone, said)) => {
            let said = cut(&in_one_line(said), columns, ink.glyphs());
            ink.line(buffer, last, &[(*tone, said)]);
        }
        None => ink.line(buffer, last, &keys(model, columns)),
    }
}

/// Parts, the last of them cut where they are too long.
fn fitted(mut parts: Parts, columns: usize, ink: Ink<'_>) -> Parts {
    if let Some((tone, last)) = parts.pop() {
        let left = columns.saturating_sub(width(&parts));
        parts.push((tone, cut(&last, left, ink.glyphs())));
    }
    parts
}

/// The keys that do something here, the most needed first, as many as fit.
fn keys(model: &Model, columns: usize) -> Parts {
    const FIRST: [(&str, &str); 8] = [
        ("q", "quit"),
        ("?", "help"),
        ("enter", "open"),
        ("tab", "next list"),
        ("/", "filter"),
        ("p", "pause queue"),
        ("r", "retry dead job"),
        ("j k", "move"),
    ];
    const JOBS: [(&str, &str); 7] = [
        ("esc", "back"),
        ("?", "help"),
        ("enter", "explain"),
        ("/", "filter"),
        ("r", "retry dead job"),
        ("p", "pause queue"),
        ("j k", "move"),
    ];
    const JOB: [(&str, &str); 4] =
        [("esc", "back"), ("?", "help"), ("r", "retry dead job"), ("j k", "scroll")];
    let keys: &[(&str, &str)] = match model.page() {
        None => &FIRST,
        Some(Page::Jobs(_)) => &JOBS,
        Some(Page::Job(_)) => &JOB,
    };
    let mut parts: Parts = Vec::new();
    for (key, does) in keys {
        let gap = if parts.is_empty() { "" } else { "   " };
        let added = [(Tone::Strong, format!("{gap}{key}")), (Tone::Dim, format!(" {does}"))];
        if width(&parts) + width(&added) > columns {
            break;
        }
        parts.extend(added);
    }
    parts
}
