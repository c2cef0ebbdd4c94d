//! One event: what it says, who gets it and why the others do not, and what came of it.

use axum::response::Response;
use maud::{Markup, html};
use serde_json::value::RawValue;
use windlass::Timestamp;
use windlass_http::words::time::number;

use super::document::{Decision, Event, Explanation};
use crate::extract::Path;
use crate::fault::Fault;
use crate::filter::{encoded, link, term};
use crate::json::pretty;
use crate::layout::{Nav, Page};
use crate::parts::{Which, copy, icon, moment, short, text};
use crate::state::badge;
use crate::trace::{Trace, table};
use crate::view::View;

/// Members of its trace that stand on its page.
const TRACED: usize = 20;

pub(super) async fn show(view: View, Path(Which { id }): Path<Which>) -> Result<Response, Fault> {
    let path = format!("/v1/events/{}", encoded(&id));
    let event = view.ask().get::<Event>(&path).await?;
    let explained = view.ask().get_if_allowed::<Explanation>(&format!("{path}/explain")).await?;
    let traced = format!("/v1/traces/{}", encoded(&event.id));
    let trace = view.ask().get_if_allowed::<Trace>(&traced).await?;
    let body = html! {
        div.title {
            div { p.crumb { a href="events" { "Events" } } h1 { (text(&event.r#type)) } p.meta { code { (event.id) } } }
            div.tools {
                a.button href={ "traces/" (encoded(&event.id)) } { (icon("workflows")) span { "Show its trace" } }
                (copy("Copy as command", &format!("windlass event show {}", event.id)))
                (copy("Copy as curl", &view.curl(&path)))
            }
        }
        p.lead { (lead(&view, &event)) }
        div.columns {
            div {
                @if let Some(explained) = &explained { (decisions(&explained.subscriptions)) }
            }
            div {
                (data(event.data.as_deref(), event.redacted))
                (facts(&view, &event, trace.as_ref()))
            }
        }
        @if let Some(trace) = trace.as_ref().filter(|trace| trace.members.len() > 1) { (came(&view, trace, &event)) }
    };
    Page::new(Nav::Events, format!("{} {}", event.r#type, short(&event.id)), body).show(&view).await
}

fn lead(view: &View, event: &Event) -> Markup {
    html! {
        @if let Some(position) = event.position { "Position " (number(position)) " of the log" }
        @else { "Published, and not in the log yet" }
        @if let Some(subject) = &event.subject { ", about " a href=(link("events", &[("filter", &term("subject", subject))])) { (text(subject)) } }
        ", happened " (moment(event.time, view.now))
    }
}

fn data(data: Option<&RawValue>, is_redacted: bool) -> Markup {
    html! {
        section {
            h2 { "Data" }
            @match data {
                Some(data) => { (copy("Copy", data.get())) pre.json tabindex="0" { (pretty(data.get())) } }
                None => p.meta { "It has none." },
            }
            @if is_redacted { p.note { "Fields that are marked are not shown." } }
        }
    }
}

/// Those that want it first, in full; the others behind one line.
fn decisions(decisions: &[Decision]) -> Markup {
    let (wanting, others): (Vec<_>, Vec<_>) = decisions.iter().partition(|one| one.wants);
    html! {
        section {
            h2 { "Who gets it" }
            @if decisions.is_empty() {
                p { "There are no subscriptions. One makes a job of each event that it wants:" }
                pre { "windlass subscription add NAME --kind KIND" }
            } @else if wanting.is_empty() { p.meta { "No subscription wants it." } }
            @if !wanting.is_empty() { ul.decisions { @for one in wanting { (decision(one)) } } }
            @if !others.is_empty() {
                details open[others.len() <= 5] {
                    summary { (others.len()) @if others.len() == 1 { " subscription does" } @else { " subscriptions do" } " not want it" }
                    ul.decisions { @for one in others { (decision(one)) } }
                }
            }
        }
    }
}

/// The colour, the sign and the words of an answer.
pub(crate) fn answered(answer: &str) -> (&'static str, &'static str, String) {
    let (colour, picture, words) = match answer {
        "fed" => ("done", "check", "became a job"),
        "gathered" => ("plain", "hourglass", "waits for others"),
        "ended" => ("done", "check", "its job is gone"),
        "told" => ("done", "check", "sent as a signal"),
        "published" => ("done", "check", "published once more"),
        "unwanted" => ("plain", "slash", "not wanted"),
        "before" => ("plain", "slash", "begins behind it"),
        "waiting" => ("plain", "clock", "has not come so far"),
        "paused" => ("warning", "pause", "paused before it"),
        "too_deep" => ("failed", "cross", "too deep in its tree"),
        other => ("plain", "dot", other),
    };
    (colour, picture, words.to_owned())
}

fn decision(one: &Decision) -> Markup {
    let (colour, picture, words) = answered(&one.answer);
    html! {
        li {
            p {
                a.name href={ "subscriptions/" (encoded(&one.name)) } { (text(&one.name)) }
                " " span class={ "badge " (colour) } { (icon(picture)) (words) }
            }
            @if let Some(job) = &one.job {
                p { a href={ "jobs/" (encoded(job)) } { "job " code { (short(job)) } } " " @if let Some(state) = one.state { (badge(state)) }
                    @if let Some(others) = one.others.filter(|others| *others > 0) { span.meta { " with " (number(others)) " others" } } }
            }
            @if let Some(made) = &one.made { p.meta { "as " (text(made)) } }
            @if let Some(position) = one.replaced_by { p.meta { "replaced by " a href={ "events/" (position) } { "position " (number(position)) } } }
            p.meta { (text(&one.why)) @if !one.clause.is_empty() && one.clause != one.why { " · " code { (text(&one.clause)) } } }
        }
    }
}

fn facts(view: &View, event: &Event, trace: Option<&Trace>) -> Markup {
    let at = |at: Timestamp| moment(at, view.now);
    let above = trace.and_then(|trace| trace.member(trace.member(&event.id)?.parent.as_deref()?));
    // Events of Windlass itself are about a job by such a subject.
    let job = event.subject.as_deref().and_then(|subject| subject.strip_prefix("job/"));
    let job = job.filter(|job| job.starts_with("job_"));
    html! {
        section.facts {
            h2 { "Where it came from" }
            dl {
                dt { "Source" } dd { a href=(link("events", &[("filter", &term("source", &event.source))])) { (text(&event.source)) } }
                @if let Some(given) = &event.given_id { dt { "Its id there" } dd { code { (text(given)) } } }
                @if let Some(above) = above { dt { "Caused by" } dd { a href=(above.href()) { (text(&above.name)) } } }
                @if let Some(job) = job { dt { "Job" } dd { a href={ "jobs/" (encoded(job)) } { code { (short(job)) } } } }
                @if let Some(origin) = &event.origin { dt { "Published by" } dd { (text(origin)) } }
                dt { "Happened" } dd { (at(event.time)) }
                @if let Some(recorded) = event.recorded_at { dt { "Recorded" } dd { (at(recorded)) } }
                dt { "Version" } dd { (event.version) }
                @if !event.subjects.is_empty() {
                    dt { "About" } dd { @for subject in &event.subjects { @let subject = subject.text(); a href=(link("jobs", &[("filter", &term("subject", &subject))])) { (text(&subject)) } " " } }
                }
                @for (name, value) in &event.extensions { dt { (text(name)) } dd { (text(&plain(value))) } }
                @if let Some(trace) = &event.traceparent { dt { "Trace" } dd { code.long { (text(trace)) } } }
            }
        }
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn came(view: &View, trace: &Trace, event: &Event) -> Markup {
    let href = format!("traces/{}", encoded(&event.id));
    html! {
        section {
            div.title {
                h2 { "What came of it" }
                a href=(href) { @if trace.members.len() > TRACED { "All " (trace.members.len()) } @else { "As a page" } }
            }
            (table(view, trace, trace.members.iter().take(TRACED), &event.id))
        }
    }
}
