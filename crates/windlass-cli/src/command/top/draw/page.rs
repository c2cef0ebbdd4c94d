//! Pages above the first one: jobs that match, and one job explained.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use windlass::Timestamp;

use super::ink::{Ink, Parts, foreign};
use super::list::List;
use super::split;
use crate::command::job::list;
use crate::command::top::model::{Fit, JobPage, JobsPage};
use crate::output::color::Tone;
use crate::output::escape::in_lines;
use crate::output::terminal::columns;

/// Draws a list of jobs.
pub(super) fn jobs(
    buffer: &mut Buffer,
    area: Rect,
    (page, now): (&JobsPage, Timestamp),
    ink: Ink<'_>,
) -> Fit {
    let (title, rest) = split(area, 2);
    let found = page.jobs.as_deref().unwrap_or_default();
    let or_more = if page.or_more { " or more" } else { "" };
    let number = page.jobs.as_ref().map(|jobs| format!("  {}{or_more}", jobs.len()));
    let parts = [
        (Tone::Strong, "  jobs ".to_owned()),
        foreign(Tone::Attention, &page.filter().to_string()),
        (Tone::Dim, number.unwrap_or_default()),
    ];
    ink.line(buffer, title, &parts);
    let list = List {
        table: list::table(&ink.out.drawn(now), found),
        marks: vec![None; found.len()],
        selected: Some(page.cursor().at()),
        empty: match page.jobs {
            None => (Tone::Dim, "asking the store".to_owned()),
            Some(_) if page.or_more => {
                (Tone::Dim, "none of the jobs that were looked at; narrow it with /".to_owned())
            }
            Some(_) => (Tone::Dim, "no job matches".to_owned()),
        },
        note: String::new(),
    };
    Fit { rows: list.paint(buffer, rest, ink), scrolled: 0 }
}

/// Draws a job, explained.
pub(super) fn job(buffer: &mut Buffer, area: Rect, (page, ink): (&JobPage, Ink<'_>)) -> Fit {
    let area = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    let text = match &page.explained {
        None => "asking the store".to_owned(),
        Some(None) => format!("{} is gone: it was removed after its time of keeping", page.id),
        Some(Some(explained)) => explained.text.clone(),
    };
    let lines: Vec<Parts> = in_lines(&text)
        .iter()
        .flat_map(|line| wrapped(line, usize::from(area.width)))
        .map(|line| toned(line, ink))
        .collect();
    let rows = usize::from(area.height);
    let scrolled = lines.len().saturating_sub(rows);
    let shown = lines.iter().skip(page.scrolled().min(scrolled)).take(rows);
    for (y, line) in (area.y..).zip(shown) {
        ink.line(buffer, Rect { y, ..area }, line);
    }
    Fit { rows, scrolled }
}

/// A line in as many as it takes, those after the first indented as its text is.
pub(super) fn wrapped(line: &str, width: usize) -> Vec<String> {
    if columns(line) <= width {
        return vec![line.to_owned()];
    }
    let indent = line.len() - line.trim_start().len() + 2;
    let mut lines = vec![" ".repeat(indent - 2)];
    for word in line.split_whitespace() {
        let last = lines
            .last_mut()
            .filter(|last| last.trim().is_empty() || columns(last) + 1 + columns(word) <= width);
        match last {
            Some(last) if last.trim().is_empty() => last.push_str(word),
            Some(last) => {
                last.push(' ');
                last.push_str(word);
            }
            None => lines.push(format!("{}{word}", " ".repeat(indent))),
        }
    }
    lines
}

/// A line of an explanation: its mark has a tone, and so has the word before a colon.
fn toned(line: String, ink: Ink<'_>) -> Parts {
    let glyphs = ink.glyphs();
    let text = line.trim_start();
    let indent = line[..line.len() - text.len()].to_owned();
    let marks = [
        (glyphs.good(), Tone::Good),
        (glyphs.bad(), Tone::Bad),
        (glyphs.dot(), Tone::Dim),
        ("next:", Tone::Strong),
        ("note:", Tone::Dim),
        ("try:", Tone::Strong),
        ("job_", Tone::Strong),
    ];
    let found = marks.into_iter().find(|(mark, _)| text.starts_with(mark));
    let Some((_, tone)) = found else { return vec![(Tone::Plain, line)] };
    let (mark, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
    vec![(Tone::Plain, indent), (tone, mark.to_owned()), (Tone::Plain, rest.to_owned())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_goes_on_below_its_text() {
        assert_eq!(wrapped("  x one two three", 12), ["  x one two", "    three"]);
        assert_eq!(wrapped("short", 12), ["short"]);
        assert_eq!(wrapped("", 12), [""]);
        assert_eq!(wrapped("job_01KAHT5V3X is long", 5), ["job_01KAHT5V3X", "  is", "  long"]);
    }
}
