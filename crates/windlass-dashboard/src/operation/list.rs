//! The operations that there are.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass_http::words::time::number;

use super::document::{Operation, Operations};
use super::words::{badge, bar, what};
use crate::extract::Query;
use crate::fault::Fault;
use crate::filter::{encoded, link};
use crate::form::Button;
use crate::layout::{Nav, Page};
use crate::parts::{copies, empty, left, moment, pager, plain, text};
use crate::view::View;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    cursor: String,
}

pub(super) async fn list(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let path = link("/v1/operations", &[("cursor", &wanted.cursor)]);
    let found = view.ask().get::<Operations>(&path).await?;
    let may_operate = view.who().await?.may_operate();
    let page_of = |cursor: &Option<String>| {
        cursor.as_ref().map(|cursor| link("operations", &[("cursor", cursor)]))
    };
    let body = html! {
        div.title {
            h1 { "Operations" }
            div.tools {
                (copies(&view, "windlass op list", &path))
                @if may_operate { a.button href="operations/new" { "New operation" } }
            }
        }
        @if found.items.is_empty() { (nothing(may_operate)) }
        @else { (table(&view, &found.items, may_operate)) }
        (pager(page_of(&found.prev).as_deref(), page_of(&found.next).as_deref()))
    };
    let page = Page::new(Nav::Operations, "Operations", body);
    let is_live = wanted.cursor.is_empty();
    if is_live { page.live("counts=true").show(&view).await } else { page.show(&view).await }
}

fn nothing(may_operate: bool) -> Markup {
    let more = html! {
        p { "An operation retries, cancels, moves or deletes all jobs that match a filter, and can be undone:" }
        pre { "windlass job retry 'state:dead kind:img.*' --dry-run" }
        @if may_operate { p { a href="operations/new" { "Begin one here" } } }
    };
    empty("No operations yet", &more)
}

fn table(view: &View, operations: &[Operation], may_operate: bool) -> Markup {
    html! {
        table.rows.operations {
            thead { tr { th { "State" } th { "Operation" } th { "Progress" } th.number { "Changed" } th.number { "Skipped" } th { "By" } th.when { "Began" } @if may_operate { th { span.hidden { "Actions" } } } } }
            tbody { @for one in operations { (row(view, one, may_operate)) } }
        }
    }
}

fn row(view: &View, one: &Operation, may_operate: bool) -> Markup {
    html! {
        tr id={ "row-" (one.id) } {
            td.state { (badge(one.state)) }
            td.main {
                a.name href={ "operations/" (encoded(&one.id)) } { (what(one)) }
                " " code.filter { (text(&one.filter)) }
                @if let Some(note) = &one.note { p.why title=(plain(note)) { (text(note)) } }
            }
            td { (bar(one)) }
            td.number data-name="changed" { (number(one.done + one.requested)) }
            td.number data-name="skipped" { @if one.skipped.jobs == 0 { span.none { "0" } } @else { (number(one.skipped.jobs)) } }
            td data-name="by" { @if let Some(by) = &one.origin { (text(by)) } @else { span.none { "–" } } }
            td.when { (moment(one.created_at, view.now)) }
            @if may_operate { td.acts { @if one.may_be_undone(view.now) {
                (Button { to: &format!("operations/{}/undo", encoded(&one.id)), name: "Undo", picture: "undo", class: "quiet", about: &one.id }.show(view))
                @if let Some(until) = one.undo_until { p.meta { (left(until, view.now)) } }
            } } }
        }
    }
}
