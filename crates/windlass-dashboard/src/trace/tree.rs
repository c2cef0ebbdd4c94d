//! A trace as rows: what came of what, how it stands, and when it was.

use maud::{Markup, html};
use windlass::{State, Timestamp};
use windlass_http::words::time::{count, span};

use super::document::{Member, Trace};
use crate::bars::{Axis, Bar};
use crate::parts::{icon, moment, short, text};
use crate::state::{badge, look};
use crate::view::View;

/// Rows below one another are moved in for so many levels, so that a narrow page has room for them.
const DEEPEST: usize = 12;

/// Members as rows; that with the id `here` is marked. Levels are those of the tree also where only some are shown.
pub(crate) fn table<'a>(
    view: &View,
    trace: &Trace,
    rows: impl Iterator<Item = &'a Member>,
    here: &str,
) -> Markup {
    let axis = trace.began().map(|began| Axis::between(began, trace.ends(view.now)));
    html! {
        table.rows.tree {
            thead { tr {
                th { "What" } th { "State" } th.number { "After" } th.number { "Took" }
                th.bars { @if let Some(axis) = axis { (axis.labels()) } }
            } }
            tbody { @for member in rows { (row(view, (trace, axis), member, member.id == here)) } }
        }
    }
}

fn row(
    view: &View,
    (trace, axis): (&Trace, Option<Axis>),
    member: &Member,
    is_here: bool,
) -> Markup {
    let after = trace.began().map(|began| span(member.at.since(began)));
    let level = member.level.min(DEEPEST);
    html! {
        tr id={ "row-" (member.id) } aria-current=[is_here.then_some("true")] {
            td.main {
                div class={ "branch level-" (level) } {
                    @if level > 0 { (icon("corner")) span.hidden { "level " (member.level) } }
                    div {
                        a.name href=(member.href()) { (text(&member.name)) }
                        @if let Some(subject) = &member.subject { span.meta { " " (text(subject)) } }
                        code.id { (short(&member.id)) }
                        @if let Some(place) = member.queue.as_ref().or(member.source.as_ref()) { span.meta { " " @if member.queue.is_some() { "on " } @else { "from " } (text(place)) } }
                        (remarks(member))
                    }
                }
            }
            td.state { @match member.state {
                Some(state) => (badge(state)),
                None => span.badge.plain { (icon("events")) "event" },
            } }
            td.number data-name="after" { time datetime=(member.at) title=(member.at) { "+" (after.unwrap_or_default()) } }
            td.number data-name="took" { @if let Some(took) = took(member, view.now) { (took) } @else { span.none { "–" } } }
            td.bars { @if let Some(axis) = axis { (bar(view, axis, member)) } }
        }
    }
}

fn remarks(member: &Member) -> Markup {
    let reason = member.reason.as_deref().filter(|_| member.state != Some(State::Completed));
    html! {
        @if member.is_torn_off { p.why { "What it comes of is not there any more." } }
        @if let Some(failures) = member.failures.filter(|failures| *failures > 0) {
            p.why { (count(failures.into(), "failure")) @if let Some(reason) = reason { ": " (text(reason)) } }
        } @else if let Some(reason) = reason { p.why title=(reason) { (text(reason)) } }
    }
}

/// How long its last attempt ran, or runs.
fn took(member: &Member, now: Timestamp) -> Option<String> {
    let ends = member.finished_at.or((member.state == Some(State::Running)).then_some(now))?;
    member.started_at.map(|start| span(ends.since(start)))
}

fn bar(view: &View, axis: Axis, member: &Member) -> Markup {
    let Some(state) = member.state else {
        let title = format!("published {}", member.at);
        let (begins, ends) = (Some(member.at), member.at);
        return axis.bar(&Bar { waits: None, begins, ends, colour: "event", title: &title });
    };
    let ends = match state {
        State::Running => view.now,
        _ => member.finished_at.unwrap_or(view.now),
    };
    let has_begun = state == State::Running || member.finished_at.is_some();
    let begins = member.started_at.filter(|_| has_begun);
    let waited = span(begins.unwrap_or(ends).since(member.at));
    let title = match begins {
        Some(start) => format!("waited {waited}, ran {}", span(ends.since(start))),
        None => format!("waited {waited}, {}", state.word()),
    };
    let colour = look(state).1;
    axis.bar(&Bar { waits: Some(member.at), begins, ends, colour, title: &title })
}

/// The jobs of a tree by state, and its events, each a link to these alone.
pub(super) fn counts(trace: &Trace, here: &str, only: &str) -> Markup {
    let tab = |word: &str, name: Markup, members: usize| {
        let href = crate::filter::link(here, &[("only", word)]);
        html! { a href=(href) aria-current=[(only == word).then_some("true")] { (name) span.count { (members) } } }
    };
    let states = State::ALL.into_iter().filter(|state| trace.jobs_in(*state) > 0);
    html! {
        nav.tabs aria-label="Members of the trace" {
            (tab("", html! { "all" }, trace.members.len()))
            @for state in states { (tab(state.word(), badge(state), trace.jobs_in(state))) }
            @if trace.events() > 0 {
                (tab("event", html! { span.badge.plain { (icon("events")) "events" } }, trace.events()))
            }
        }
    }
}

/// When it began, and how long it took or takes.
pub(super) fn summary(view: &View, trace: &Trace) -> Markup {
    html! {
        @if let Some(began) = trace.began() {
            "It began " (moment(began, view.now))
            @if trace.is_under_way() { ", and goes on." } @else { ", and took " (span(trace.ends(view.now).since(began))) "." }
        }
    }
}
