//! The page of one subject.

use std::time::Duration;

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::limits::KEEP_FINISHED;
use windlass_http::words::time::span;

use super::axis::{Axis, Cursors, Event, ROWS, Row, Side, merged};
use crate::extract::{Path, Query};
use crate::fault::Fault;
use crate::filter::{encoded, link, quoted, term};
use crate::job::Job;
use crate::layout::{Nav, Page};
use crate::parts::short;
use crate::parts::{copies, empty, icon, moment, plain, text};
use crate::state::badge;
use crate::view::View;

/// Each list is asked for as many as may come before those of the other, and as many may have come meanwhile.
const LIMIT: &str = "100";
const _: () = assert!(ROWS < 100);

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    subject: String,
}

/// What the page shows of `event_keep.v1`.
#[derive(Debug, Deserialize)]
struct Keep {
    keep_us: u64,
}

pub(super) async fn show(
    view: View,
    Path(Which { subject }): Path<Which>,
    Query(place): Query<Cursors>,
) -> Result<Response, Fault> {
    let Some((kind, id)) =
        subject.split_once('=').filter(|(kind, id)| !kind.is_empty() && !id.is_empty())
    else {
        return Err(Fault::invalid("a subject is a type and an id, such as customer=42"));
    };
    let filter = term("subject", &subject);
    let jobs = jobs(&view, &place, &filter);
    let events = events(&view, &place, (kind, id));
    let (jobs, events) = tokio::try_join!(jobs, events)?;
    let sees_events = events.is_some();
    let axis = merged(&place, jobs, events.unwrap_or_default());
    let here = format!("subjects/{}", encoded(&subject));
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title {
            div { p.crumb { "Subject" } h1 { (text(kind)) " " (text(id)) } }
            div.tools {
                (copies(&view, &format!("windlass job list {}", quoted(&filter)), &link("/v1/jobs", &[("filter", &filter)])))
                a.button href=(link("jobs", &[("filter", &filter)])) { "Its jobs" }
                @if may_operate { a.button href=(link("operations/new", &[("filter", &filter)])) { "Act on its jobs" } }
            }
        }
        @if !sees_events { p.note { "Events are not shown: your access is limited to some jobs." } }
        @if axis.rows.is_empty() && place.is_first() && axis.next.is_none() { (never(&view, &subject).await?) }
        @else { (rows(&view, &axis)) }
        @if !axis.complete { p.note { "The search ended at its bound: what is older is on the next pages." } }
        nav.pager aria-label="Pages of the list" {
            @if !place.is_first() { a href=(here) { "Newest" } }
            @if let Some(next) = &axis.next { a rel="next" href=(next.link(&here)) { "Older" (icon("right")) } }
        }
    };
    let page = Page::new(Nav::Jobs, plain(&subject), body);
    if place.is_first() {
        page.live("counts=true").show(&view).await
    } else {
        page.show(&view).await
    }
}

async fn jobs(view: &View, place: &Cursors, filter: &str) -> Result<Side<Job>, Fault> {
    if !place.has_jobs() {
        return Ok(Side::default());
    }
    let asked = [("filter", filter), ("limit", LIMIT), ("cursor", &place.jobs), ("fields", "head")];
    view.ask().get(&link("/v1/jobs", &asked)).await
}

/// Events that are about it, and those that have happened to it under the name that their sources give it.
async fn events(
    view: &View,
    place: &Cursors,
    (kind, id): (&str, &str),
) -> Result<Option<Side<Event>>, Fault> {
    if !place.has_events() {
        return Ok(Some(Side::default()));
    }
    let value = |mark: char| term("", &format!("{kind}{mark}{id}")).split_off(1);
    let filter = format!("subject:{},{}", value('='), value('/'));
    let asked = [("filter", filter.as_str()), ("limit", LIMIT), ("cursor", &place.events)];
    let found = view.ask().get_if_allowed::<Side<Event>>(&link("/v1/events", &asked)).await?;
    Ok(found.map(|mut found| {
        // An id with a star in it is a pattern to the filter.
        found.items.retain(|event| event.is_about((kind, id)));
        found
    }))
}

fn rows(view: &View, axis: &Axis) -> Markup {
    html! {
        table.rows.both {
            thead { tr { th { "What" } th { "State" } th { "Where" } th { "When" } } }
            tbody { @for row in &axis.rows {
                @match row { Row::Job(job) => (of_job(view, job)), Row::Event(event) => (of_event(view, event)) }
            } }
        }
    }
}

fn of_job(view: &View, job: &Job) -> Markup {
    html! {
        tr id={ "row-" (job.id) } {
            td.main {
                (icon("jobs")) " " span.hidden { "Job " }
                a.name href={ "jobs/" (encoded(&job.id)) } { (text(&job.kind)) }
                code.id { (short(&job.id)) }
                @if let Some(why) = job.why() { p.why title=(plain(why)) { (text(why)) } }
            }
            td.state { (badge(job.state)) }
            td data-name="queue" { a href=(link("jobs", &[("filter", &term("queue", &job.queue))])) { (text(&job.queue)) } }
            td.when { (moment(job.created_at, view.now)) }
        }
    }
}

fn of_event(view: &View, event: &Event) -> Markup {
    html! {
        tr id={ "row-" (event.id) } {
            td.main {
                (icon("events")) " " span.hidden { "Event " }
                a.name href={ "events/" (encoded(&event.id)) } { (text(&event.r#type)) }
                code.id { (short(&event.id)) }
            }
            td.state { span.badge { "event" } }
            td data-name="source" { (text(&event.source)) }
            td.when { (moment(event.time, view.now)) }
        }
    }
}

/// Nothing is there: what that says, and what it does not.
async fn never(view: &View, subject: &str) -> Result<Markup, Fault> {
    let keep = view.ask().get_if_allowed::<Keep>("/v1/events/keep").await?;
    let command = format!("windlass enqueue hello --subject {}", quoted(subject));
    let more = html! {
        p { "No job that you may see is about it. One that ended goes after its time of keeping, " (span(KEEP_FINISHED)) " unless it is set to something else: an older one may have been." }
        @if let Some(keep) = keep {
            p { "No event is about it. Events are kept for " (span(Duration::from_micros(keep.keep_us))) " at least; an older one may have been." }
        }
        p.meta { "Subjects are compared letter by letter. A job about it:" }
        pre { (text(&command)) }
    };
    Ok(empty("Nothing about this is here", &more))
}
