//! Stores: those of a server that has several, and how each is.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::State;

use crate::ask::Pages;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::parts::{copies, counted_in, empty, icon, text};
use crate::settings::{Tab, page};
use crate::view::View;

#[derive(Debug, Deserialize)]
struct Stores {
    items: Vec<Store>,
}

/// What the page shows of `store.v1`.
#[derive(Debug, Deserialize)]
struct Store {
    name: String,
    is_default: bool,
    is_reachable: bool,
    error: Option<String>,
    jobs: Option<BTreeMap<State, u64>>,
    exact: bool,
    or_more: BTreeSet<State>,
    problems: Vec<String>,
}

pub(crate) fn routes() -> Router<Pages> {
    Router::new().route("/settings/stores", get(list))
}

async fn list(view: View) -> Result<Response, Fault> {
    let stores = view.ask().get_home::<Stores>("/v1/stores").await?.items;
    let body = html! {
        section {
            div.title { h2 { "Stores" } div.tools { (copies(&view, "windlass status", "/v1/stores")) } }
            @if stores.is_empty() {
                (empty("This server has one store", &html! { p { "One server can have several, each with a dashboard of its own:" } pre { "[store.eu]\nurl = \"postgres://app@eu.internal/app\"" } p { a href="docs/stores" { "How that works" } } }))
            } @else { (table(&view, &stores)) }
        }
    };
    page(&view.who().await?, (Tab::Stores, "Stores"), &body).show(&view).await
}

fn table(view: &View, stores: &[Store]) -> Markup {
    let here = view.base.store.as_deref();
    html! {
        table.rows.stores {
            thead { tr { th { "Store" } th { "State" } th.number { "Available" } th.number { "Running" } th.number { "Dead" } th { "Problems" } } }
            tbody { @for store in stores {
                @let href = format!("{}/stores/{}/", view.base.prefix, encoded(&store.name));
                tr id={ "store-" (store.name) } {
                    td.main {
                        a.name href=(href) { (text(&store.name)) }
                        @if store.is_default { " " span.tag { "default" } }
                        @if here == Some(store.name.as_str()) { " " span.tag { "this one" } }
                    }
                    td.state {
                        @if store.is_reachable { span.badge.done { (icon("check")) "reachable" } } @else { span.badge.failed { (icon("cross")) "away" } }
                    }
                    @for state in [State::Available, State::Running, State::Dead] { (jobs(store, state, &href)) }
                    td { @for problem in store.problems.iter().chain(&store.error).take(3) { p.why { (text(problem)) } } @if store.problems.is_empty() && store.error.is_none() { span.none { "none" } } }
                }
            } }
        }
    }
}

fn jobs(store: &Store, state: State, href: &str) -> Markup {
    let known = (store.exact, &store.or_more);
    let jobs = store.jobs.as_ref().map(|jobs| counted_in(state, jobs, known));
    html! {
        td.number data-name=(state.word()) {
            @match jobs {
                Some(Some(jobs)) => a href={ (href) "jobs?filter=state:" (state.word()) } { (jobs) },
                Some(None) => span.none { "0" },
                None => span.none { "–" },
            }
        }
    }
}
