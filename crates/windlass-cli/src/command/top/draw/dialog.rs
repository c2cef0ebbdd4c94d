//! What stands before a page: help, a question, a filter that is being typed.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::symbols::border;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget as _};

use super::ink::{Ink, Parts, width};
use super::page::wrapped;
use crate::command::top::model::{Dialog, Input};
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::glyph::Glyphs;
use crate::output::table::cut;
use crate::output::terminal::columns;

/// The columns of a dialog, where the terminal has as many.
const WIDTH: u16 = 72;
const ASCII: border::Set<'_> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
const KEYS: [(&str, &str); 12] = [
    ("q, ctrl-c", "end it"),
    ("esc", "back; from the first page end it"),
    ("up down, j k", "to another row; also pgup pgdn, g G"),
    ("tab", "to the next list; shift-tab to the one before"),
    ("enter", "open it: jobs of a queue or worker; why a job waits"),
    ("p", "pause the selected queue, or resume it; asks first"),
    ("r", "retry the selected dead job; asks first"),
    ("/", "filter, such as queue:mail,media kind:img.*"),
    ("ctrl-z", "stop; fg goes on"),
    ("", ""),
    ("RATE/s", "jobs that ended in a second, over five seconds"),
    ("P99 WAIT", "how long jobs wait once due, of those begun lately"),
];

/// Draws it; where what is typed goes on.
pub(super) fn paint(
    buffer: &mut Buffer,
    area: Rect,
    (dialog, ink): (&Dialog, Ink<'_>),
) -> Option<Position> {
    let inside = usize::from(WIDTH.min(area.width)) - 4;
    let (title, lines) = match dialog {
        Dialog::Help => ("keys", help()),
        Dialog::Ask(change) => {
            let (question, effect) = change.question();
            let command = cut(&in_one_line(&change.command()), inside, ink.glyphs());
            let question = cut(&in_one_line(&question), inside, ink.glyphs());
            let lines = vec![
                vec![(Tone::Strong, question)],
                vec![(Tone::Plain, effect.to_owned())],
                vec![(Tone::Dim, command)],
                vec![],
                choices(&[("y", "yes"), ("n", "no")]),
            ];
            ("sure?", lines)
        }
        Dialog::Filter(input) => ("filter", filter(input, inside, ink)),
    };
    let text = frame(buffer, area, (title, lines.len(), ink));
    for (y, line) in (text.y..text.bottom()).zip(&lines) {
        ink.line(buffer, Rect { y, ..text }, line);
    }
    let typed = matches!(dialog, Dialog::Filter(_)).then(|| lines.first()).flatten()?;
    let x = text.x + u16::try_from(width(typed)).unwrap_or(u16::MAX);
    Some(Position::new(x.min(text.right()), text.y))
}

/// An empty box in the middle, for so many lines.
fn frame(buffer: &mut Buffer, area: Rect, (title, lines, ink): (&str, usize, Ink<'_>)) -> Rect {
    let width = WIDTH.min(area.width);
    let height = u16::try_from(lines + 2).unwrap_or(u16::MAX).min(area.height);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 3,
        width,
        height,
    };
    Clear.render(place, buffer);
    let set = match ink.glyphs() {
        Glyphs::Unicode => border::ROUNDED,
        Glyphs::Ascii => ASCII,
    };
    let block = Block::bordered()
        .border_set(set)
        .border_style(ink.style(Tone::Dim))
        .title(Line::styled(format!(" {title} "), ink.style(Tone::Strong)));
    let inner = block.inner(place);
    block.render(place, buffer);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

fn help() -> Vec<Parts> {
    let line = |(key, does): (&str, &str)| {
        vec![(Tone::Strong, format!("{key:<13} ")), (Tone::Plain, does.to_owned())]
    };
    KEYS.into_iter().map(line).collect()
}

fn filter(input: &Input, inside: usize, ink: Ink<'_>) -> Vec<Parts> {
    let mut lines =
        vec![vec![(Tone::Strong, "/".to_owned()), (Tone::Plain, end_of(&input.text, inside - 2))]];
    match &input.error {
        Some(error) => {
            let wrapped = wrapped(&in_one_line(error), inside);
            let cut = |line: &String| vec![(Tone::Bad, cut(line, inside, ink.glyphs()))];
            lines.extend(wrapped.iter().take(3).map(cut));
        }
        None => {
            let such = "such as queue:mail,media kind:img.* -worker:web-*";
            lines.push(vec![(Tone::Dim, such.to_owned())]);
        }
    }
    lines.push(Vec::new());
    lines.push(choices(&[("enter", "applies it; empty shows all"), ("esc", "leaves it")]));
    lines
}

/// Keys with what they do.
fn choices(keys: &[(&str, &str)]) -> Parts {
    let choice = |(key, does): &(&str, &str)| {
        [(Tone::Strong, (*key).to_owned()), (Tone::Dim, format!(" {does}   "))]
    };
    keys.iter().flat_map(choice).collect()
}

/// The end of what is typed, which is where that goes on.
fn end_of(text: &str, width: usize) -> String {
    let text = in_line(text);
    let chars: Vec<char> = text.chars().collect();
    let mut from = 0;
    while columns(&chars[from..].iter().collect::<String>()) > width {
        from += 1;
    }
    chars[from..].iter().collect()
}

/// The text as it is typed, without what a terminal would act on.
fn in_line(text: &str) -> String {
    let ends = text.len() - text.trim_end_matches(' ').len();
    let begins = text.len() - text.trim_start_matches(' ').len();
    match text.trim_matches(' ') {
        "" => text.to_owned(),
        inner => format!("{}{}{}", " ".repeat(begins), in_one_line(inner), " ".repeat(ends)),
    }
}
