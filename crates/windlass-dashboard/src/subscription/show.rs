//! One subscription: what it wants, how far it is, what it gets, and what it nearly gets.

use axum::response::Response;
use maud::{Markup, html};
use windlass::Timestamp;
use windlass_http::words::time::{count, number};

use super::document::{Explanation, Gap, Looked, Subscription, Window};
use crate::event::answered;
use crate::extract::Path;
use crate::fault::Fault;
use crate::filter::{encoded, link, term, word};
use crate::form::Button;
use crate::json::pretty;
use crate::layout::{Nav, Page};
use crate::parts::{Named, copies, copy, icon, moment, short, text};
use crate::view::View;

/// Windows that are listed.
const WINDOWS: usize = 20;

pub(super) async fn show(view: View, Path(Named { name }): Path<Named>) -> Result<Response, Fault> {
    let path = format!("/v1/subscriptions/{}", encoded(&name));
    let one = view.ask().get::<Subscription>(&path).await?;
    let explained = view.ask().get_if_allowed::<Explanation>(&format!("{path}/explain")).await?;
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title {
            div { p.crumb { a href="subscriptions" { "Subscriptions" } } h1 { (text(&one.name)) } }
            (tools(&view, &one, may_operate))
        }
        p.lead { (one.badge()) " " (summary(&view, &one)) }
        @if !one.gaps.is_empty() { (gaps(&view, &one.gaps)) }
        div.columns {
            div {
                @if let Some(explained) = &explained { (explanation(&view, explained)) }
                @if !one.waiting.is_empty() { (windows(&view, &one.waiting)) }
            }
            div {
                section { h2 { "Filter" } p { (text(&one.wants)) } (copy("Copy", one.filter.get())) pre.json tabindex="0" { (pretty(one.filter.get())) } }
                (facts(&view, &one))
                @if may_operate { (apart(&view, &one)) }
            }
        }
    };
    let page = Page::new(Nav::Subscriptions, one.name.clone(), body);
    page.live("types=*").show(&view).await
}

fn tools(view: &View, one: &Subscription, may_operate: bool) -> Markup {
    let page = format!("subscriptions/{}", encoded(&one.name));
    html! {
        div.tools {
            (copies(view, &format!("windlass subscription show {}", word(&one.name)), &format!("/v1/{page}")))
            a.button href=(link("backtest", &[("subscription", &one.name)])) { (icon("search")) span { "Back-test its filter" } }
            @if may_operate {
                @if !one.is_replay() { a.button href={ (page) "/replay" } { (icon("loop")) span { "Replay…" } } }
                (one.switch(&page).in_head(view))
            }
        }
    }
}

fn summary(view: &View, one: &Subscription) -> Markup {
    html! {
        @if let Some(paused) = one.pause() { "It is " (paused.line(view)) ", at position " }
        @else { "It was fed up to position " }
        (number(one.position)) ", "
        @if one.behind == 0 { "the end of the log." } @else { (count(one.behind, "event")) " behind the end of the log." }
        @if let Some(until) = one.until { " It is a replay, and is removed once it has passed position " (number(until)) "." }
    }
}

fn explanation(view: &View, explained: &Explanation) -> Markup {
    html! {
        section {
            h2 { "Events that match" }
            p.meta { "Of the last " (count(explained.events, "event")) " of the log it wants " (number(explained.matched)) "." }
            @if explained.matches.is_empty() { p { "None. Which events there are: " a href="event-types" { "types of events" } } }
            @else { (looked(view, &explained.matches)) }
        }
        @if explained.nearly_matched > 0 {
            section {
                h2 { "Near misses" }
                p.meta { "One clause alone keeps " (count(explained.nearly_matched, "event")) " from it." }
                (looked(view, &explained.near_misses))
            }
        }
    }
}

fn looked(view: &View, events: &[Looked]) -> Markup {
    html! {
        table.rows {
            thead { tr { th { "Event" } th { "What came of it" } th { "When" } } }
            tbody { @for one in events.iter().rev() {
                @let (colour, picture, words) = answered(&one.answer);
                tr {
                    td.main {
                        a.name href={ "events/" (encoded(&one.event.id)) } { (text(&one.event.r#type)) }
                        code.id { @if let Some(position) = one.event.position { (position) } @else { (short(&one.event.id)) } }
                        @if let Some(subject) = &one.event.subject { span.meta { " " (text(subject)) } }
                        @if one.answer == "unwanted" { p.why title=(one.why) { (text(&one.why)) } }
                    }
                    td.state { span class={ "badge " (colour) } { (icon(picture)) (words) } @if let Some(job) = &one.job { " " a href={ "jobs/" (encoded(job)) } { code { (short(job)) } } } }
                    td.when { (moment(one.event.time, view.now)) }
                }
            } }
        }
    }
}

/// Events that went before it was fed them.
fn gaps(view: &View, gaps: &[Gap]) -> Markup {
    html! {
        section.problems aria-label="What it was not fed" {
            @for gap in gaps {
                div.problem.problem-problem {
                    (icon("cross"))
                    div {
                        h3 { "It was not fed positions " (number(gap.from)) " to " (number(gap.to)) ", and never will be" }
                        p { (text(&gap.reason)) span.meta { " · " (moment(gap.at, view.now)) } }
                    }
                }
            }
        }
    }
}

/// Events that wait for others.
fn windows(view: &View, windows: &[Window]) -> Markup {
    let events: usize = windows.iter().map(|window| window.positions.len()).sum();
    html! {
        section {
            h2 { "Events that wait for others" }
            p.meta { (count(events as u64, "event")) " for " (count(windows.len() as u64, "job")) "." }
            table.rows {
                thead { tr { th { "Key" } th.number { "Events" } th { "Since" } th { "Job at the latest" } } }
                tbody { @for window in windows.iter().take(WINDOWS) {
                    tr {
                        td.main { @if window.key.is_empty() { span.meta { "all" } } @else { (text(&window.key)) } }
                        td.number data-name="events" { (window.positions.len()) @if let Some(last) = window.positions.last() { span.meta { ", last " a href={ "events/" (last) } { (last) } } } }
                        td data-name="since" { (moment(window.opened_at, view.now)) }
                        td.when { (moment(window.due_at, view.now)) }
                    }
                } }
            }
            @if windows.len() > WINDOWS { p.note { "The first " (WINDOWS) " are shown." } }
        }
    }
}

fn facts(view: &View, one: &Subscription) -> Markup {
    let at = |at: Timestamp| moment(at, view.now);
    html! {
        section.facts {
            h2 { "Definition" }
            dl {
                dt { "Becomes" } dd { (one.target()) }
                @if let Some(queue) = &one.queue { dt { "Queue" } dd { a href=(link("jobs", &[("filter", &term("queue", queue))])) { (text(queue)) } } }
                @if let Some(version) = one.version { dt { "Version" } dd { (version) } }
                @if let Some(most) = one.max_attempts { dt { "Failures" } dd { @if most == 0 { "tried until it succeeds" } @else { "dead after " (most) } } }
                @if let Some(source) = &one.source { dt { "Source" } dd { (text(source)) } }
                @if let Some(mode) = &one.mode { dt { "Mode" } dd { (mode) } }
                @if let Some(lane) = &one.lane { dt { "Lane" } dd { "one after the other by " code { (text(lane)) } } }
                @if let Some(credit) = one.credit { dt { "Credit" } dd { "at most " (count(credit.into(), "unfinished job")) } }
                @if let Some(pace) = &one.pace { dt { "Pace" } dd { (text(pace)) " while it catches up" } }
                dt { "Begins" } dd { @if one.after == 0 { "at the beginning of the log" } @else { "behind position " a href={ "events/" (one.after) } { (number(one.after)) } } }
                @if let Some(until) = one.until { dt { "Ends" } dd { "with position " a href={ "events/" (until) } { (number(until)) } } }
                dt { "Created" } dd { (at(one.created_at)) }
            }
        }
    }
}

/// What cannot be taken back stands apart.
fn apart(view: &View, one: &Subscription) -> Markup {
    let name = encoded(&one.name);
    let says = format!(
        "Subscription {} goes. Jobs that came of it stay; events from now on make none.",
        one.name
    );
    let to = format!("subscriptions/{name}/remove");
    let button = Button::to(&to, ("Remove", "cross", "danger")).about(&one.name);
    html! {
        section.apart {
            h2 { "Undo and remove" }
            div.tools {
                a.button href=(link("jobs", &[("filter", &term("tag", &format!("replay:{}", one.name)))])) { (icon("jobs")) span { "Jobs of its replays" } }
                a.button href={ "subscriptions/" (name) "/undo" } { (icon("undo")) span { "Undo replays…" } }
                (button.ask(view, &says, &html! {}))
            }
        }
    }
}
