//! The workers that there are.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::Timestamp;

use crate::fault::Fault;
use crate::filter::{link, term};
use crate::layout::{Nav, Page};
use crate::parts::{empty, icon, moment, since, text};
use crate::view::View;

#[derive(Debug, Deserialize)]
struct Workers {
    items: Vec<Worker>,
}

/// What pages show of `worker.v1`.
#[derive(Debug, Deserialize)]
struct Worker {
    id: String,
    label: String,
    build: String,
    started_at: Timestamp,
    seen_at: Timestamp,
    expires_at: Timestamp,
    queues: Vec<String>,
    slots: u64,
    running: u64,
    quiet: bool,
    stopping: bool,
}

pub(super) async fn list(view: View) -> Result<Response, Fault> {
    let workers = view.ask().get::<Workers>("/v1/workers").await?.items;
    let body = html! {
        div.title { h1 { "Workers" } }
        @if workers.is_empty() { (empty("No worker lives", &html! { p { "Start one beside this server:" } pre { "windlass work" } })) }
        @else { (table(&view, &workers)) }
    };
    Page::new(Nav::Workers, "Workers", body).live("counts=true").show(&view).await
}

fn table(view: &View, workers: &[Worker]) -> Markup {
    html! {
        table.rows.workers {
            thead { tr { th { "Worker" } th { "State" } th.number { "Busy" } th.number { "Beat" } th { "Queues" } th { "Build" } th.number { "Up" } } }
            tbody { @for worker in workers {
                tr id={ "worker-" (worker.id) } {
                    td.main { a.name href=(link("jobs", &[("filter", &format!("state:running {}", term("worker", &worker.label)))])) { (text(&worker.label)) } }
                    td.state { (state(view, worker)) }
                    td.number data-name="busy" { (worker.running) span.meta { "/" (worker.slots) } }
                    td.number data-name="beat" { (since(worker.seen_at, view.now)) }
                    td data-name="queues" { @for queue in worker.queues.iter().take(4) { (text(queue)) " " } @if worker.queues.len() > 4 { span.meta { "+" (worker.queues.len() - 4) } } }
                    td data-name="build" { (text(&worker.build)) }
                    td.number data-name="up" { (moment(worker.started_at, view.now)) }
                }
            } }
        }
    }
}

fn state(view: &View, worker: &Worker) -> Markup {
    let (colour, picture, word) = match () {
        () if worker.expires_at < view.now => ("failed", "cross", "lease over"),
        () if worker.stopping => ("warning", "pause", "stopping"),
        () if worker.quiet => ("warning", "pause", "quiet"),
        () => ("done", "check", "alive"),
    };
    html! { span class={ "badge " (colour) } { (icon(picture)) (word) } }
}
