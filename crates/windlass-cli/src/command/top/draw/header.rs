//! The first lines: which store, how many jobs, and that it cannot be asked.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use windlass::State;

use super::ink::{Ink, Parts, foreign, width};
use super::panes::speed;
use crate::command::top::model::Model;
use crate::command::top::picture::Picture;
use crate::output::color::Tone;
use crate::output::table::cut;
use crate::output::time;

/// How many rows it has.
pub(super) fn rows(model: &Model) -> u16 {
    // The last one is blank.
    if model.lost.is_some() { 4 } else { 3 }
}

/// Draws it.
pub(super) fn paint(buffer: &mut Buffer, area: Rect, (model, ink): (&Model, Ink<'_>)) {
    let row = |y: u16| Rect {
        x: area.x + 2,
        y: area.y + y,
        width: area.width.saturating_sub(2),
        height: u16::from(y < area.height),
    };
    let clock = model.picture.as_ref().map(|picture| clock(model, picture)).unwrap_or_default();
    let beside = Rect { width: row(0).width.saturating_sub(columns(&clock) + 2), ..row(0) };
    ink.line(buffer, beside, &joined(names(model), usize::from(beside.width), ink));
    ink.line_at_right(buffer, row(0), &clock);
    if let Some(picture) = &model.picture {
        ink.line(buffer, row(1), &joined(numbers(picture, ink), usize::from(row(1).width), ink));
    }
    if let Some((time, why)) = model.lost_for() {
        let told = format!("! the store cannot be asked for {}: ", time::lasted(time));
        let parts = [(Tone::Attention, told), foreign(Tone::Plain, why)];
        ink.line(buffer, Rect { x: area.x, width: area.width, ..row(2) }, &parts);
    }
}

fn columns(parts: &Parts) -> u16 {
    u16::try_from(width(parts)).unwrap_or(u16::MAX)
}

/// The moment of the picture, by the database's clock; its age where it is not that of the last look.
fn clock(model: &Model, picture: &Picture) -> Parts {
    let at = picture.at.to_string();
    let at = at.get(11..19).unwrap_or(&at);
    match model.lost {
        Some(_) => {
            let age = time::lasted(model.age());
            vec![(Tone::Attention, format!("! as of {at}Z, {age} ago"))]
        }
        None => vec![(Tone::Dim, format!("{at}Z"))],
    }
}

fn names(model: &Model) -> Vec<(Tone, String)> {
    let mut names = vec![(Tone::Strong, "windlass".to_owned()), foreign(Tone::Plain, &model.store)];
    if let Some(picture) = &model.picture {
        names.push(foreign(Tone::Dim, &picture.server));
    }
    if !model.filter.terms.is_empty() {
        // It must not be overlooked: what is not shown may be there.
        names.insert(1, foreign(Tone::Attention, &format!("filter {}", model.filter)));
    }
    names
}

fn numbers(picture: &Picture, ink: Ink<'_>) -> Vec<(Tone, String)> {
    let of = |state: State| (picture.of_state(state), ink.glyphs().state(state));
    let (running, (glyph, tone)) = of(State::Running);
    let slots = time::number(picture.slots);
    let running = (tone, format!("{glyph} {} running of {slots} slots", time::number(running)));
    let rate = picture.rate.map(|rate| (Tone::Plain, format!("{}/s", speed(rate))));
    let oldest = picture
        .oldest
        .map(|due_at| (Tone::Plain, format!("oldest {}", time::lasted(picture.at.since(due_at)))));
    let mut numbers = vec![running];
    numbers.extend(rate);
    let number = |state: State| {
        let (jobs, (glyph, tone)) = of(state);
        (jobs > 0).then(|| (tone, format!("{glyph} {} {state}", time::number(jobs))))
    };
    numbers.extend(number(State::Dead));
    let available = picture.of_state(State::Available);
    let more = if picture.queues.iter().any(|queue| queue.available_or_more) { "+" } else { "" };
    numbers.push((Tone::Plain, format!("{}{more} available", time::number(available))));
    numbers.extend(oldest);
    numbers.extend(
        [State::Retryable, State::Waiting, State::Scheduled].map(number).into_iter().flatten(),
    );
    numbers
}

/// Parts with a dot between two, as many as fit; the last of them may be cut.
fn joined(parts: Vec<(Tone, String)>, columns: usize, ink: Ink<'_>) -> Parts {
    /// With less than this a part says nothing.
    const LEAST: usize = 12;
    let dot = || (Tone::Dim, format!(" {} ", ink.glyphs().dot()));
    let mut joined: Parts = Vec::new();
    for (tone, part) in parts {
        let before = joined.len();
        joined.extend((before > 0).then(dot));
        let left = columns.saturating_sub(width(&joined));
        let needed = width(&[(tone, part.clone())]);
        if needed > left && left < LEAST {
            joined.truncate(before);
            break;
        }
        joined.push((tone, cut(&part, left, ink.glyphs())));
        if needed > left {
            break;
        }
    }
    joined
}
