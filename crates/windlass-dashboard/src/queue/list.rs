//! The queues that there are.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::State;

use super::Queue;
use crate::fault::Fault;
use crate::filter::{encoded, link, term};
use crate::form::Button;
use crate::layout::{Nav, Page};
use crate::parts::{counted_in, empty, icon, moment, since, text};
use crate::view::View;

/// What jobs wait for that are neither available nor scheduled.
const WAITING: &str =
    "for a condition, for a worker that knows their kind, or for the end of a pause";

#[derive(Debug, Deserialize)]
struct Queues {
    items: Vec<Queue>,
}

pub(super) async fn list(view: View) -> Result<Response, Fault> {
    let queues = view.ask().get::<Queues>("/v1/queues").await?.items;
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title { h1 { "Queues" } div.tools { a href="kinds" { "Kinds and builds" } } }
        @if queues.is_empty() {
            (empty("No queues yet", &html! { p { "A queue is there with its first job:" } pre { "windlass enqueue hello name=World" } }))
        } @else { (rows(&view, &queues, may_operate)) }
    };
    Page::new(Nav::Queues, "Queues", body).live("counts=true").show(&view).await
}

/// The queues without buttons.
pub(crate) fn table(view: &View, queues: &[Queue]) -> Markup {
    rows(view, queues, false)
}

fn rows(view: &View, queues: &[Queue], may_operate: bool) -> Markup {
    html! {
        table.rows.queues {
            thead { tr { th { "State" } th { "Queue" } th.number { "Available" } th.number { "Oldest due" } th.number title=(WAITING) { "Waiting" } th.number { "Running" } th.number { "Retryable" } th.number { "Scheduled" } th.number { "Dead" } th.number { "Workers" } @if may_operate { th { span.hidden { "Actions" } } } } }
            tbody { @for queue in queues { (row(view, queue, may_operate)) } }
        }
    }
}

fn row(view: &View, queue: &Queue, may_operate: bool) -> Markup {
    let number_of = |state: State| {
        let jobs = counted_in(state, &queue.jobs, (queue.exact, &queue.or_more));
        let filter = format!("state:{} {}", state.word(), term("queue", &queue.name));
        html! {
            td.number data-name=(state.word()) {
                @if let Some(jobs) = jobs { a href=(link("jobs", &[("filter", &filter)])) { (jobs) } }
                @else { span.none { "0" } }
            }
        }
    };
    html! {
        tr id={ "queue-" (queue.name) } {
            td.state { (badge(queue)) }
            td.main {
                a.name href=(link("jobs", &[("filter", &term("queue", &queue.name))])) { (text(&queue.name)) }
                @if let Some(at) = queue.paused_at {
                    p.why { "since " (moment(at, view.now)) @if let Some(until) = queue.paused_until { ", until " (moment(until, view.now)) } @if let Some(note) = &queue.note { ": " (text(note)) } }
                }
            }
            (number_of(State::Available))
            td.number data-name="oldest due" { @if let Some(due) = queue.oldest_due_at { (since(due, view.now)) } @else { span.none { "–" } } }
            (number_of(State::Waiting))
            (number_of(State::Running))
            (number_of(State::Retryable))
            (number_of(State::Scheduled))
            (number_of(State::Dead))
            td.number data-name="workers" { @if queue.workers == 0 { span.none { "0" } } @else { (queue.workers) } }
            @if may_operate { td.acts { (button(view, queue)) } }
        }
    }
}

/// Whether its jobs are run, as a badge: jobs that no worker will take are told apart from a queue that is empty.
fn badge(queue: &Queue) -> Markup {
    let has = |state: &State| queue.jobs.get(state).is_some_and(|jobs| *jobs > 0);
    let (colour, picture, word) = match () {
        () if queue.paused_at.is_some() => ("warning", "pause", "paused"),
        () if queue.workers > 0 => ("done", "check", "served"),
        () if [State::Available, State::Waiting].iter().any(has) => {
            ("warning", "warning", "no worker serves it")
        }
        () => ("plain", "dot", "no worker"),
    };
    html! { span class={ "badge " (colour) } { (icon(picture)) (word) } }
}

fn button(view: &View, queue: &Queue) -> Markup {
    let (act, name, picture) = match queue.paused_at {
        Some(_) => ("resume", "Resume", "play"),
        None => ("pause", "Pause", "pause"),
    };
    let to = format!("queues/{}/{act}", encoded(&queue.name));
    Button::to(&to, (name, picture, "quiet")).about(&queue.name).show(view)
}
