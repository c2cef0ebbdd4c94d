//! The sources that there are.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass_http::words::time::number;

use super::document::Source;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::layout::{Nav, Page};
use crate::parts::{copy, empty, moment, text};
use crate::view::View;

#[derive(Debug, Deserialize)]
struct Sources {
    items: Vec<Source>,
}

pub(super) async fn list(view: View) -> Result<Response, Fault> {
    let sources = view.ask().get::<Sources>("/v1/sources").await?.items;
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title {
            h1 { "Sources" }
            div.tools {
                (copy("Copy as command", "windlass source list"))
                (copy("Copy as curl", &view.curl("/v1/sources")))
            }
        }
        @if sources.is_empty() {
            (empty("There are no sources yet", &html! { p { "A worker reads feeds of others that its windlass.toml names:" } pre { "[source.shop]\nurl = \"https://shop.example/feed\"" } p { a href="docs/sources" { "How sources are written" } } }))
        } @else { (table(&view, &sources, may_operate)) }
    };
    Page::new(Nav::Sources, "Sources", body).live("types=*").show(&view).await
}

fn table(view: &View, sources: &[Source], may_operate: bool) -> Markup {
    html! {
        table.rows {
            thead { tr {
                th { "State" } th { "Source" } th { "Read up to" } th.number { "Behind" } th.number { "Imported" } th.number { "Open gaps" } th.number { "Quarantined" } th.when { "Last poll" }
                @if may_operate { th { span.hidden { "Actions" } } }
            } }
            tbody { @for one in sources { (row(view, one, may_operate)) } }
        }
    }
}

fn row(view: &View, one: &Source, may_operate: bool) -> Markup {
    let page = format!("sources/{}", encoded(&one.name));
    let linked = |count: u64| html! { @if count == 0 { span.none { "0" } } @else { a href=(page) { (number(count)) } } };
    html! {
        tr id={ "source-" (one.name) } {
            td.state { (one.badge()) }
            td.main {
                a.name href=(page) { (text(&one.name)) }
                @if let Some(paused) = one.pause() { (paused.why(view)) }
                @else if let Some(error) = &one.error { p.why title=(error) { (text(error)) } }
                @else if let Some(overdue) = one.overdue(view) { p.why { (overdue) } }
                @else if let Some(reason) = &one.reason { p.why title=(reason) { (text(reason)) } }
            }
            td data-name="read up to" { (one.place()) }
            td.number data-name="behind" { @match one.behind() { Some(0) => span.none { "0" }, Some(behind) => (number(behind)), None => span.none { "–" } } }
            td.number data-name="imported" { (number(one.imported)) }
            td.number data-name="open gaps" { (linked(one.open_gaps)) }
            td.number data-name="quarantined" { (linked(one.quarantined)) }
            td.when { @if let Some(at) = one.polled_at { (moment(at, view.now)) } @else { span.none { "never" } } }
            @if may_operate { td.acts { (one.switch(&page).in_row(view, None)) } }
        }
    }
}
