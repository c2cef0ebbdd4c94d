//! Which events there are.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass_http::words::time::number;

use super::document::{Event, Events, Summary};
use crate::completion::options;
use crate::extract::Query;
use crate::fault::Fault;
use crate::filter::{encoded, link, quoted, term};
use crate::layout::{Nav, Page};
use crate::parts::{copy, cut, empty, icon, moment, pager_of, short, text};
use crate::view::View;

/// Rows of a page.
const ROWS: &str = "50";
/// Of an event's data so much stands in its row.
const DATA_CHARS: usize = 160;

/// What is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    filter: String,
    /// Those behind this position, the oldest first.
    #[serde(default)]
    after: String,
    #[serde(default)]
    cursor: String,
}

pub(super) async fn list(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let filter = wanted.filter.trim();
    let after = wanted.after.trim();
    let asked = [("filter", filter), ("after", after), ("limit", ROWS), ("cursor", &wanted.cursor)];
    let path = link("/v1/events", &asked);
    let found = match view.ask().get::<Events>(&path).await {
        Ok(found) => Ok(found),
        // A filter that cannot be read stays in its box, with what is wrong with it.
        Err(fault) if fault.code() == "invalid-request" => Err(fault),
        Err(fault) => return Err(fault),
    };
    let page = |cursor: Option<&str>| page((filter, after), cursor);
    let ends = found.as_ref().map(|found| (found.prev.as_deref(), found.next.as_deref()));
    let (prev, next) = ends.unwrap_or_default();
    let (back, on) = if after.is_empty() { ("Newer", "Older") } else { ("Older", "Newer") };
    let body = html! {
        div.title {
            h1 { "Events" }
            div.tools {
                a.button href="event-types" { span { "Types of events" } }
                (copy("Copy as command", &command(filter, after)))
                (copy("Copy as curl", &view.curl(&path)))
            }
        }
        (search(filter, found.as_ref().err()))
        @if !after.is_empty() { p.note { "Events after position " (text(after)) ", the oldest first. " a href=(link("events", &[("filter", filter)])) { "The newest" } } }
        @if let Ok(found) = &found {
            @if found.items.is_empty() { (nothing(filter, found)) } @else { (table(&view, &found.items)) }
            @if !found.complete && !found.items.is_empty() {
                p.note { "The search ended at its bound: older events are on the next pages." }
            }
            (pager_of((page(prev).as_deref(), back), (page(next).as_deref(), on)))
        }
    };
    let page = Page::new(Nav::Events, "Events", body);
    let is_first = wanted.cursor.is_empty() && after.is_empty() && found.is_ok();
    if is_first { page.live("types=*").show(&view).await } else { page.show(&view).await }
}

fn page((filter, after): (&str, &str), cursor: Option<&str>) -> Option<String> {
    let of = |cursor| link("events", &[("filter", filter), ("after", after), ("cursor", cursor)]);
    cursor.map(of)
}

fn command(filter: &str, after: &str) -> String {
    let mut command = "windlass event list".to_owned();
    if !filter.is_empty() {
        command.push_str(&format!(" {}", quoted(filter)));
    }
    if !after.is_empty() {
        command.push_str(&format!(" --after {}", quoted(after)));
    }
    command
}

fn search(filter: &str, fault: Option<&Fault>) -> Markup {
    html! {
        form.search role="search" method="get" action="events" {
            label.hidden for="filter" { "Filter" }
            (icon("search"))
            input #filter name="filter" type="search" value=(filter) maxlength="4096" autocomplete="off" spellcheck="false" data-complete="events"
                placeholder="type:order.* subject:order/7 source:/shop data.total:1000 since:24h"
                aria-invalid=[fault.map(|_| "true")] aria-describedby=[fault.map(|_| "filter-fault")];
            button { "Search" }
            (options())
            a.help href="docs/filters" { "How filters are written" }
        }
        @if let Some(fault) = fault { p.fault #filter-fault role="alert" { (icon("cross")) (fault.detail()) } }
    }
}

fn nothing(filter: &str, found: &Events) -> Markup {
    if !found.complete {
        let more = html! { p { "The search went through as many as one page may. Older events are on the next page." } };
        return empty("None among the newest events", &more);
    }
    if filter.is_empty() {
        let more = html! {
            p { "Publish the first one:" }
            pre { "windlass publish order.paid order=42 --subject order/42" }
        };
        return empty("There are no events yet", &more);
    }
    let more = html! { p { "No event matches " code { (text(filter)) } ". " a href="events" { "Show all events" } } };
    empty("No such events", &more)
}

fn table(view: &View, events: &[Event]) -> Markup {
    html! {
        table.rows.events {
            thead { tr { th.number { "Position" } th { "Type" } th { "Subject" } th { "Source" } th { "When" } } }
            tbody { @for event in events { (row(view, event)) } }
        }
    }
}

fn row(view: &View, event: &Event) -> Markup {
    let all_of = |field: &str, value: &str| link("events", &[("filter", &term(field, value))]);
    html! {
        tr id={ "row-" (event.id) } {
            td.number data-name="position" { @if let Some(position) = event.position { (number(position)) } @else { span.none { "–" } } }
            td.main {
                a.name href={ "events/" (encoded(&event.id)) } { (text(&event.r#type)) }
                code.id { (short(&event.id)) }
                @if let Some(data) = &event.data { p.why { code { (text(&cut(data.get(), DATA_CHARS))) } } }
            }
            td.about { @if let Some(subject) = &event.subject { a href=(all_of("subject", subject)) { (text(subject)) } } }
            td.about { a href=(all_of("source", &event.source)) { (text(&event.source)) } }
            td.when { (moment(event.moment(), view.now)) }
        }
    }
}

/// A few events of which only the summary is known, the newest first.
pub(crate) fn samples(view: &View, events: &[Summary]) -> Markup {
    html! {
        table.rows {
            thead { tr { th.number { "Position" } th { "Type" } th { "Subject" } th { "Source" } th { "When" } } }
            tbody { @for event in events.iter().rev() {
                tr {
                    td.number data-name="position" { @if let Some(position) = event.position { (number(position)) } @else { span.none { "–" } } }
                    td.main { a.name href={ "events/" (encoded(&event.id)) } { (text(&event.r#type)) } code.id { (short(&event.id)) } }
                    td.about { @if let Some(subject) = &event.subject { (text(subject)) } }
                    td.about { (text(&event.source)) }
                    td.when { (moment(event.time, view.now)) }
                }
            } }
        }
    }
}
