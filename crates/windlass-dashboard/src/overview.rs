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
use crate::parts::{copy, counted_in, empty, icon, text};
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

/// What the page shows of `doctor.v1`.
#[derive(Debug, Deserialize)]
struct Doctor {
    checks: Vec<Check>,
}

#[derive(Debug, Deserialize)]
struct Check {
    check: String,
    status: String,
    detail: String,
    fix: Option<String>,
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
    let doctor = view.ask().get_if_allowed::<Doctor>("/v1/problems").await?;
    let charts = charts(&view, known_time(&wanted.since)).await?;
    let body = html! {
        div.title { h1 { "Overview" } }
        @if let Some(doctor) = &doctor { (problems(&doctor.checks)) }
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

fn problems(checks: &[Check]) -> Markup {
    let found: Vec<_> = checks.iter().filter(|check| check.status != "ok").collect();
    html! {
        section.problems aria-label="Problems" {
            @if found.is_empty() {
                p.well { (icon("check")) "All is as it should be." span.meta { (checks.len()) " checks" } }
            }
            @for check in found {
                div class={ "problem " (check.status) } {
                    (icon(if check.status == "problem" { "cross" } else { "warning" }))
                    div {
                        h2 { (text(&check.check)) }
                        @for line in check.detail.lines() { p { (text(line)) } }
                        @for line in check.fix.iter().flat_map(|fix| fix.lines()) {
                            @if is_command(line) { div.command { code { (text(line)) } (copy("Copy", line)) } } @else { p.fix { (text(line)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Whether a shell runs a line as it is: it has no words around a command, and nothing that somebody has to write first.
fn is_command(line: &str) -> bool {
    let is_blank =
        |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    let has_words = [", ", "; ", " ("].iter().any(|mark| line.contains(mark));
    line.starts_with("windlass ")
        && !has_words
        && !line.contains(" with ")
        && !line.split(' ').any(|word| is_blank(word) || word == "N")
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
            (tile(of("available"), "Available", jobs(State::Available), html! { "due, and wait for a slot" }))
            (tile(of("available"), "Oldest due", oldest, html! { "waits longest" }))
            (tile(of("dead"), "Dead", jobs(State::Dead), html! { (jobs(State::Retryable)) " are tried again" }))
        }
    }
}

fn first() -> Markup {
    let more = html! { p { "A queue is there with its first job:" } pre { "windlass enqueue hello name=World" } };
    empty("No queues yet", &more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_shell_runs_is_a_command() {
        for line in ["windlass migrate", "windlass job retry 'state:dead kind:a'"] {
            assert!(is_command(line), "{line}");
        }
        for line in [
            "start a worker that serves them",
            "windlass worker list, then windlass worker resume NAME",
            "windlass subscription resume NAME",
            "windlass limit set key:a --running N",
            "windlass schedule add nightly with another rule or zone",
            "its errors: windlass job show job_1",
        ] {
            assert!(!is_command(line), "{line}");
        }
    }
}
