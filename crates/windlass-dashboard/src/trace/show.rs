//! The tree that a job or an event belongs to.

use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::document::{Member, Trace};
use super::tree::{counts, summary, table};
use crate::extract::{Path, Query};
use crate::fault::Fault;
use crate::filter::{encoded, link};
use crate::layout::{Nav, Page};
use crate::parts::{Which, copy, text};
use crate::view::View;

/// Rows that are shown unless all are asked for.
const ROWS: usize = 250;
/// Jobs whose changes one stream tells.
const WATCHED: usize = 100;

/// Which members are shown.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    /// Jobs in one state, or events.
    #[serde(default)]
    only: String,
    /// Whether the page may be long.
    #[serde(default)]
    all: bool,
}

pub(super) async fn show(
    view: View,
    Path(Which { id }): Path<Which>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Fault> {
    let trace = view.ask().get::<Trace>(&format!("/v1/traces/{}", encoded(&id))).await?;
    let root = trace.members.first().ok_or_else(Fault::not_found)?;
    let here = format!("traces/{}", encoded(&id));
    let word = |member: &Member| member.state.map_or("event", windlass::State::word);
    let is_wanted = |member: &&Member| wanted.only.is_empty() || word(member) == wanted.only;
    let found = trace.members.iter().filter(is_wanted).count();
    let most = if wanted.all { usize::MAX } else { ROWS };
    let body = html! {
        div.title {
            div { p.crumb { a href=(root.href()) { @if root.state.is_some() { "Job" } @else { "Event" } } } h1 { "What came of " (text(&root.name)) } p.meta { code { (root.id) } } }
            div.tools {
                (copy("Copy as command", &format!("windlass trace {id}")))
                (copy("Copy as curl", &view.curl(&format!("/v1/traces/{}", encoded(&id)))))
            }
        }
        p.lead { (summary(&view, &trace)) }
        (counts(&trace, &here, &wanted.only))
        (table(&view, &trace, trace.members.iter().filter(is_wanted).take(most), &id))
        @if found == 0 { p.note { "None of its members is so any more. " a href=(here) { "Show all" } } }
        @if found > most {
            @let href = link(&here, &[("only", &wanted.only), ("all", "true")]);
            p.note { "The first " (ROWS) " of " (found) " are shown. " a href=(href) { "Show all" } }
        }
        @if trace.is_cut { p.note { "There are more than a trace shows: at most 1,000 jobs and 1,000 events." } }
    };
    let title = format!("What came of {}", root.name);
    let nav = if root.state.is_some() { Nav::Jobs } else { Nav::Events };
    let page = Page::new(nav, title, body);
    let open = trace.members.iter().filter(|member| member.is_open()).take(WATCHED);
    let open: Vec<_> = open.map(|member| member.id.as_str()).collect();
    match open.is_empty() {
        true => page.show(&view).await,
        false => page.live(format!("jobs={}", open.join(","))).show(&view).await,
    }
}
