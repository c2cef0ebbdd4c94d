//! The workers that there are.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass_http::words::time::{count, lasted};

use super::document::{Problem, Queue, Worker};
use super::runs::Runs;
use crate::fault::Fault;
use crate::filter::{encoded, link, term};
use crate::form::Button;
use crate::layout::{Nav, Page};
use crate::parts::{copies, empty, icon, moment, since, text};
use crate::view::View;

/// Queues that are named in a row.
const QUEUES: usize = 4;

#[derive(Debug, Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

/// What the rows are made of.
struct Seen {
    workers: Vec<Worker>,
    queues: Vec<Queue>,
    runs: Runs,
    may_operate: bool,
}

pub(super) async fn list(view: View) -> Result<Response, Fault> {
    let seen = Seen {
        workers: view.ask().get::<Items<Worker>>("/v1/workers").await?.items,
        queues: view.ask().get::<Items<Queue>>("/v1/queues").await?.items,
        runs: Runs::of(&view).await?,
        may_operate: view.who().await?.may_operate(),
    };
    let body = html! {
        div.title { h1 { "Workers" } div.tools { (copies(&view, "windlass worker list", "/v1/workers")) a href="kinds" { "Kinds and builds" } } }
        @if seen.workers.is_empty() { (empty("No worker lives", &html! { p { "Start one beside this server:" } pre { "windlass work" } })) }
        @else { (table(&view, &seen)) }
    };
    Page::new(Nav::Workers, "Workers", body).live("counts=true").show(&view).await
}

fn table(view: &View, seen: &Seen) -> Markup {
    html! {
        table.rows.workers {
            thead { tr { th { "Worker" } th { "State" } th.number { "Busy" } th.number { "Beat" } th.number { "Claimed" } th { "Queues" } th { "Build" } th.number { "Up" } @if seen.may_operate { th { span.hidden { "Actions" } } } } }
            tbody { @for worker in &seen.workers { (row(view, seen, worker)) } }
        }
    }
}

fn row(view: &View, seen: &Seen, worker: &Worker) -> Markup {
    let of_worker = format!("state:running {}", term("worker", &worker.label));
    html! {
        tr id={ "worker-" (worker.id) } {
            td.main {
                a.name href=(link("jobs", &[("filter", &of_worker)])) { (text(&worker.label)) }
                (problem(&worker.problem(&seen.queues, view.now)))
                (seen.runs.show(view, worker))
            }
            td.state { (state(view, worker)) }
            td.number data-name="busy" { (worker.running) span.meta { "/" (worker.slots) } }
            td.number data-name="beat" { (since(worker.seen_at, view.now)) }
            td.number data-name="claimed" { @if let Some(at) = worker.claimed_at { (since(at, view.now)) } @else { span.none title="It has claimed no job." { "–" } } }
            td data-name="queues" { @for queue in worker.queues.iter().take(QUEUES) { (text(queue)) " " } @if worker.queues.len() > QUEUES { span.meta { "+" (worker.queues.len() - QUEUES) } } }
            td data-name="build" { (text(&worker.build)) }
            td.number data-name="up" { (moment(worker.started_at, view.now)) }
            @if seen.may_operate { td.acts { div.tools { (buttons(view, worker)) } } }
        }
    }
}

/// What somebody should look at, in words.
fn problem(problem: &Option<Problem<'_>>) -> Markup {
    html! {
        @match problem {
            Some(Problem::Full(claimed)) => p.amiss { span.badge.warning { (icon("warning")) "full" } " all slots are taken, and it has claimed nothing for " (lasted(*claimed)) }
            Some(Problem::Idle { claimed, queue, jobs }) => p.amiss {
                span.badge.warning { (icon("warning")) "takes nothing" } " it has claimed nothing for " (lasted(*claimed)) ", and "
                a href=(link("jobs", &[("filter", &format!("state:available {}", term("queue", queue)))])) { (count(*jobs, "job")) }
                " " @if *jobs == 1 { "waits" } @else { "wait" } " in " (text(queue))
            }
            None => {}
        }
    }
}

fn state(view: &View, worker: &Worker) -> Markup {
    let below = worker.held_back.as_ref().map(|held| format!("below {}", held.minimum));
    let (colour, picture, word) = match &below {
        _ if worker.is_over(view.now) => ("failed", "cross", "lease over"),
        _ if worker.stopping => ("warning", "pause", "stopping"),
        Some(below) => ("warning", "pause", below.as_str()),
        None if worker.quiet => ("warning", "pause", "quiet"),
        None => ("done", "check", "alive"),
    };
    html! { span class={ "badge " (colour) } { (icon(picture)) (text(word)) } }
}

/// What it may be asked; who stops has heard the last word.
fn buttons(view: &View, worker: &Worker) -> Markup {
    let to = |verb: &str| format!("workers/{}/{verb}", encoded(&worker.id));
    let (verb, name, picture) =
        if worker.quiet { ("resume", "Resume", "play") } else { ("quiet", "Quiet", "pause") };
    let (wish, stop) = (to(verb), to("stop"));
    html! {
        @if !worker.stopping && !worker.is_over(view.now) {
            (Button::to(&wish, (name, picture, "quiet")).about(&worker.label).show(view))
            (Button::to(&stop, ("Stop", "cross", "danger")).about(&worker.label).ask(view, "What runs may end within its grace, the rest is handed back. It cannot be taken back.", &html! {}))
        }
    }
}
