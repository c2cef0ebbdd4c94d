//! One batch: how many of its jobs are where, and which they are.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::document::{Batch, Member, Members};
use super::show::{summary, tools};
use crate::extract::{Path, Query};
use crate::fault::Fault;
use crate::filter::{encoded, link, term};
use crate::layout::{Nav, Page};
use crate::parts::{Which, empty, icon, pager, short, text};
use crate::state::badge;
use crate::view::View;

/// Rows of a page.
const ROWS: &str = "50";

/// Which page of its jobs.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    cursor: String,
}

pub(super) async fn show(
    view: View,
    Path(Which { id }): Path<Which>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Fault> {
    let path = format!("/v1/batches/{}", encoded(&id));
    let batch = view.ask().get::<Batch>(&path).await?;
    let asked = [("limit", ROWS), ("cursor", wanted.cursor.as_str())];
    let members = view.ask().get::<Members>(&link(&format!("{path}/members"), &asked)).await?;
    let may_operate = view.who().await?.may_operate();
    let here = format!("batches/{}", encoded(&id));
    let page =
        |cursor: &Option<String>| cursor.as_ref().map(|cursor| link(&here, &[("cursor", cursor)]));
    let body = html! {
        div.title {
            div { p.crumb { a href="batches" { "Batches" } } h1 { (text(batch.title())) } p.meta { code { (batch.id) } @if let Some(key) = &batch.key { " · key " code { (text(key)) } } } }
            (tools(&view, &batch, may_operate))
        }
        p.lead { (batch.badge()) " " (summary(&view, &batch)) }
        table.rows {
            thead { tr { th { "Ended" } th.number { "Open" } th.number { "Completed" } th.number { "Dead" } th.number { "Cancelled" } } }
            tbody { tr { td.main { (batch.jobs.share()) } (batch.counts()) } }
        }
        section {
            div.title { h2 { "Jobs" } @if batch.is_workflow { a href={ "workflows/" (encoded(&batch.id)) } { "As a workflow" } } }
            @if members.items.is_empty() {
                (empty("It has no jobs yet", &html! { p { "Enqueue one into it:" } pre { "windlass enqueue hello --batch " (batch.id) } }))
            } @else { (table(&members.items)) }
            (pager(page(&members.prev).as_deref(), page(&members.next).as_deref()))
        }
    };
    let title = batch.title().to_owned();
    let page = Page::new(Nav::Workflows, title, body);
    if wanted.cursor.is_empty() {
        page.live("counts=true").show(&view).await
    } else {
        page.show(&view).await
    }
}

fn table(members: &[Member]) -> Markup {
    html! {
        table.rows {
            thead { tr { th { "State" } th { "Job" } th { "Queue" } } }
            tbody { @for one in members {
                tr id={ "row-" (one.job) } {
                    td.state { @if let Some(state) = one.state { (badge(state)) } @else { span.badge.plain { (icon("dot")) "gone" } } }
                    td.main {
                        a.name href={ "jobs/" (encoded(&one.job)) } { (text(one.step.as_deref().or(one.kind.as_deref()).unwrap_or("gone"))) }
                        code.id { (short(&one.job)) }
                    }
                    td.when data-name="queue" { @if let Some(queue) = &one.queue { a href=(link("jobs", &[("filter", &term("queue", queue))])) { (text(queue)) } } }
                }
            } }
        }
    }
}
