//! Which jobs there are.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::State;

use super::columns::Columns;
use super::document::Jobs;
use super::saved::Saved;
use super::table::rows;
use super::{download, selected};
use crate::completion::options;
use crate::extract::Query;
use crate::fault::Fault;
use crate::filter::{link, quoted, state_of, with_state};
use crate::layout::{Nav, Page};
use crate::overview::Status;
use crate::parts::{copy, empty, icon, pager};
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
    /// Whether all that match are to be counted, which may take a moment.
    #[serde(default)]
    count: Counted,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Counted {
    #[default]
    None,
    Exact,
}

impl Counted {
    const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Exact => "exact",
        }
    }
}

pub(super) async fn list(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let filter = wanted.filter.trim();
    let asked = [("filter", filter), ("limit", ROWS), ("cursor", &wanted.cursor)];
    let path = link("/v1/jobs", &asked);
    // Args are not shown, and fifty jobs may have many megabytes of them.
    let more = [("fields", "head"), ("count", wanted.count.word())];
    let heads = link("/v1/jobs", &[&asked[..], &more].concat());
    let found = match view.ask().get::<Jobs>(&heads).await {
        Err(fault) if !fault.is_of_form() => return Err(fault),
        // A filter that cannot be read stays in its box, with what is wrong with it.
        found => found,
    };
    let status = view.ask().get_if_allowed::<Status>("/v1/status").await?;
    let who = view.who().await?;
    let may_operate = who.may_operate();
    let columns = Columns::of(&view);
    let pick = may_operate.then_some(selected::pick as fn(&_) -> _);
    let body = html! {
        div.title {
            h1 { "Jobs" @if let Ok(found) = &found { (counted(found)) } }
            div.tools {
                @if found.as_ref().is_ok_and(|found| found.number().is_none()) { a href=(link("jobs", &[("filter", filter), ("count", "exact")])) { "Count all that match" } }
                (copy("Copy as command", &command(filter)))
                (copy("Copy as curl", &view.curl(&path)))
                (columns.form(&view))
                @if who.may_enqueue() { a.button href="jobs/new" { "New job…" } }
                @if found.is_ok() { (download::links(filter)) }
                @if may_operate && !filter.is_empty() && found.is_ok() { a.button href=(link("operations/new", &[("filter", filter)])) { "Act on all that match" } }
            }
        }
        (tabs(filter, status.as_ref()))
        (search("jobs", filter, found.as_ref().err()))
        (Saved::of(&view).show(&view, found.is_ok().then_some(filter)))
        @if let Ok(found) = &found {
            @if found.items.is_empty() { (nothing(filter, found)) }
            @else {
                @if may_operate { (selected::bar(&view)) }
                (rows(&view, (&found.items, &columns), pick))
            }
            @if !found.complete && !found.items.is_empty() {
                p.note { "The search ended at its bound: older jobs are on the next pages." }
            }
            (pager(page(filter, found.prev.as_deref()).as_deref(), page(filter, found.next.as_deref()).as_deref()))
        }
    };
    let page = Page::new(Nav::Jobs, "Jobs", body);
    // A page that counts all would do so with each look.
    let is_live = wanted.cursor.is_empty() && found.is_ok() && wanted.count == Counted::None;
    if is_live { page.live("counts=true").show(&view).await } else { page.show(&view).await }
}

fn counted(found: &Jobs) -> Markup {
    html! { @if let Some(number) = found.number() { " " span.meta { (number) } } }
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
            input #filter name="filter" type="search" value=(filter) maxlength="4096" autocomplete="off" spellcheck="false" data-complete="jobs"
                placeholder="kind:mail.* queue:mail tag:x subject:customer=42 args.user.id:42 error:\"timed out\" since:24h"
                aria-invalid=[fault.map(|_| "true")] aria-describedby=[fault.map(|_| "filter-fault")];
            button { "Search" }
            (options())
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
