//! One source: how far it is read, what its feed did not give, and what could not be read.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::Timestamp;
use windlass_http::words::time::{count, number};

use super::document::{Gap, Quarantine, Source};
use crate::extract::{Path, Query};
use crate::fault::Fault;
use crate::filter::{encoded, link, term, word};
use crate::form::{Button, Field};
use crate::json::pretty;
use crate::layout::{Nav, Page};
use crate::parts::{Named, copies, copy, cut, icon, moment, pager, text};
use crate::view::View;

/// Rows of a page of records.
const ROWS: &str = "20";
/// Of a record so much is shown.
const BODY_CHARS: usize = 4_000;

/// Which page of the records that were put aside.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    cursor: String,
}

pub(super) async fn show(
    view: View,
    Path(Named { name }): Path<Named>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Fault> {
    let path = format!("/v1/sources/{}", encoded(&name));
    let one = view.ask().get::<Source>(&path).await?;
    let asked = [("limit", ROWS), ("cursor", wanted.cursor.as_str())];
    let aside = view.ask().get::<Quarantine>(&link(&format!("{path}/quarantine"), &asked)).await?;
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title {
            div { p.crumb { a href="sources" { "Sources" } } h1 { (text(&one.name)) } }
            (tools(&view, &one, may_operate))
        }
        p.lead { (one.badge()) " " (summary(&view, &one)) }
        @if let Some(error) = &one.error { section.error { h2 { "Error of its feed" } pre { (cut(error, BODY_CHARS)) } @if let Some(at) = one.error_at { p.meta { (moment(at, view.now)) ", " (count(one.failures.into(), "failure")) " in a row" } } } }
        div.columns {
            div {
                (gaps(&view, &one, may_operate))
                (quarantine(&view, &one, &aside, may_operate))
            }
            div {
                (facts(&view, &one))
                section { h2 { "Configuration" } (copy("Copy", one.about.get())) pre.json tabindex="0" { (pretty(one.about.get())) } }
                @if may_operate { (apart(&view, &one)) }
            }
        }
    };
    Page::new(Nav::Sources, one.name.clone(), body).live("types=*").show(&view).await
}

fn tools(view: &View, one: &Source, may_operate: bool) -> Markup {
    let page = format!("sources/{}", encoded(&one.name));
    html! {
        div.tools {
            (copies(view, &format!("windlass source show {}", word(&one.name)), &format!("/v1/sources/{}", encoded(&one.name))))
            @if may_operate { (one.switch(&page).in_head(view)) }
        }
    }
}

fn summary(view: &View, one: &Source) -> Markup {
    html! {
        @if let Some(paused) = one.pause() { "It is " (paused.line(view)) ". " }
        @else if let Some(overdue) = one.overdue(view) { "It is " (overdue) ". " }
        @else if let Some(reason) = &one.reason { (text(reason)) ", since " (moment(one.changed_at, view.now)) ". " }
        @match one.behind() {
            Some(0) => "It was read to the end of its feed.",
            Some(behind) => { (count(behind, "record")) " of its feed were not read yet." },
            None => { "Its feed was " @if let Some(at) = one.polled_at { "polled " (moment(at, view.now)) } @else { "not polled yet" } "." },
        }
    }
}

fn gaps(view: &View, one: &Source, may_operate: bool) -> Markup {
    html! {
        section {
            div.title {
                h2 { "Gaps" }
                @if may_operate && one.open_gaps > 1 {
                    (Button::to(&format!("sources/{}/close", encoded(&one.name)), ("Close all", "check", "")).about(&one.name).show(view))
                }
            }
            @if one.gaps.is_empty() { p.meta { "Nothing is missing." } } @else {
                table.rows {
                    thead { tr { th { "State" } th { "Missing records" } th { "Reaction" } th.when { "Found" } @if may_operate { th { span.hidden { "Actions" } } } } }
                    tbody { @for gap in &one.gaps { (gap_row(view, one, gap, may_operate)) } }
                }
            }
        }
    }
}

fn gap_row(view: &View, one: &Source, gap: &Gap, may_operate: bool) -> Markup {
    let numbers = match (gap.from, gap.to) {
        (Some(from), Some(to)) if from == to => number(from),
        (Some(from), Some(to)) => format!("{} to {}", number(from), number(to)),
        (Some(from), None) => format!("from {}", number(from)),
        (None, Some(to)) => format!("up to {}", number(to)),
        (None, None) => "unknown records".to_owned(),
    };
    html! {
        tr id={ "gap-" (gap.event) } {
            td.state { @match gap.closed_at {
                Some(_) => span.badge.done { (icon("check")) "closed" },
                None => span.badge.warning { (icon("warning")) "open" },
            } }
            td.main { a.name href={ "events/" (encoded(&gap.event)) } { @if gap.why == "reset" { "Reset: " } (numbers) } @if let Some(at) = gap.closed_at { p.why { "closed " (moment(at, view.now)) } } }
            td data-name="reaction" { (text(&gap.answer)) }
            td.when { (moment(gap.at, view.now)) }
            @if may_operate { td.acts { @if gap.closed_at.is_none() {
                (Button::to(&format!("sources/{}/close", encoded(&one.name)), ("Close", "check", "quiet")).inline(view, &[("gap", &gap.event)]))
            } } }
        }
    }
}

fn quarantine(view: &View, one: &Source, aside: &Quarantine, may_operate: bool) -> Markup {
    let here = format!("sources/{}", encoded(&one.name));
    let page =
        |cursor: &Option<String>| cursor.as_ref().map(|cursor| link(&here, &[("cursor", cursor)]));
    html! {
        section {
            h2 { "Quarantined records" }
            p.meta { @if one.quarantined == 0 { "None of its records." } @else { (count(one.quarantined, "record")) " that could not become events, the oldest first." } @if one.dropped > 0 { " " (number(one.dropped)) " more are not kept." } }
            ul.attempts { @for record in &aside.items {
                li {
                    div {
                        b { (record.id) } @if let Some(nth) = record.number { span.meta { " · number " (number(nth)) } } span.meta { " · " (moment(record.at, view.now)) }
                        @if may_operate { " " (Button::to(&format!("{here}/discard"), ("Discard", "cross", "danger")).inline(view, &[("record", &record.id.to_string())])) }
                    }
                    details { summary { (text(&record.reason)) } pre { (cut(&record.body, BODY_CHARS)) } @if record.is_cut { p.note { "There was more than is kept, so that it cannot be imported." } } }
                }
            } }
            (pager(page(&aside.prev).as_deref(), page(&aside.next).as_deref()))
        }
    }
}

fn facts(view: &View, one: &Source) -> Markup {
    let at = |at: Timestamp| moment(at, view.now);
    let events = link("events", &[("filter", &term("source", &format!("/sources/{}", one.name)))]);
    html! {
        section.facts {
            h2 { "Progress" }
            dl {
                dt { "Read up to" } dd { (one.place()) }
                @if let Some(nth) = one.number { dt { "Last number" } dd { (number(nth)) @if let Some(head) = one.head { " of " (number(head)) } } }
                @if one.generation > 0 { dt { "Resets" } dd { (count(one.generation.into(), "time")) } }
                dt { "Imported" } dd { (count(one.imported, "event")) span.meta { " · " a href=(events) { "its events" } } @if let Some(moment) = one.imported_at { ", last " (at(moment)) } }
                dt { "Duplicates" } dd { (number(one.repeated)) span.meta { " were there before" } }
                @if let Some(moment) = one.polled_at { dt { "Last poll" } dd { (at(moment)) } }
                @if let Some(moment) = one.next_at { dt { "Next poll" } dd { (at(moment)) } }
                dt { "Read by" } dd { @if let Some(holder) = &one.holder { (text(holder)) @if let Some(until) = one.held_until { span.meta { " until " (at(until)) " unless renewed" } } } @else { "no worker" } }
            }
        }
    }
}

/// What cannot be taken back stands apart.
fn apart(view: &View, one: &Source) -> Markup {
    let to = |act: &str| format!("sources/{}/{act}", encoded(&one.name));
    let reset = Field::text("to", "Behind this cursor; its oldest record where empty").show();
    let says = format!(
        "Source {} goes, with its quarantined records. Its events stay, and a program that declares it makes it again.",
        one.name
    );
    html! {
        section.apart {
            h2 { "Reset and remove" }
            p.meta { "Records that were imported before do not become events again." }
            div.tools {
                (Button::to(&to("reset"), ("Reset", "undo", "danger")).about(&one.name).ask(view, "", &reset))
                (Button::to(&to("remove"), ("Remove", "cross", "danger")).about(&one.name).ask(view, &says, &html! {}))
            }
        }
    }
}
