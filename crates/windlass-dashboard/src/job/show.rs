//! One job: where it stands and why, its attempts, what it said, what it gets and what it returned.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::{State, Timestamp};
use windlass_http::job::without_remark;
use windlass_http::words::time::span;

use super::document::{Attempt, Job};
use crate::extract::Path;
use crate::fault::Fault;
use crate::filter::{encoded, link, term};
use crate::form::Button;
use crate::json::pretty;
use crate::layout::{Nav, Page};
use crate::parts::{Which, copies, copy, icon, lines_of, moment, short, since, text};
use crate::state::{badge, sign};
use crate::view::{View, Who};

/// Why it is in this state: `explanation.v1`.
#[derive(Debug, Deserialize)]
struct Explanation {
    gates: Vec<Gate>,
    says: String,
    commands: Vec<String>,
    notes: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Gate {
    standing: String,
    says: String,
}

impl Gate {
    /// Its class and its picture. Where a job has ended nothing keeps it back any more.
    fn look(&self, state: State) -> (&'static str, &'static str) {
        match self.standing.as_str() {
            "open" => ("open", "check"),
            "shut" if !state.is_terminal() => ("shut", "cross"),
            _ => ("note", "dot"),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Lines {
    items: Vec<Line>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Line {
    at: Timestamp,
    attempt: u32,
    level: String,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Progress {
    percent: Option<f64>,
    note: Option<String>,
    at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct Steps {
    items: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    name: String,
    nth: u32,
    at: Timestamp,
}

pub(super) async fn show(view: View, Path(Which { id }): Path<Which>) -> Result<Response, Fault> {
    let path = format!("/v1/jobs/{}", encoded(&id));
    let job = view.ask().get::<Job>(&path).await?;
    let of = |part: &str| format!("{path}/{part}");
    let explained = view.ask().get_if_allowed::<Explanation>(&of("explain")).await?;
    let progress = view.ask().get::<Progress>(&of("progress")).await?;
    let steps = view.ask().get::<Steps>(&of("steps")).await?.items;
    let lines = view.ask().get::<Lines>(&of("log")).await?;
    let who = view.who().await?;
    let body = html! {
        div.title {
            div { p.crumb { a href="jobs" { "Jobs" } } h1 { (text(&job.kind)) } p.meta { code { (job.id) } } }
            (buttons(&view, &job, &who))
        }
        p.lead { (summary(&view, &job, explained.as_ref())) }
        @if let Some(percent) = progress.percent.filter(|_| job.state == State::Running) {
            (bar(percent, progress.note.as_deref(), progress.at.map(|at| moment(at, view.now))))
        }
        @if let Some(error) = job.why() { section.error { h2 { "Error" } pre tabindex="0" { (lines_of(error)) } } }
        div.columns {
            div {
                @if let Some(explained) = &explained { (gates(job.state, explained)) }
                (attempts(&view, &job))
                @if !steps.is_empty() { (done_steps(&view, &steps)) }
                @if !lines.items.is_empty() { (log(&view, &lines)) }
            }
            div {
                @if let Some(args) = &job.args { section { h2 { "Args" } (copy("Copy", args.get())) pre.json tabindex="0" { (pretty(args.get())) } } }
                @if let Some(output) = &job.output {
                    section { h2 { "Output" } (copy("Copy", output.get())) pre.json tabindex="0" { (pretty(output.get())) } }
                }
                (facts(&view, &job, &who))
            }
        }
    };
    let page = Page::new(Nav::Jobs, format!("{} {}", job.kind, short(&job.id)), body);
    page.live(format!("jobs={}", encoded(&job.id))).show(&view).await
}

fn buttons(view: &View, job: &Job, who: &Who) -> Markup {
    let button = |act: &str, name: &str, class: &str, picture: &str| {
        let to = format!("jobs/{}/{act}", encoded(&job.id));
        Button::to(&to, (name, picture, class)).show(view)
    };
    let may_retry = !matches!(job.state, State::Running | State::Available | State::Waiting);
    let may_act = who.may_operate();
    let has_ended = matches!(job.state, State::Completed | State::Cancelled | State::Dead);
    html! {
        div.tools {
            @if !who.is_limited() { a.button href={ "traces/" (encoded(&job.id)) } { (icon("workflows")) span { "Show its trace" } } }
            (copies(view, &format!("windlass job show {}", job.id), &format!("/v1/jobs/{}", encoded(&job.id))))
            @if who.may_enqueue() { a.button href=(link("jobs/new", &[("like", &job.id)])) { "Enqueue one like it…" } }
            @if may_act && may_retry { (button("retry", if has_ended { "Run again" } else { "Run now" }, "primary", "loop")) }
            @if may_act && !has_ended { (button("cancel", "Cancel", "danger", "slash")) }
        }
    }
}

/// Where it stands and what comes next, in a sentence that begins with the state.
fn summary(view: &View, job: &Job, explained: Option<&Explanation>) -> Markup {
    if let Some(Explanation { says, .. }) = explained {
        return html! { (sign(job.state)) " " (text(says)) };
    }
    let (word, at) = job.moment();
    html! { (badge(job.state)) " " (word) " " (moment(at, view.now)) @if job.cancel_requested { ", asked to stop" } }
}

fn bar(percent: f64, note: Option<&str>, at: Option<Markup>) -> Markup {
    html! {
        div.progress {
            progress max="100" value=(format!("{percent:.0}")) {}
            span { (format!("{percent:.0} %")) @if let Some(note) = note { " · " (text(note)) } @if let Some(at) = at { span.meta { " · " (at) } } }
        }
    }
}

fn gates(state: State, explained: &Explanation) -> Markup {
    html! {
        section.gates {
            h2 { "Why it is in this state" }
            ul {
                @for gate in &explained.gates {
                    @let (class, picture) = gate.look(state);
                    li class=(class) { (icon(picture)) span { (text(&gate.says)) } }
                }
            }
            @for note in &explained.notes { p.note { (text(note)) } }
            @for command in &explained.commands {
                @let (command, remark) = without_remark(command);
                div.command { code { (text(command)) } (copy("Copy", command)) }
                @if let Some(remark) = remark { p.meta { (text(remark)) } }
            }
        }
    }
}

fn attempts(view: &View, job: &Job) -> Markup {
    html! {
        section {
            h2 { "Attempts" }
            @if job.attempts.is_empty() && job.state != State::Running {
                p.meta { @if job.attempt == 0 { "It has not run yet." } @else { "None of them failed." } }
            } @else {
                ol.attempts reversed {
                    @if job.state == State::Running {
                        li { p { b { (job.attempt) } " " span.badge.running { (icon("ring")) "running" }
                            @if let Some(at) = job.started_at { " for " (since(at, view.now)) }
                            @if let Some(worker) = &job.worker { span.meta { " on " (text(worker)) } } } }
                    }
                    @for attempt in job.attempts.iter().rev() { (past(view, attempt)) }
                }
            }
        }
    }
}

fn past(view: &View, attempt: &Attempt) -> Markup {
    let word = attempt.outcome.word();
    let (picture, colour) = match word {
        "ok" => ("check", "done"),
        "error" | "timeout" | "panic" | "lost" => ("cross", "failed"),
        _ => ("dot", "plain"),
    };
    let took = attempt.started_at.zip(attempt.ended_at).map(|(start, end)| span(end.since(start)));
    html! {
        li {
            p { b { (attempt.attempt) } " " span class={ "badge " (colour) } { (icon(picture)) (word) }
                @if let Some(took) = took { " in " (took) }
                @if let Some(at) = attempt.ended_at { span.meta { " · " (moment(at, view.now)) } }
                span.meta { " · " (text(&attempt.worker)) } }
            @if let Some(error) = &attempt.error { (failure(error)) }
        }
    }
}

/// An error: its first line always, the others behind it.
fn failure(error: &str) -> Markup {
    let mut lines = error.trim_end().splitn(2, '\n');
    let (first, rest) = (lines.next().unwrap_or_default(), lines.next());
    html! {
        @if let Some(rest) = rest {
            details { summary { (text(first)) } pre tabindex="0" { (lines_of(rest)) } }
        } @else { p.said { (text(first)) } }
    }
}

fn done_steps(view: &View, steps: &[Step]) -> Markup {
    html! {
        section {
            h2 { "Steps" }
            ul.steps { @for step in steps {
                li { (icon("check")) (text(&step.name)) @if step.nth > 1 { span.meta { " " (step.nth) } } span.meta { " · " (moment(step.at, view.now)) } }
            } }
        }
    }
}

fn log(view: &View, lines: &Lines) -> Markup {
    html! {
        section {
            h2 { "Log" }
            table.log { @for line in &lines.items {
                tr class=(line.level) { td.meta { (moment(line.at, view.now)) } td.meta { (line.attempt) } td.level { (line.level) } td { pre { (lines_of(&line.text)) } } }
            } }
            @if lines.next.is_some() { p.note { "There is more: " code { "windlass job log" } " shows all of it." } }
        }
    }
}

fn facts(view: &View, job: &Job, who: &Who) -> Markup {
    let at = |at: Timestamp| moment(at, view.now);
    let jobs = |filter: &str, shown: &str| html! { a href=(link("jobs", &[("filter", filter)])) { (text(shown)) } };
    html! {
        section.facts {
            h2 { "Facts" }
            dl {
                dt { "Queue" } dd { (jobs(&term("queue", &job.queue), &job.queue)) }
                @if !job.subjects.is_empty() {
                    dt { "About" } dd { @for subject in &job.subjects { @let subject = subject.text(); a href={ "subjects/" (encoded(&subject)) } { (text(&subject)) } " " } }
                }
                @if !job.tags.is_empty() { dt { "Tags" } dd { @for tag in &job.tags { (jobs(&term("tag", tag), tag)) " " } } }
                dt { "Priority" } dd { (job.priority) }
                dt { "Written" } dd { (at(job.created_at)) @if let Some(origin) = &job.origin { span.meta { " by " (text(origin)) } } }
                dt { "Due" } dd { (at(job.run_at)) }
                @if let Some(moment) = job.started_at { dt { "Started" } dd { (at(moment)) } }
                @if let Some(moment) = job.finished_at { dt { "Ended" } dd { (at(moment)) } }
                @if let Some(moment) = job.expires_at { dt { "Expires" } dd { (at(moment)) } }
                @if let Some(ms) = job.timeout_ms { dt { "Timeout" } dd { (span(std::time::Duration::from_millis(ms))) } }
                @if let Some(worker) = &job.worker { dt { "Worker" } dd { (text(worker)) } }
                @if !who.is_limited() { (origin(job)) }
                @if let Some(batch) = job.batch.as_ref().filter(|_| !who.is_limited()) {
                    @let folder = if job.step.is_some() { "workflows" } else { "batches" };
                    dt { "Batch" } dd { a href={ (folder) "/" (encoded(batch)) } { code { (short(batch)) } } @if let Some(step) = &job.step { " " (text(step)) } }
                }
                @if let Some(trace) = &job.traceparent { dt { "Trace" } dd { code.long { (text(trace)) } } }
            }
        }
    }
}

/// What it comes of. The root may be an event, so that it leads to the tree, which knows.
fn origin(job: &Job) -> Markup {
    html! {
        @if let Some(event) = &job.event {
            dt { "Event" } dd { a href={ "events/" (encoded(&event.id)) } { (text(&event.r#type)) } span.meta { " through " } a href={ "subscriptions/" (encoded(&event.subscription)) } { (text(&event.subscription)) } }
        } @else if let Some(parent) = &job.parent {
            dt { "Enqueued by" } dd { a href={ "jobs/" (encoded(parent)) } { code { (short(parent)) } } }
        }
        @if job.root != job.id { dt { "Root" } dd { a href={ "traces/" (encoded(&job.id)) } { code { (short(&job.root)) } } } }
    }
}
