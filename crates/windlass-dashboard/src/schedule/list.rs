//! The schedules that there are.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass_http::words::time::number;

use super::document::Schedule;
use crate::fault::Fault;
use crate::filter::{encoded, link, term};
use crate::layout::{Nav, Page};
use crate::parts::{copy, empty, icon, moment, text};
use crate::view::View;

#[derive(Debug, Deserialize)]
struct Schedules {
    items: Vec<Schedule>,
}

pub(super) async fn list(view: View) -> Result<Response, Fault> {
    let schedules = view.ask().get::<Schedules>("/v1/schedules").await?.items;
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title {
            h1 { "Schedules" }
            div.tools {
                (copy("Copy as command", "windlass schedule list"))
                (copy("Copy as curl", &view.curl("/v1/schedules")))
            }
        }
        @if schedules.is_empty() {
            (empty("There are no schedules yet", &html! { p { "Make the first one:" } pre { "windlass schedule add nightly-report '30 2 * * *' report.nightly --zone Europe/Berlin" } }))
        } @else { (table(&view, &schedules, may_operate)) }
    };
    Page::new(Nav::Schedules, "Schedules", body).live("counts=true").show(&view).await
}

fn table(view: &View, schedules: &[Schedule], may_operate: bool) -> Markup {
    html! {
        table.rows.schedules {
            thead { tr {
                th { "State" } th { "Schedule" } th { "Rule" } th { "Enqueues" } th { "Next" } th { "Last" }
                th.number { "Missed" } th.number { "Skipped" }
                @if may_operate { th { span.hidden { "Actions" } } }
            } }
            tbody { @for one in schedules { (row(view, one, may_operate)) } }
        }
    }
}

fn row(view: &View, one: &Schedule, may_operate: bool) -> Markup {
    let (definition, page) = (&one.definition, format!("schedules/{}", encoded(&one.name)));
    let count = |number_of: u64| html! { @if number_of == 0 { span.none { "0" } } @else { (number(number_of)) } };
    html! {
        tr id={ "schedule-" (one.name) } {
            td.state { (one.badge()) }
            td.main {
                a.name href=(page) { (text(&one.name)) } (one.warnings())
                @if let Some(error) = &one.error { p.why title=(error) { (text(error)) } }
                @if let Some(paused) = one.pause() { (paused.why(view)) }
            }
            td data-name="rule" { code { (text(&definition.rule)) } " " span.meta { (text(&definition.zone)) } }
            td data-name="enqueues" { a href=(link("jobs", &[("filter", &term("kind", &definition.kind))])) { (text(&definition.kind)) } " " span.meta { "on " (text(&definition.queue)) } }
            td.next data-name="next" { @if let Some(at) = one.next_at { (moment(at, view.now)) } @else { span.none { "–" } } }
            td data-name="last" { (last(view, one)) }
            td.number data-name="missed" { (count(one.missed_due_times)) }
            td.number data-name="skipped" { (count(one.skipped)) }
            @if may_operate { td.acts { @if !one.is_removed() { (one.switch(&page).in_row(view, None)) } } }
        }
    }
}

/// When it had its last turn, and the job of that.
fn last(view: &View, one: &Schedule) -> Markup {
    let sign = match one.last_job_has_ended {
        Some(true) => ("plain", "check", "ended"),
        Some(false) => ("running", "ring", "has not ended"),
        None => {
            return html! { @if let Some(at) = one.last_due_at { (moment(at, view.now)) } @else { span.none { "never" } } };
        }
    };
    html! {
        @if let Some(job) = &one.last_job { a href={ "jobs/" (encoded(job)) } { span class={ "badge " (sign.0) } { (icon(sign.1)) (sign.2) } } }
        @if let Some(at) = one.last_due_at { " " span.meta { (moment(at, view.now)) } }
    }
}
