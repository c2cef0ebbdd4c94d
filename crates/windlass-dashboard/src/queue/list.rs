//! The queues that there are.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::State;

use super::Queue;
use crate::fault::Fault;
use crate::filter::{encoded, link, term};
use crate::form::Refused;
use crate::layout::{Nav, Page};
use crate::parts::{copies, counted_in, empty, icon, since, text};
use crate::pause::{self, Pausable, Paused, Says};
use crate::view::View;

/// What jobs wait for that are neither available nor scheduled.
const WAITING: &str =
    "for a condition, for a worker that knows their kind, or for the end of a pause";

#[derive(Debug, Deserialize)]
struct Queues {
    items: Vec<Queue>,
}

pub(super) async fn list(view: View) -> Result<Response, Fault> {
    show(&view, None).await
}

/// The page, with a form on it that was refused.
pub(super) async fn show(view: &View, refused: Option<&Refused>) -> Result<Response, Fault> {
    let queues = view.ask().get::<Queues>("/v1/queues").await?.items;
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title { h1 { "Queues" } div.tools { (copies(view, "windlass queue list", "/v1/queues")) a href="kinds" { "Kinds and builds" } } }
        @if queues.is_empty() {
            (empty("No queues yet", &html! { p { "The first job of a queue makes it:" } pre { "windlass enqueue hello name=World" } }))
        } @else { (rows(view, &queues, may_operate.then_some(refused))) }
    };
    let fault = refused.map(|refused| &refused.fault);
    Page::new(Nav::Queues, "Queues", body).live("counts=true").show_refused(view, fault).await
}

/// The queues without buttons.
pub(crate) fn table(view: &View, queues: &[Queue]) -> Markup {
    rows(view, queues, None)
}

/// With buttons for who may press them, and a form that was refused.
type Buttons<'a> = Option<Option<&'a Refused>>;

fn rows(view: &View, queues: &[Queue], buttons: Buttons<'_>) -> Markup {
    html! {
        table.rows.queues {
            thead { tr { th { "State" } th { "Queue" } th.number { "Available" } th.number { "Oldest due" } th.number title=(WAITING) { "Waiting" } th.number { "Running" } th.number { "Retryable" } th.number { "Scheduled" } th.number { "Dead" } th.number { "Workers" } @if buttons.is_some() { th { span.hidden { "Actions" } } } } }
            tbody { @for queue in queues { (row(view, queue, buttons)) } }
        }
    }
}

fn row(view: &View, queue: &Queue, buttons: Buttons<'_>) -> Markup {
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
                @if let Some(paused) = queue.pause() { (paused.why(view)) }
            }
            (number_of(State::Available))
            td.number data-name="oldest due" { @if let Some(due) = queue.oldest_due_at { (since(due, view.now)) } @else { span.none { "–" } } }
            (number_of(State::Waiting))
            (number_of(State::Running))
            (number_of(State::Retryable))
            (number_of(State::Scheduled))
            (number_of(State::Dead))
            td.number data-name="workers" { @if queue.workers == 0 { span.none { "0" } } @else { (queue.workers) } }
            @if let Some(refused) = buttons { td.acts { (switch(view, queue, refused)) } }
        }
    }
}

/// Whether its jobs are run, as a badge: jobs that no worker will take are told apart from a queue that is empty.
fn badge(queue: &Queue) -> Markup {
    let has = |state: &State| queue.jobs.get(state).is_some_and(|jobs| *jobs > 0);
    let (colour, picture, word) = match () {
        () if queue.paused_at.is_some() => return pause::badge(),
        () if queue.workers > 0 => ("done", "check", "served"),
        () if [State::Available, State::Waiting].iter().any(has) => {
            ("warning", "warning", "no worker")
        }
        () => ("plain", "dot", "no worker"),
    };
    html! { span class={ "badge " (colour) } { (icon(picture)) (word) } }
}

fn switch(view: &View, queue: &Queue, refused: Option<&Refused>) -> Markup {
    let path = format!("queues/{}", encoded(&queue.name));
    let (is_paused, says) = (queue.paused_at.is_some(), Says::NoteAndTime);
    let means = "No job of the queue starts. Jobs that run go on.";
    Pausable { path: &path, name: &queue.name, is_paused, means, says }.in_row(view, refused)
}

impl Queue {
    fn pause(&self) -> Option<Paused<'_>> {
        let (until, note) = (self.paused_until, self.note.as_deref());
        self.paused_at.map(|at| Paused { at, until, note })
    }
}
