//! One operation: how far it is, what it left as it was, and its undoing.

use axum::response::Response;
use maud::{Markup, html};
use windlass::operation::OperationState;
use windlass_http::words::operation::{KEPT, undoing};
use windlass_http::words::time::number;

use super::document::Operation;
use super::words::{badge, bar, skipped, what};
use crate::extract::Path;
use crate::fault::Fault;
use crate::filter::{encoded, link};
use crate::form::Button;
use crate::layout::{Nav, Page};
use crate::parts::{Which, copies, copy, left, moment, text};
use crate::view::View;

pub(super) async fn show(view: View, Path(Which { id }): Path<Which>) -> Result<Response, Fault> {
    let path = format!("/v1/operations/{}", encoded(&id));
    let one = view.ask().get::<Operation>(&path).await?;
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title {
            div { p.crumb { a href="operations" { "Operations" } } h1 { (what(&one)) " " code { (text(&one.filter)) } } p.meta { code { (text(&one.id)) } } }
            div.tools {
                (copies(&view, &format!("windlass op show {}", one.id), &path))
                @if may_operate { (buttons(&view, &one)) }
            }
        }
        p.lead { (badge(one.state)) " " (summary(&view, &one)) }
        @if one.may_be_undone(view.now) { p.note { "Undo: " (undoing(&one.action)) " " (KEPT) " " a href="docs/operations#undo" { "What is put back" } } }
        (bar(&one))
        @if one.state.is_active() && one.progress().0 == 0 { (unserved(&one)) }
        div.columns {
            div {
                (skipped("Left as they were", &one.skipped))
                (skipped("Could not be put back", &one.kept))
                @if one.skipped.jobs + one.kept.jobs == 0 { section { h2 { "Left as they were" } p.meta { "None so far: each job that it came to was changed." } } }
            }
            div { (facts(&view, &one)) }
        }
    };
    let page = Page::new(Nav::Operations, format!("Operation {}", one.id), body);
    let goes_on = one.state.is_active();
    if goes_on { page.live("counts=true").show(&view).await } else { page.show(&view).await }
}

fn buttons(view: &View, one: &Operation) -> Markup {
    let button = |act: &str, (name, picture, class): (&str, &str, &str)| {
        let to = format!("operations/{}/{act}", encoded(&one.id));
        Button { to: &to, name, picture, class, about: "" }.show(view)
    };
    html! {
        @match one.state {
            OperationState::Running => (button("pause", ("Pause", "pause", ""))),
            OperationState::Paused => (button("resume", ("Resume", "play", "primary"))),
            _ => {}
        }
        @if one.may_be_undone(view.now) { (button("undo", ("Undo", "undo", ""))) }
        @if matches!(one.state, OperationState::Running | OperationState::Paused) {
            span.apart { (button("stop", ("Stop", "slash", "danger"))) }
        }
    }
}

fn summary(view: &View, one: &Operation) -> Markup {
    let jobs = |jobs: u64| html! { (number(jobs)) @if jobs == 1 { " job" } @else { " jobs" } };
    html! {
        (jobs(one.done)) " changed"
        @if one.requested > 0 { ", " (jobs(one.requested)) " asked to stop" }
        @if one.skipped.jobs > 0 { ", " (jobs(one.skipped.jobs)) " left as they were" }
        @if one.left_meanwhile() > 0 { ", " (jobs(one.left_meanwhile())) " no longer matched when it came to them" }
        @if matches!(one.state, OperationState::Undoing | OperationState::Undone) {
            "; " (jobs(one.undone)) " put back"
            @if one.kept.jobs > 0 { ", " (jobs(one.kept.jobs)) " not" }
        }
        "."
        @if let Some(until) = one.undo_until.filter(|until| *until > view.now) { " It can be undone: " (left(until, view.now)) "." }
    }
}

/// The workers' leader runs the rounds: where none lives, nothing happens.
fn unserved(one: &Operation) -> Markup {
    let command = format!("windlass op wait {}", one.id);
    html! {
        p.note { "A worker goes through the jobs. Where none is alive, this does it:" }
        div.command { code { (command) } (copy("Copy", &command)) }
    }
}

fn facts(view: &View, one: &Operation) -> Markup {
    html! {
        section.facts {
            h2 { "Facts" }
            dl {
                dt { "Filter" } dd { a href=(link("jobs", &[("filter", &one.filter)])) { code { (text(&one.filter)) } } }
                dt { "Matched" } dd { @if let Some(matched) = one.matched { (number(matched)) } @else { "counting took too long" } }
                @if let Some(queue) = &one.queue { dt { "To queue" } dd { a href=(link("jobs", &[("filter", &crate::filter::term("queue", queue))])) { (text(queue)) } } }
                @if let Some(reason) = &one.reason { dt { "Reason" } dd { (text(reason)) } }
                @if let Some(note) = &one.note { dt { "Note" } dd { (text(note)) } }
                @if let Some(pace) = &one.pace { dt { "Pace" } dd { (pace) " at most" } }
                dt { "Began" } dd { (moment(one.created_at, view.now)) @if let Some(by) = &one.origin { span.meta { " by " (text(by)) } } }
                @if let Some(ended) = one.ended_at { dt { "Ended" } dd { (moment(ended, view.now)) } }
                @if let Some(until) = one.undo_until { dt { "Undo until" } dd { (moment(until, view.now)) } }
            }
        }
    }
}
