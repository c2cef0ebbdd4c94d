//! The picture on a terminal. It knows the model and a buffer of cells, and neither keys nor the store.

mod detail;
mod dialog;
mod footer;
mod header;
mod ink;
mod list;
mod page;
mod panes;
mod share;

#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

pub(super) use ink::Ink;

use super::model::{Fit, Model, Page};
use crate::output::color::Tone;

/// Less than this shows nothing that can be read.
const LEAST: (u16, u16) = (40, 8);
/// With so many rows lists have a blank line between two, whether or not all of their rows fit then.
const ROOMY: u16 = 26;

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, ink: Ink<'_>) -> Fit {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let what = format!("top needs {} columns and {} rows", LEAST.0, LEAST.1);
        ink.line(buffer, area, &[(Tone::Attention, what)]);
        return Fit::default();
    }
    let fit = paint(buffer, area, (model, ink));
    let dialog = model.dialog.as_ref();
    if let Some(place) = dialog.and_then(|one| dialog::paint(buffer, area, (one, ink))) {
        frame.set_cursor_position(place);
    }
    fit
}

/// Draws what is below a dialog.
fn paint(buffer: &mut Buffer, area: Rect, (model, ink): (&Model, Ink<'_>)) -> Fit {
    let (top, rest) = split(area, header::rows(model));
    let (middle, bottom) = split(rest, rest.height.saturating_sub(footer::ROWS));
    header::paint(buffer, top, (model, ink));
    let fit = body(buffer, middle, (model, ink));
    if model.lost.is_some() {
        buffer.set_style(middle, Modifier::DIM);
    }
    footer::paint(buffer, bottom, (model, ink));
    fit
}

fn body(buffer: &mut Buffer, area: Rect, (model, ink): (&Model, Ink<'_>)) -> Fit {
    match (model.page(), &model.picture) {
        (Some(Page::Jobs(page)), picture) => {
            let now = picture.as_ref().map_or_else(|| ink.out.now(), |picture| picture.at);
            page::jobs(buffer, area, (page, now), ink)
        }
        (Some(Page::Job(page)), _) => page::job(buffer, area, (page, ink)),
        (None, Some(picture)) => {
            let has_room = area.height >= panes::rows(picture, 1).min(ROOMY);
            let gap = u16::from(has_room);
            panes::paint(buffer, area, (model, picture), (gap, ink))
        }
        (None, None) => {
            ink.line(buffer, area, &[(Tone::Dim, "  asking the store".to_owned())]);
            Fit::default()
        }
    }
}

/// One picture with all its rows and without keys, so wide, as lines of text.
pub(super) fn whole(model: &Model, width: u16, ink: Ink<'_>) -> Vec<String> {
    let Some(picture) = &model.picture else { return Vec::new() };
    let height = header::rows(model) + panes::rows(picture, 1);
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    let (top, rest) = split(area, header::rows(model));
    header::paint(&mut buffer, top, (model, ink));
    panes::paint(&mut buffer, rest, (model, picture), (1, ink.unfocused()));
    lines(&buffer)
}

/// The text of a buffer, line by line.
pub(super) fn lines(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area();
    let line = |y: u16| {
        let mut text = String::new();
        let mut x = area.left();
        while x < area.right() {
            let symbol = buffer[(x, y)].symbol();
            text.push_str(symbol);
            // Behind a wide character stands a cell of its own, which is not shown.
            x += u16::try_from(crate::output::terminal::columns(symbol)).unwrap_or(1).max(1);
        }
        text.trim_end().to_owned()
    };
    (area.top()..area.bottom()).map(line).collect()
}

/// The first so many rows, and the rest.
fn split(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let first = Rect { height: rows, ..area };
    (first, Rect { y: area.y + rows, height: area.height - rows, ..area })
}
