//! How it is: what is not as it should be first, then what there is to do.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::{State, Timestamp};
use windlass_http::words::time::{count, lasted, number};

use crate::ask::Pages;
use crate::extract::Query;
use crate::fault::Fault;
use crate::filter::link;
use crate::layout::{Nav, Page};
use crate::parts::{counted_in, empty};
use crate::problem::{Doctor, problems};
use crate::queue::{Queue, table};
use crate::stats::{charts, known_time};
use crate::view::View;

/// What pages show of `status.v1`.
#[derive(Debug, Deserialize)]
pub(crate) struct Status {
    at: Timestamp,
    exact: bool,
    or_more: BTreeSet<State>,
    jobs: BTreeMap<State, u64>,
    oldest_due_at: Option<Timestamp>,
    workers: Workers,
    queues: Vec<Queue>,
}

#[derive(Debug, Deserialize)]
struct Workers {
    alive: u64,
    slots: u64,
    running: u64,
}

impl Status {
    /// How many jobs are in a state, where there are any.
    pub(crate) fn jobs_in(&self, state: State) -> Option<String> {
        counted_in(state, &self.jobs, (self.exact, &self.or_more))
    }
}

pub(crate) fn routes() -> Router<Pages> {
    Router::new().route("/", get(show))
}

/// The time that charts are of.
#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(default)]
    since: String,
}

async fn show(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let Some(status) = view.ask().get_if_allowed::<Status>("/v1/status").await? else {
        return limited(&view).await;
    };
    let (doctor, charts) = tokio::try_join!(
        view.ask().get_if_allowed::<Doctor>("/v1/problems"),
        charts(&view, known_time(&wanted.since))
    )?;
    let body = html! {
        div.title { h1 { "Overview" } }
        @if let Some(doctor) = &doctor { (problems(doctor)) }
        (tiles(&status))
        (charts)
        section {
            div.title { h2 { "Queues" } a href="queues" { "All queues" } }
            @if status.queues.is_empty() { (first()) } @else { (table(&view, &status.queues)) }
        }
    };
    Page::new(Nav::Overview, "Overview", body).live("counts=true").show(&view).await
}

/// Who is limited to some jobs sees these; numbers are about all.
async fn limited(view: &View) -> Result<Response, Fault> {
    let body = html! {
        h1 { "Overview" }
        p { "Your access is limited to some queues, kinds or tags. " a href="jobs" { "Your jobs" } }
    };
    Page::new(Nav::Overview, "Overview", body).show(view).await
}

fn tiles(status: &Status) -> Markup {
    let jobs = |state: State| status.jobs_in(state).unwrap_or_else(|| "0".to_owned());
    let tile = |href: String, name: &str, value: String, more: Markup| {
        html! { a.tile href=(href) { span.name { (name) } span.value { (value) } span.meta { (more) } } }
    };
    let of = |state: &str| link("jobs", &[("filter", &format!("state:{state}"))]);
    let oldest =
        status.oldest_due_at.map_or_else(|| "–".to_owned(), |due| lasted(status.at.since(due)));
    html! {
        div.tiles {
            (tile(of("running"), "Running", number(status.workers.running), html! { "of " (number(status.workers.slots)) " slots on " (count(status.workers.alive, "worker")) }))
            (tile(of("available"), "Available", jobs(State::Available), html! { "due, not started yet" }))
            (tile(of("available"), "Oldest due", oldest, html! { "since it was due" }))
            (tile(of("waiting"), "Waiting", jobs(State::Waiting), html! { "for a condition or a worker" }))
            (tile(of("retryable"), "Retryable", jobs(State::Retryable), html! { "failed, retried later" }))
            (tile(of("dead"), "Dead", jobs(State::Dead), html! { "failed, kept for you to decide" }))
        }
    }
}

fn first() -> Markup {
    let more = html! { p { "The first job of a queue makes it:" } pre { "windlass enqueue hello name=World" } };
    empty("No queues yet", &more)
}
