//! The subscriptions that there are, and what was asked for by SQL.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::Timestamp;
use windlass_http::words::time::number;

use super::document::Subscription;
use crate::fault::Fault;
use crate::filter::{encoded, link};
use crate::layout::{Nav, Page};
use crate::parts::{copy, empty, icon, moment, text};
use crate::view::View;

#[derive(Debug, Deserialize)]
struct Subscriptions {
    items: Vec<Subscription>,
    requests: Vec<Requested>,
}

/// A change that was asked for by SQL, and is not made.
#[derive(Debug, Deserialize)]
struct Requested {
    name: String,
    change: String,
    at: Timestamp,
    error: Option<String>,
}

pub(super) async fn list(view: View) -> Result<Response, Fault> {
    let found = view.ask().get::<Subscriptions>("/v1/subscriptions").await?;
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title {
            h1 { "Subscriptions" }
            div.tools {
                a.button href="backtest" { (icon("search")) span { "Try a filter" } }
                (copy("Copy as command", "windlass subscription list"))
                (copy("Copy as curl", &view.curl("/v1/subscriptions")))
            }
        }
        @if found.items.is_empty() {
            (empty("There are no subscriptions yet", &html! { p { "One makes a job of each event that it wants:" } pre { "windlass subscription add receipts --kind mail.receipt --type 'order.*'" } }))
        } @else { (table(&view, &found.items, may_operate)) }
        @if !found.requests.is_empty() { (requests(&view, &found.requests)) }
    };
    Page::new(Nav::Subscriptions, "Subscriptions", body).live("types=*").show(&view).await
}

fn table(view: &View, all: &[Subscription], may_operate: bool) -> Markup {
    html! {
        table.rows {
            thead { tr {
                th { "State" } th { "Subscription" } th { "Becomes" } th { "Mode" }
                th.number { "Behind" } th.number { "Position" } th.number { "Credit" }
                @if may_operate { th { span.hidden { "Actions" } } }
            } }
            tbody { @for one in all { (row(view, one, may_operate)) } }
        }
    }
}

fn row(view: &View, one: &Subscription, may_operate: bool) -> Markup {
    let page = format!("subscriptions/{}", encoded(&one.name));
    html! {
        tr id={ "subscription-" (one.name) } {
            td.state { (one.badge()) }
            td.main {
                a.name href=(page) { (text(&one.name)) }
                p.why { "wants " (text(&one.wants)) }
                @if let Some(paused) = one.pause() { (paused.why(view)) }
            }
            td data-name="becomes" { (one.target()) @if let Some(queue) = &one.queue { span.meta { " on " (text(queue)) } } }
            td data-name="mode" { @if let Some(mode) = &one.mode { (mode) } @else { span.none { "–" } } }
            td.number data-name="behind" { @if one.behind == 0 { span.none { "0" } } @else { a href=(link("events", &[("after", &one.position.to_string())])) { (number(one.behind)) } } }
            td.number data-name="position" { (number(one.position)) }
            td.number data-name="credit" { @if let Some(credit) = one.credit { (number(credit.into())) } @else { span.none { "–" } } }
            @if may_operate { td.acts { (one.switch(&page).in_row(view, None)) } }
        }
    }
}

fn requests(view: &View, requests: &[Requested]) -> Markup {
    html! {
        section {
            h2 { "Asked for by SQL" }
            table.rows {
                thead { tr { th { "Subscription" } th { "Change" } th { "State" } th { "When" } } }
                tbody { @for one in requests {
                    tr {
                        td.main { (text(&one.name)) @if let Some(error) = &one.error { p.why title=(error) { (text(error)) } } }
                        td data-name="change" { (one.change) }
                        td.state { @match one.error {
                            Some(_) => span.badge.failed { (icon("cross")) "refused" },
                            None => span.badge.plain { (icon("clock")) "waits for a worker that leads" },
                        } }
                        td.when { (moment(one.at, view.now)) }
                    }
                } }
            }
        }
    }
}
