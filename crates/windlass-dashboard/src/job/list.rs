//! Which jobs there are.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::State;
use windlass_http::words::time::number;

use super::document::{Job, Jobs};
use super::selected;
use crate::extract::Query;
use crate::fault::Fault;
use crate::filter::{encoded, link, quoted, state_of, term, with_state};
use crate::layout::{Nav, Page};
use crate::overview::Status;
use crate::parts::{copy, empty, icon, moment, pager, plain, short, text};
use crate::state::badge;
use crate::view::View;

/// Rows of a page.
const ROWS: &str = "50";
/// States in the order in which somebody asks for them.
const TABS: [State; 8] = [
    State::Dead,
    State::Retryable,
    State::Running,
    State::Available,
    State::Scheduled,
    State::Waiting,
    State::Completed,
    State::Cancelled,
];

/// What is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    filter: String,
    #[serde(default)]
    cursor: String,
}

pub(super) async fn list(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let filter = wanted.filter.trim();
    let path = link("/v1/jobs", &[("filter", filter), ("limit", ROWS), ("cursor", &wanted.cursor)]);
    let found = match view.ask().get::<Jobs>(&path).await {
        Err(fault) if !fault.is_of_form() => return Err(fault),
        // A filter that cannot be read stays in its box, with what is wrong with it.
        found => found,
    };
    let status = view.ask().get_if_allowed::<Status>("/v1/status").await?;
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title {
            h1 { "Jobs" }
            div.tools {
                (copy("Copy as command", &command(filter)))
                (copy("Copy as curl", &view.curl(&path)))
                @if may_operate && !filter.is_empty() && found.is_ok() { a.button href=(link("operations/new", &[("filter", filter)])) { "Act on all that match" } }
            }
        }
        (tabs(filter, status.as_ref()))
        (search("jobs", filter, found.as_ref().err()))
        @if let Ok(found) = &found {
            @if found.items.is_empty() { (nothing(filter, found)) }
            @else if may_operate { (selected::bar(&view)) (rows(&view, &found.items, Some(selected::pick))) }
            @else { (table(&view, &found.items)) }
            @if !found.complete && !found.items.is_empty() {
                p.note { "The search ended at its bound: older jobs are on the next pages." }
            }
            (pager(page(filter, found.prev.as_deref()).as_deref(), page(filter, found.next.as_deref()).as_deref()))
        }
    };
    let page = Page::new(Nav::Jobs, "Jobs", body);
    let is_first = wanted.cursor.is_empty() && found.is_ok();
    if is_first { page.live("counts=true").show(&view).await } else { page.show(&view).await }
}

fn page(filter: &str, cursor: Option<&str>) -> Option<String> {
    cursor.map(|cursor| link("jobs", &[("filter", filter), ("cursor", cursor)]))
}

fn command(filter: &str) -> String {
    match filter {
        "" => "windlass job list".to_owned(),
        filter => format!("windlass job list {}", quoted(filter)),
    }
}

fn tabs(filter: &str, status: Option<&Status>) -> Markup {
    let here = state_of(filter);
    let tab = |state: Option<State>| {
        let word = state.map(State::word);
        let jobs = status.and_then(|status| state.and_then(|state| status.jobs_in(state)));
        let href = link("jobs", &[("filter", &with_state(filter, word))]);
        html! {
            a href=(href) aria-current=[(here == word).then_some("true")] {
                @if let Some(state) = state { (badge(state)) } @else { "all" }
                @if let Some(jobs) = jobs { span.count { (jobs) } }
            }
        }
    };
    html! {
        nav.tabs aria-label="States" { (tab(None)) @for state in TABS { (tab(Some(state))) } }
    }
}

/// The box of a filter, which leads to a list of jobs, or of what is found of jobs.
pub(crate) fn search(to: &str, filter: &str, fault: Option<&Fault>) -> Markup {
    html! {
        form.search role="search" method="get" action=(to) {
            label.hidden for="filter" { "Filter" }
            (icon("search"))
            input #filter name="filter" type="search" value=(filter) maxlength="4096" autocomplete="off" spellcheck="false"
                placeholder="kind:mail.* queue:mail tag:x subject:customer=42 args.user.id:42 error:\"timed out\" since:24h"
                aria-invalid=[fault.map(|_| "true")] aria-describedby=[fault.map(|_| "filter-fault")];
            button { "Search" }
            a.help href="docs/filters" { "How filters are written" }
        }
        @if let Some(fault) = fault { p.fault #filter-fault role="alert" { (icon("cross")) (fault.detail()) } }
    }
}

fn nothing(filter: &str, found: &Jobs) -> Markup {
    if !found.complete {
        let more = html! { p { "The search went through as many as one page may. Older jobs are on the next page." } };
        return empty("None among the newest jobs", &more);
    }
    if filter.is_empty() {
        let more = html! {
            p { "Enqueue the first one:" }
            pre { "windlass enqueue hello name=World" }
        };
        return empty("There are no jobs yet", &more);
    }
    let more =
        html! { p { "No job matches " code { (filter) } ". " a href="jobs" { "Show all jobs" } } };
    empty("No such jobs", &more)
}

/// Jobs without buttons.
pub(crate) fn table(view: &View, jobs: &[Job]) -> Markup {
    rows(view, jobs, None)
}

fn rows(view: &View, jobs: &[Job], pick: Option<fn(&Job) -> Markup>) -> Markup {
    html! {
        table.rows.jobs {
            thead { tr { @if pick.is_some() { th.pick { span.hidden { "Marked" } } } th { "State" } th { "Kind" } th { "Queue" } th { "About" } th.number { "Attempt" } th { "When" } } }
            tbody { @for job in jobs { (row(view, job, pick)) } }
        }
    }
}

fn row(view: &View, job: &Job, pick: Option<fn(&Job) -> Markup>) -> Markup {
    let (word, at) = job.moment();
    html! {
        tr id={ "row-" (job.id) } {
            @if let Some(pick) = pick { td.pick { (pick(job)) } }
            td.state { (badge(job.state)) }
            td.main {
                a.name href={ "jobs/" (encoded(&job.id)) } { (text(&job.kind)) }
                code.id { (short(&job.id)) }
                @if let Some(why) = job.why() { p.why title=(plain(why)) { (text(why)) } }
            }
            td.queue { a href=(link("jobs", &[("filter", &term("queue", &job.queue))])) { (text(&job.queue)) } }
            td.about {
                @for subject in job.subjects.iter().take(2) {
                    @let subject = subject.text();
                    a.tag href={ "subjects/" (encoded(&subject)) } { (text(&subject)) }
                }
                @for tag in job.tags.iter().take(3) {
                    a.tag href=(link("jobs", &[("filter", &term("tag", tag))])) { (text(tag)) }
                }
                @let more = job.subjects.len().saturating_sub(2) + job.tags.len().saturating_sub(3);
                @if more > 0 { span.meta { "+" (number(more as u64)) } }
            }
            td.number data-name="attempt" { (job.attempt) @if let Some(most) = job.max_attempts { span.meta { "/" (most) } } }
            td.when { span.meta { (word) " " } (moment(at, view.now)) }
        }
    }
}
