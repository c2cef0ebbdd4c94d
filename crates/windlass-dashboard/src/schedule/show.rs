//! One schedule: whether it will run and when, what came of it last, and who decides what it is.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use windlass::Timestamp;
use windlass_http::words::time::{lasted, number, span};

use super::document::{Declaration, Declared, Definition, LastJob, Preview, Schedule, in_words};
use crate::extract::Path;
use crate::fault::Fault;
use crate::filter::{encoded, link, term, word};
use crate::form::Button;
use crate::json::pretty;
use crate::layout::{Nav, Page};
use crate::parts::{Named, copies, copy, icon, moment, short, text};
use crate::state::badge;
use crate::view::View;

pub(super) async fn show(view: View, Path(Named { name }): Path<Named>) -> Result<Response, Fault> {
    let path = format!("/v1/schedules/{}", encoded(&name));
    let one = view.ask().get::<Schedule>(&path).await?;
    let next = match view.ask().get::<Preview>(&format!("{path}/next?n=5")).await {
        Ok(next) => next.due,
        // Its rule cannot be read; the page says why.
        Err(fault) if fault.status() == StatusCode::CONFLICT => Vec::new(),
        Err(fault) => return Err(fault),
    };
    let last = last_job(&view, &one).await?;
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title {
            div { p.crumb { a href="schedules" { "Schedules" } } h1 { (text(&one.name)) } }
            (tools(&view, &one, may_operate))
        }
        p.lead { (one.badge()) " " (summary(&view, &one)) }
        (problems(&view, &one))
        div.columns {
            div {
                section {
                    h2 { "Next runs" }
                    @if next.is_empty() { p.meta { "None." } }
                    @else {
                        table.rows {
                            thead { tr { th { "In " (text(&one.definition.zone)) } th { "From now" } } }
                            tbody { @for due in &next { tr { td.main { (text(&due.local())) } td.when { time datetime=(due.at) title=(due.at) { "in " (lasted(due.at.since(view.now))) } } } } }
                        }
                        @if one.is_paused() || one.is_removed() { p.note { "These runs are left out while it is " @if one.is_removed() { "removed" } @else { "paused" } "." } }
                    }
                }
                (history(&view, &one, last.as_ref()))
            }
            div {
                section { h2 { "Args" } (copy("Copy", one.args.get())) pre.json tabindex="0" { (pretty(one.args.get())) } }
                (facts(&view, &one))
                @if may_operate { (apart(&view, &one)) }
            }
        }
    };
    Page::new(Nav::Schedules, one.name.clone(), body).live("counts=true").show(&view).await
}

async fn last_job(view: &View, one: &Schedule) -> Result<Option<LastJob>, Fault> {
    let Some(job) = &one.last_job else { return Ok(None) };
    match view.ask().get::<LastJob>(&format!("/v1/jobs/{}", encoded(job))).await {
        Ok(found) => Ok(Some(found)),
        Err(fault) if matches!(fault.status(), StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) => {
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

fn tools(view: &View, one: &Schedule, may_operate: bool) -> Markup {
    let page = format!("schedules/{}", encoded(&one.name));
    html! {
        div.tools {
            (copies(view, &format!("windlass schedule show {}", word(&one.name)), &format!("/v1/schedules/{}", encoded(&one.name))))
            @if may_operate && !one.is_removed() {
                (Button::to(&format!("{page}/run"), ("Run now", "play", "")).about(&one.name).show(view))
                (one.switch(&page).in_head(view))
            }
        }
    }
}

fn summary(view: &View, one: &Schedule) -> Markup {
    html! {
        code { (text(&one.definition.rule)) } " in " (text(&one.definition.zone))
        @if let Some(at) = one.next_at { ", next " (moment(at, view.now)) }
        @if let Some(paused) = one.pause() { ", " (paused.line(view)) }
        @if let Some(at) = one.removed_at { ", removed " (moment(at, view.now)) }
    }
}

fn problems(view: &View, one: &Schedule) -> Markup {
    let problem = |picture: &str, title: &str, more: Markup| {
        html! { div.problem { (icon(picture)) div { h3 { (title) } (more) } } }
    };
    html! {
        @if one.error.is_some() || one.contested_at.is_some() || one.differs_from_declaration {
            section.problems aria-label="Problems" {
                @if let Some(error) = &one.error { (problem("cross", "It cannot fire", html! { p { (text(error)) } })) }
                @if let Some(at) = one.contested_at { (problem("warning", "It is declared in two ways", html! { p { "Two programs say different things of it in turn, the last time " (moment(at, view.now)) "." } })) }
                @if one.differs_from_declaration { (problem("warning", "It is not as it is declared", differences(one))) }
            }
        }
    }
}

/// What is declared, where that is something else.
fn differences(one: &Schedule) -> Markup {
    let Some(Declaration { by, definition, .. }) = &one.declared else {
        return html! { p { "A person changed it." } };
    };
    html! {
        p { "A person changed it, and " (text(by)) " declares something else." }
        @if let Some(declared) = definition {
            ul { @for (name, runs, says) in lines(one, declared) { @if runs != says { li { (name) ": " code { (text(&runs)) } " runs, " code { (text(&says)) } " is declared" } } } }
        } @else { p { "What it declares cannot be read." } }
    }
}

fn lines(one: &Schedule, declared: &Declared) -> Vec<(&'static str, String, String)> {
    let (runs, says) = (&one.definition, &declared.definition);
    let both = |name, of: fn(&Definition) -> String| (name, of(runs), of(says));
    vec![
        both("rule", |one| one.rule.clone()),
        both("zone", |one| one.zone.clone()),
        both("kind", |one| one.kind.clone()),
        both("version", |one| one.version.to_string()),
        both("queue", |one| one.queue.clone()),
        both("priority", |one| one.priority.to_string()),
        both("missed", |one| one.missed.clone()),
        both("overlap", |one| one.overlap.clone()),
        ("args", one.args.get().to_owned(), declared.args.get().to_owned()),
        both("failures", |one| or_dash(one.max_attempts.map(|most| most.to_string()))),
        both("timeout", |one| or_dash(one.timeout_ms.map(lasts))),
        both("expires", |one| or_dash(one.expires_ms.map(lasts))),
        both("tags", |one| one.tags.join(" ")),
        both("subjects", |one| {
            let subjects = one.subjects.iter().map(|one| format!("{}={}", one.r#type, one.id));
            subjects.collect::<Vec<_>>().join(" ")
        }),
    ]
}

fn lasts(ms: u64) -> String {
    span(std::time::Duration::from_millis(ms))
}

fn or_dash(value: Option<String>) -> String {
    value.unwrap_or_else(|| "-".to_owned())
}

fn history(view: &View, one: &Schedule, last: Option<&LastJob>) -> Markup {
    let jobs = link("jobs", &[("filter", &term("kind", &one.definition.kind))]);
    html! {
        section.facts {
            h2 { "What came of it" }
            dl {
                dt { "Last job" } dd {
                    @if let Some(job) = &one.last_job {
                        a href={ "jobs/" (encoded(job)) } { code { (short(job)) } } " "
                        @match last { Some(last) => (badge(last.state)), None => span.meta { "is not kept any more" } }
                    } @else { "none yet" }
                }
                @if let Some(at) = one.last_due_at { dt { "Last due" } dd { (moment(at, view.now)) } }
                @if let Some(at) = one.queued_due_at { dt { "A run waits" } dd { "that of " (moment(at, view.now)) ", until the last job has ended" } }
                dt { "Jobs enqueued" } dd { (number(one.fired)) span.meta { " · " a href=(jobs) { "jobs of its kind" } } }
                dt { "Skipped" } dd { (number(one.skipped)) span.meta { " while the last job had not ended" } }
                dt { "Missed" } dd { (number(one.missed_due_times)) span.meta { " while nothing could run" } }
            }
        }
    }
}

fn facts(view: &View, one: &Schedule) -> Markup {
    let definition = &one.definition;
    let jobs = |filter: &str, shown: &str| html! { a href=(link("jobs", &[("filter", filter)])) { (text(shown)) } };
    let at = |at: Timestamp| moment(at, view.now);
    html! {
        section.facts {
            h2 { "Definition" }
            dl {
                dt { "Rule" } dd { code { (text(&definition.rule)) } }
                dt { "Zone" } dd { (text(&definition.zone)) }
                dt { "Kind" } dd { (jobs(&term("kind", &definition.kind), &definition.kind)) @if definition.version > 1 { span.meta { " version " (definition.version) } } }
                dt { "Queue" } dd { (jobs(&term("queue", &definition.queue), &definition.queue)) }
                dt { "Priority" } dd { (definition.priority) }
                @if let Some(most) = definition.max_attempts { dt { "Failures" } dd { @if most == 0 { "tried until it succeeds" } @else { "dead after " (most) } } }
                @if let Some(ms) = definition.timeout_ms { dt { "Timeout" } dd { (lasts(ms)) } }
                @if let Some(ms) = definition.expires_ms { dt { "Expires" } dd { "after " (lasts(ms)) } }
                dt { "Missed runs" } dd { (in_words(&definition.missed)) }
                dt { "While one runs" } dd { (in_words(&definition.overlap)) }
                @if !definition.tags.is_empty() { dt { "Tags" } dd { @for tag in &definition.tags { (jobs(&term("tag", tag), tag)) " " } } }
                @if !definition.subjects.is_empty() { dt { "About" } dd { @for subject in &definition.subjects { @let subject = subject.text(); (jobs(&term("subject", &subject), &subject)) " " } } }
                dt { "Owner" } dd { (in_words(&one.owner)) }
                @if let Some(declared) = &one.declared { dt { "Declared" } dd { "by " (text(&declared.by)) ", " (in_words(&declared.owner)) ", " (at(declared.at)) } }
                dt { "Changed" } dd { (at(one.changed_at)) " by " (text(&one.changed_by)) }
            }
        }
    }
}

/// What cannot be taken back stands apart.
fn apart(view: &View, one: &Schedule) -> Markup {
    let says = match (&one.declared, one.is_removed()) {
        (Some(_), false) => format!(
            "Schedule {} is removed. It stays on the list, and its declaration does not bring it back. Its jobs stay.",
            one.name
        ),
        (_, true) => format!("Schedule {} is forgotten. The next declaration makes it.", one.name),
        (None, false) => format!("Schedule {} goes for good. Its jobs stay.", one.name),
    };
    let name = if one.is_removed() { "Forget" } else { "Remove" };
    let to = format!("schedules/{}/remove", encoded(&one.name));
    let button = Button::to(&to, (name, "cross", "danger")).about(&one.name);
    html! {
        section.apart {
            h2 { "Remove" }
            div.tools { (button.ask(view, &says, &html! {})) }
        }
    }
}
