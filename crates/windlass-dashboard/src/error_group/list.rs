//! Which errors there are.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass_http::words::time::number;

use super::document::{ErrorGroup, Errors};
use crate::extract::Query;
use crate::fault::Fault;
use crate::filter::{link, quoted};
use crate::job::search;
use crate::layout::{Nav, Page};
use crate::parts::{copy, empty, moment, text};
use crate::view::View;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    filter: String,
}

pub(super) async fn list(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let filter = wanted.filter.trim();
    let path = link("/v1/errors", &[("filter", filter)]);
    let found = match view.ask().get::<Errors>(&path).await {
        Err(fault) if !fault.is_of_form() => return Err(fault),
        found => found,
    };
    let command = match filter {
        "" => "windlass error list".to_owned(),
        filter => format!("windlass error list {}", quoted(filter)),
    };
    let body = html! {
        div.title { h1 { "Errors" } div.tools { (copy("Copy as command", &command)) (copy("Copy as curl", &view.curl(&path))) } }
        p.note { "Dead and retryable jobs, grouped by their error. Numbers, ids and texts in quotes are not compared." }
        (search("errors", filter, found.as_ref().err()))
        @if let Ok(found) = &found {
            @if found.groups.is_empty() && !found.complete { (empty("None among the newest", &html! { p { "The search ended at its bound. A narrower filter shows older ones." } })) }
            @else if found.groups.is_empty() { (empty("No errors", &html! { p { "No job that matches is dead or retryable." } })) }
            @else { (table(&view, &found.groups)) }
            @if !found.complete && !found.groups.is_empty() { p.note { "Of the newest " (number(found.jobs)) " jobs that failed. A narrower filter shows older ones." } }
        }
    };
    Page::new(Nav::Errors, "Errors", body).live("counts=true").show(&view).await
}

fn table(view: &View, groups: &[ErrorGroup]) -> Markup {
    html! {
        table.rows.errors {
            thead { tr { th { "Error" } th.number { "Jobs" } th.number { "Dead" } th { "24 hours" } th.when { "First" } th.when { "Last" } } }
            tbody { @for group in groups { (row(view, group)) } }
        }
    }
}

fn row(view: &View, group: &ErrorGroup) -> Markup {
    let jobs = |state: &str| {
        link("jobs", &[("filter", &format!("state:{state} fingerprint:{}", group.fingerprint))])
    };
    html! {
        tr id={ "error-" (group.fingerprint) } {
            td.main {
                a.name href={ "errors/" (group.fingerprint) } { (text(group.first_line())) }
                p.why { (text(&group.kind)) code.id { (group.fingerprint) } }
            }
            td.number data-name="jobs" { a href=(jobs("dead,retryable")) { (number(group.jobs)) } }
            td.number data-name="dead" { @if group.dead == 0 { span.none { "0" } } @else { a href=(jobs("dead")) { (number(group.dead)) } } }
            td { (group.trend()) }
            td.when data-name="first" { (moment(group.first_at, view.now)) }
            td.when data-name="last" { (moment(group.last_at, view.now)) }
        }
    }
}
