//! One error: how often, since when, and what to try.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass_http::words::time::{count, number};

use super::document::ErrorGroup;
use crate::extract::Path;
use crate::fault::Fault;
use crate::filter::{encoded, link};
use crate::layout::{Nav, Page};
use crate::parts::{copies, icon, lines_of, moment, plain, short, text};
use crate::view::View;

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    fingerprint: String,
}

pub(super) async fn show(
    view: View,
    Path(Which { fingerprint }): Path<Which>,
) -> Result<Response, Fault> {
    let path = format!("/v1/errors/{}", encoded(&fingerprint));
    let group = view.ask().get::<ErrorGroup>(&path).await?;
    let jobs = |state: &str| {
        link("jobs", &[("filter", &format!("state:{state} fingerprint:{}", group.fingerprint))])
    };
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title {
            div { p.crumb { a href="errors" { "Errors" } } h1 { (text(group.first_line())) } p.meta { (text(&group.kind)) " · " code { (group.fingerprint) } } }
            div.tools { (copies(&view, &format!("windlass error show {}", group.fingerprint), &path)) }
        }
        p.lead {
            a href=(jobs("dead,retryable")) { (count(group.jobs, "job")) } ", "
            @if group.dead > 0 { a href=(jobs("dead")) { (number(group.dead)) " dead" } } @else { "none dead" }
            ". The first failed " (moment(group.first_at, view.now)) ", the last " (moment(group.last_at, view.now)) "."
        }
        div.columns {
            div {
                section.error { h2 { "Last error" } pre { (lines_of(&group.error)) } }
                section { h2 { "24 hours" } (group.trend()) }
            }
            div {
                section {
                    h2 { "Retry" }
                    p { "Retry one job first. If it completes, retry the others." }
                    @if may_operate { @if let Some(job) = group.samples.first() { (retry_one(job)) } }
                    @if may_operate { p { a href=(link("operations/new", &[("action", "retry"), ("filter", &format!("state:dead fingerprint:{}", group.fingerprint))])) { "Retry all that are dead" } } }
                }
                section {
                    h2 { "Some of them" }
                    ul { @for job in &group.samples { li { a href={ "jobs/" (encoded(job)) } { code { (short(job)) } } } } }
                }
            }
        }
    };
    Page::new(Nav::Errors, plain(group.first_line()), body).live("counts=true").show(&view).await
}

fn retry_one(job: &str) -> Markup {
    html! {
        form method="post" action={ "jobs/" (encoded(job)) "/retry" } {
            input type="hidden" name="back" value={ "/jobs/" (encoded(job)) };
            button.primary { (icon("loop")) span { "Retry " (short(job)) " alone" } }
        }
    }
}
