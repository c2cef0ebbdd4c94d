//! What many pages are made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use maud::{Markup, PreEscaped, html};
use serde::Deserialize;
use windlass::{State, Timestamp};
use windlass_http::words::escape::is_hidden;
use windlass_http::words::time::{lasted, number, relative};

use crate::assets;
use crate::view::View;

/// The object of a path, by its id.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    pub(crate) id: String,
}

/// The object of a path, by its name.
#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

/// The end of an id, which tells it from others written in the same moment.
pub(crate) fn short(id: &str) -> &str {
    let start = id.char_indices().rev().nth(7).map_or(0, |(at, _)| at);
    id.get(start..).unwrap_or(id)
}

/// The beginning of a text, which may be very long.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A number of jobs that were counted, or an estimate.
pub(crate) fn counted(jobs: u64, is_exact: bool) -> String {
    let mark = if is_exact { "" } else { "~" };
    format!("{mark}{}", number(jobs))
}

/// How many jobs are in a state, of numbers some of which may be larger than what was counted; `None` where there are none. Who
/// counts up to a bound has counted the other states to the last.
pub(crate) fn counted_in(
    state: State,
    jobs: &BTreeMap<State, u64>,
    (is_exact, or_more): (bool, &BTreeSet<State>),
) -> Option<String> {
    let jobs = jobs.get(&state).copied().unwrap_or(0);
    match (jobs, or_more.contains(&state)) {
        (_, true) => Some(format!("{}+", number(jobs))),
        (0, false) => None,
        (_, false) => Some(counted(jobs, is_exact || !or_more.is_empty())),
    }
}

/// A picture of the sprite. It says nothing that does not stand beside it in words.
pub(crate) fn icon(name: &str) -> Markup {
    html! {
        svg.icon aria-hidden="true" width="16" height="16" {
            (PreEscaped(format!("<use href=\"{}#{name}\"/>", assets::path("icons"))))
        }
    }
}

/// A moment as seen from now; in full where it is pointed at or reached by keys.
pub(crate) fn moment(moment: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(moment) title=(moment) tabindex="-1" { (relative(moment, now)) } }
}

/// How long something lasts until now.
pub(crate) fn since(moment: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(moment) title=(moment) { (lasted(now.since(moment))) } }
}

/// How long something can still be done.
pub(crate) fn left(until: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(until) title=(until) { (lasted(until.since(now))) " left" } }
}

/// A text of somebody else's in one line, which no mark of direction can turn around.
pub(crate) fn text(text: &str) -> Markup {
    html! { bdi { (windlass_http::words::escape::in_one_line(text)) } }
}

/// A text of somebody else's with its lines.
pub(crate) fn lines_of(text: &str) -> Markup {
    html! { bdi { (windlass_http::words::escape::in_lines(text).join("\n")) } }
}

/// The same where there is room for a text alone, such as in an attribute.
pub(crate) fn plain(text: &str) -> String {
    windlass_http::words::escape::in_one_line(text)
}

/// A list without anything, and what to do about that.
pub(crate) fn empty(title: &str, more: &Markup) -> Markup {
    html! { div.empty { h2 { (title) } (more) } }
}

/// A button that copies a text. What a reader would not see in it is copied as JSON escapes it: a text of somebody else's is JSON, or
/// part of a command as [`word`](crate::filter::word) writes it.
pub(crate) fn copy(what: &str, text: &str) -> Markup {
    html! { button.quiet.copy type="button" data-copy=(seen(text)) hidden { (icon("copy")) span { (what) } } }
}

/// A JSON text, or one without anything hidden, as a reader sees all of it.
pub(crate) fn seen(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) && !matches!(c, '\n' | '\t') {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string does not fail.
                let _ = write!(seen, "\\u{unit:04x}");
            }
        } else {
            seen.push(c);
        }
    }
    seen
}

/// What shows the same elsewhere: a command, and a request of the API.
pub(crate) fn copies(view: &View, command: &str, path: &str) -> Markup {
    html! { (copy("Copy as command", command)) (copy("Copy as curl", &view.curl(path))) }
}

/// Where the pages of a list go on.
pub(crate) fn pager(prev: Option<&str>, next: Option<&str>) -> Markup {
    pager_of((prev, "Newer"), (next, "Older"))
}

/// The same with what is on the pages before and behind.
pub(crate) fn pager_of(
    (prev, back): (Option<&str>, &str),
    (next, on): (Option<&str>, &str),
) -> Markup {
    html! {
        @if prev.is_some() || next.is_some() {
            nav.pager aria-label="Pages of the list" {
                @if let Some(href) = prev { a rel="prev" href=(href) { (icon("left")) (back) } }
                @if let Some(href) = next { a rel="next" href=(href) { (on) (icon("right")) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_is_what_is_seen() {
        let json = "{\"a\":\"pay\u{202e}roll\u{e0041}\",\n\t\"b\":\"größe 🚂\"}";
        let copied = seen(json);
        assert!(!copied.contains(|c| is_hidden(c) && !matches!(c, '\n' | '\t')), "{copied}");
        let of = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(of(&copied), of(json), "and means the same");
    }

    #[test]
    fn a_number_says_how_far_it_was_counted() {
        let jobs = BTreeMap::from([(State::Available, 10_000), (State::Dead, 28)]);
        let told = |state, known| counted_in(state, &jobs, known);
        let (all, capped) = (BTreeSet::new(), BTreeSet::from([State::Available, State::Scheduled]));
        assert_eq!(told(State::Dead, (true, &all)).as_deref(), Some("28"));
        assert_eq!(told(State::Dead, (false, &all)).as_deref(), Some("~28"));
        assert_eq!(told(State::Dead, (false, &capped)).as_deref(), Some("28"));
        assert_eq!(told(State::Available, (false, &capped)).as_deref(), Some("10 000+"));
        assert_eq!(told(State::Scheduled, (false, &capped)).as_deref(), Some("0+"));
        assert_eq!(told(State::Cancelled, (false, &capped)), None);
    }
}
