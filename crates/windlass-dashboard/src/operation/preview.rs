//! What an operation would find, and the button that begins it.

use maud::{Markup, html};
use windlass_http::words::time::number;

use super::document::Preview;
use super::new::{Asked, id};
use super::words::{ACTIONS, name};
use crate::filter::{link, with_state};
use crate::parts::{icon, text};
use crate::view::View;

pub(super) fn found(view: &View, asked: &Asked, seen: &Preview) -> Markup {
    html! {
        section.preview {
            h2 { (heading(asked, seen)) }
            p { "Filter: " a href=(link("jobs", &[("filter", &seen.filter)])) { code { (text(&seen.filter)) } } }
            @if !seen.states.is_empty() {
                p { @for (state, jobs) in seen.states.iter().filter(|(_, jobs)| **jobs > 0) {
                    (crate::state::badge(*state)) " "
                    a href=(link("jobs", &[("filter", &with_state(&seen.filter, Some(state.word())))])) { (number(*jobs)) } " "
                } }
            }
            @if seen.jobs == 0 {
                p { "No job matches, so that there is nothing to do." }
            } @else {
                (crate::job::table(view, &seen.samples))
                @if seen.jobs > seen.samples.len() as u64 { p.note { "These are some of them." } }
                (begin(asked, seen))
            }
        }
    }
}

fn heading(asked: &Asked, seen: &Preview) -> Markup {
    html! {
        (name(&asked.action)) " "
        @if !seen.exact { "at least " }
        (number(seen.jobs)) @if seen.jobs == 1 { " job" } @else { " jobs" }
        @if asked.action == "move" { " to queue " (text(&asked.queue)) }
    }
}

fn begin(asked: &Asked, seen: &Preview) -> Markup {
    let expect = if seen.exact { seen.jobs.to_string() } else { String::new() };
    let id = id(asked);
    let hidden: [(&str, &str); 8] = [
        ("filter", &asked.filter),
        ("action", &asked.action),
        ("queue", &asked.queue),
        ("reason", &asked.reason),
        ("pace", &asked.pace),
        ("note", &asked.note),
        ("expect", &expect),
        ("id", &id),
    ];
    let is_gentle = asked.action == "retry";
    let picture =
        ACTIONS.iter().find(|(word, ..)| *word == asked.action).map_or("dot", |one| one.2);
    html! {
        form method="post" action="operations" {
            @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
            button class=(if is_gentle { "primary" } else { "danger" }) { (icon(picture)) span { (heading(asked, seen)) } }
        }
        p.meta {
            @if seen.exact { "It begins only if exactly so many match then. " } @else { "Counting took too long: it changes all that match when it begins. " }
            "It can be undone for 24 hours."
        }
    }
}
