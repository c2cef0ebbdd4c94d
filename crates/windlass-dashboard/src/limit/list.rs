//! The limits that are set, and the lanes with jobs that wait.

use axum::response::Response;
use maud::{Markup, html};
use windlass_http::words::time::number;

use super::document::{Limit, Limits};
use crate::fault::Fault;
use crate::filter::{encoded, link};
use crate::form::Button;
use crate::lane;
use crate::layout::{Nav, Page};
use crate::parts::{copies, empty, icon, moment, since, text};
use crate::view::View;

pub(super) async fn list(view: View) -> Result<Response, Fault> {
    let limits = view.ask().get::<Limits>("/v1/limits").await?.items;
    let lanes = lane::section(&view).await?;
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title {
            h1 { "Limits" }
            div.tools {
                (copies(&view, "windlass limit list", "/v1/limits"))
                @if may_operate { a.button href="limits/set" { "Set a limit" } }
            }
        }
        @if limits.is_empty() { (nothing()) } @else { (table(&view, &limits, may_operate)) }
        (lanes)
    };
    Page::new(Nav::Limits, "Limits", body).live("counts=true").show(&view).await
}

fn nothing() -> Markup {
    let more = html! {
        p { "A limit holds for all workers of all machines: how many run at once, how many start in a time, and when nothing starts after failures." }
        pre { "windlass limit set queue:mail --running 10 --rate 100" }
    };
    empty("No limits are set", &more)
}

fn table(view: &View, limits: &[Limit], may_operate: bool) -> Markup {
    html! {
        table.rows.limits {
            thead { tr { th { "On" } th { "Run at once" } th { "Start" } th { "Breaker" } th { "Set" } @if may_operate { th { span.hidden { "Actions" } } } } }
            tbody { @for limit in limits {
                tr id={ "limit-" (limit.on) } {
                    td.main { (on(limit)) @if let Some(note) = &limit.note { p.why { (text(note)) } } }
                    td data-name="run at once" { (running(limit)) }
                    td data-name="start" { (rate(limit)) }
                    td data-name="breaker" { (breaker(view, limit, may_operate)) }
                    td data-name="set" { (set_by(&limit.set_by)) " " span.meta { (moment(limit.set_at, view.now)) } }
                    @if may_operate { td.acts { (buttons(view, limit)) } }
                }
            } }
        }
    }
}

fn on(limit: &Limit) -> Markup {
    let (scope, name) = limit.on.split_once(':').unwrap_or(("", &limit.on));
    html! {
        span.meta { (text(scope)) " " }
        @match limit.holders() {
            Some(_) => a.name href=(link("jobs", &[("filter", &crate::filter::term(scope, name))])) { (text(name)) },
            None => b.name { (text(name)) },
        }
    }
}

fn running(limit: &Limit) -> Markup {
    let now = limit.running_now.unwrap_or_default();
    html! {
        @match limit.running {
            None => span.none { "–" },
            Some(most) => {
                @match limit.holders().filter(|_| now > 0) {
                    Some(filter) => a href=(link("jobs", &[("filter", &filter)])) { (number(now)) },
                    None => (number(now)),
                }
                span.meta { @if limit.full_keys.is_some() { " over all keys, " (most) " each" } @else { " of " (most) } }
                @if limit.is_full() {
                    " " span.badge.warning { (icon("warning")) @if let Some(keys) = limit.full_keys { (number(keys)) @if keys == 1 { " key is full" } @else { " keys are full" } } @else { "full" } }
                }
            }
        }
        @if !limit.reserved.is_empty() {
            p.why { "kept free: " @for (kind, jobs) in &limit.reserved { (text(kind)) " " (jobs) "  " } }
        }
    }
}

fn rate(limit: &Limit) -> Markup {
    html! {
        @match limit.rate {
            None => span.none { "–" },
            Some(rate) => {
                (rate.words())
                @if rate.burst != rate.tokens { span.meta { ", " (rate.burst) " at once" } }
                @if let Some(tokens) = limit.tokens_now {
                    @if tokens < 1.0 { " " span.badge.warning { (icon("hourglass")) "used up" } }
                    @else { span.meta { ", " (format!("{tokens:.0}")) " left" } }
                }
            }
        }
    }
}

fn breaker(view: &View, limit: &Limit, may_operate: bool) -> Markup {
    html! {
        @match limit.breaker {
            None => span.none { "–" },
            Some(breaker) => {
                @if let Some(at) = limit.open_since {
                    span.badge.failed { (icon("cross")) "open" } span.meta { " for " (since(at, view.now)) }
                    @if may_operate { (Button { to: &format!("limits/{}/close", encoded(&limit.on)), name: "Close", picture: "play", class: "quiet", about: &limit.on }.show(view)) }
                } @else { span.badge.done { (icon("check")) "closed" } }
                p.why { (breaker.words()) }
            }
        }
    }
}

pub(super) fn set_by(word: &str) -> &str {
    match word {
        "code" => "by a program",
        "config" => "by windlass.toml",
        "person" => "by a person",
        other => other,
    }
}

fn buttons(view: &View, limit: &Limit) -> Markup {
    let to = format!("limits/{}/remove", encoded(&limit.on));
    let removal =
        Button { to: &to, name: "Remove", picture: "cross", class: "danger", about: &limit.on };
    html! {
        div.tools {
            a.button href=(link("limits/set", &[("on", &limit.on)])) { "Change" }
            (removal.ask(view, "Jobs start as if it had not been there.", &html! {}))
        }
    }
}
