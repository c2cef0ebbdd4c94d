//! The types of the last events, and who takes them.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::Timestamp;
use windlass_http::words::time::number;

use crate::fault::Fault;
use crate::filter::{encoded, link, term};
use crate::layout::{Nav, Page};
use crate::parts::{copy, empty, icon, moment, text};
use crate::view::View;

/// What the page shows of `event_types.v1`.
#[derive(Debug, Deserialize)]
struct Types {
    after: u64,
    to: u64,
    types: Vec<Type>,
}

#[derive(Debug, Deserialize)]
struct Type {
    r#type: String,
    events: u64,
    last_position: u64,
    last_at: Option<Timestamp>,
    taken_by: Vec<String>,
}

/// Subscriptions that are named in a row.
const NAMED: usize = 4;

pub(super) async fn list(view: View) -> Result<Response, Fault> {
    let seen = view.ask().get::<Types>("/v1/event-types").await?;
    let body = html! {
        div.title {
            div { p.crumb { a href="events" { "Events" } } h1 { "Types of events" } }
            div.tools {
                (copy("Copy as command", "windlass event types"))
                (copy("Copy as curl", &view.curl("/v1/event-types")))
            }
        }
        @if seen.types.is_empty() {
            (empty("No events yet", &html! { p { "The first event of a type makes it:" } pre { "windlass publish order.paid order=42" } }))
        } @else {
            p.note { "Of the last " (number(seen.to - seen.after.min(seen.to))) " positions of the log, up to " (number(seen.to)) "." }
            (table(&view, &seen.types))
        }
    };
    Page::new(Nav::Events, "Types of events", body).show(&view).await
}

fn table(view: &View, types: &[Type]) -> Markup {
    html! {
        table.rows {
            thead { tr { th { "Type" } th.number { "Events" } th.number { "Last position" } th { "Subscriptions" } th { "Last" } } }
            tbody { @for one in types { (row(view, one)) } }
        }
    }
}

fn row(view: &View, one: &Type) -> Markup {
    let events = link("events", &[("filter", &term("type", &one.r#type))]);
    html! {
        tr {
            td.main { a.name href=(events) { (text(&one.r#type)) } }
            td.number data-name="events" { a href=(events) { (number(one.events)) } }
            td.number data-name="last position" { a href={ "events/" (one.last_position) } { (number(one.last_position)) } }
            td data-name="subscriptions" {
                @if one.taken_by.is_empty() { span.badge.warning { (icon("warning")) "no subscription" } }
                @for name in one.taken_by.iter().take(NAMED) { a.tag href={ "subscriptions/" (encoded(name)) } { (text(name)) } " " }
                @if one.taken_by.len() > NAMED { span.meta { "+" (one.taken_by.len() - NAMED) } }
            }
            td.when { @if let Some(at) = one.last_at { (moment(at, view.now)) } }
        }
    }
}
