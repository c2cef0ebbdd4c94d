//! One workflow: its graph, where it is stuck, and its steps.

use axum::response::Response;
use maud::{Markup, html};
use windlass::State;
use windlass_http::words::time::{count, span};

use super::document::{Batch, Step, Workflow};
use super::picture::picture;
use super::steps::{Rows, by_name};
use crate::extract::Path;
use crate::fault::Fault;
use crate::filter::{encoded, link};
use crate::form::{Button, Field};
use crate::layout::{Nav, Page};
use crate::parts::{Which, copy, icon, moment, text};
use crate::view::View;

/// Failed steps that are named.
const FAILED: usize = 20;
/// Jobs whose changes one stream tells.
const WATCHED: usize = 100;

pub(super) async fn show(view: View, Path(Which { id }): Path<Which>) -> Result<Response, Fault> {
    let workflow = view.ask().get::<Workflow>(&format!("/v1/workflows/{}", encoded(&id))).await?;
    let may_operate = view.who().await?.may_operate();
    let batch = &workflow.batch;
    let named = by_name(&workflow.steps);
    let undoing = workflow.undo.as_deref().map(by_name).unwrap_or_default();
    let rows = Rows {
        view: &view,
        batch,
        steps: &workflow.steps,
        critical: &workflow.critical_path,
        may_operate,
        named: &named,
    };
    let body = html! {
        div.title {
            div { p.crumb { a href="workflows" { "Workflows" } } h1 { (text(batch.title())) } p.meta { code { (batch.id) } @if let Some(key) = &batch.key { " · key " code { (text(key)) } } } }
            (tools(&view, batch, may_operate))
        }
        p.lead { (batch.badge()) " " (summary(&view, batch)) }
        (stuck(&workflow.steps))
        @if let Some(picture) = picture(&workflow, &workflow.steps) { section { h2 { "Graph" } (picture) } }
        section { h2 { "Steps" } (rows.table()) }
        @if let Some(undo) = &workflow.undo {
            section { h2 { "What undoes it" } (Rows { steps: undo, critical: &[], named: &undoing, ..rows }.table()) }
        }
    };
    let open = workflow.steps.iter().filter(|step| !step.state.is_terminal()).take(WATCHED);
    let open: Vec<_> = open.map(|step| step.job.as_str()).collect();
    let page = Page::new(Nav::Workflows, batch.title().to_owned(), body);
    match open.is_empty() {
        true => page.show(&view).await,
        false => page.live(format!("jobs={}", open.join(","))).show(&view).await,
    }
}

/// What is done with it: going on first, the end of it apart.
pub(super) fn tools(view: &View, batch: &Batch, may_operate: bool) -> Markup {
    let noun = if batch.is_workflow { "workflow" } else { "batch" };
    let to = |act: &str| format!("{}/{act}", batch.href());
    let object = batch.title();
    let cancel = Field::text("reason", "Reason, kept with its jobs").show();
    let retry = format!("Retry {}", count(batch.jobs.dead, "dead job"));
    html! {
        div.tools {
            (copy("Copy as command", &format!("windlass {noun} show {}", batch.id)))
            (copy("Copy as curl", &view.curl(&format!("/v1/{}", batch.href()))))
            @if may_operate {
                @if batch.jobs.dead > 0 { (Button::to(&to("retry"), (&retry, "loop", "primary")).about(object).show(view)) }
                @if batch.state == "open" && !batch.is_workflow { (Button::to(&to("seal"), ("Seal", "check", "")).about(object).show(view)) }
                @if batch.is_live() { (Button::to(&to("cancel"), ("Cancel", "slash", "danger")).about("its jobs").ask(view, "", &cancel)) }
            }
        }
    }
}

pub(super) fn summary(view: &View, batch: &Batch) -> Markup {
    let jobs = &batch.jobs;
    let all = link("jobs", &[("filter", &format!("batch:{}", batch.id))]);
    html! {
        (jobs.all() - jobs.open) " of " a href=(all) { (count(jobs.all(), "job")) } " have ended"
        @if jobs.dead > 0 { ", " (jobs.dead) " of them dead" }
        ". Started " (moment(batch.created_at, view.now))
        @if let Some(end) = batch.ended_at { ", took " (span(end.since(batch.created_at))) }
        "."
        @if let Some(undone) = &batch.undoes { " It undoes " a href={ "workflows/" (encoded(undone)) } { "another workflow" } "." }
    }
}

/// What has failed, and how much waits for it.
fn stuck(steps: &[Step]) -> Markup {
    let failed = steps.iter().filter(|step| matches!(step.state, State::Dead | State::Cancelled));
    let kept_by = |step: &Step| {
        steps.iter().filter(|other| other.blocked_by.contains(&step.step)).count() as u64
    };
    let stuck = failed.map(|step| (step, kept_by(step))).filter(|(_, kept)| *kept > 0);
    let stuck: Vec<_> = stuck.take(FAILED).collect();
    html! {
        @if !stuck.is_empty() {
            section.problems aria-label="What keeps it" {
                @for (step, kept) in stuck {
                    div.problem.problem-problem {
                        (icon("cross"))
                        div {
                            h3 { a href={ "jobs/" (encoded(&step.job)) } { (text(&step.step)) } " is " (step.state.word()) ", and " (count(kept, "step")) @if kept == 1 { " waits" } @else { " wait" } " for it" }
                            @if let Some(reason) = &step.reason { p { (text(reason)) } }
                        }
                    }
                }
            }
        }
    }
}
