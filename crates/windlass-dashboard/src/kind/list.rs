//! The kinds that workers know, that are paused or that no worker serves, and minimum builds.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::Timestamp;
use windlass_http::words::time::number;

use crate::fault::Fault;
use crate::filter::{encoded, link, term};
use crate::form::{Button, Field, Refused};
use crate::layout::{Nav, Page};
use crate::parts::{copies, empty, icon, moment, since, text};
use crate::pause::{self, Pausable, Paused, Says};
use crate::view::View;

/// Which jobs of a kind are counted.
const UNSERVED: &str = "due, and no worker serves their queue and knows their kind in this version";

#[derive(Debug, Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

/// What the page shows of `kind.v1`.
#[derive(Debug, Deserialize)]
struct Kind {
    kind: String,
    workers: u32,
    paused_at: Option<Timestamp>,
    paused_until: Option<Timestamp>,
    note: Option<String>,
    unserved: u64,
    unserved_or_more: bool,
    oldest_due_at: Option<Timestamp>,
}

/// What the page shows of `required_build.v1`.
#[derive(Debug, Deserialize)]
struct Build {
    program: String,
    minimum: String,
    note: Option<String>,
    set_at: Timestamp,
    below: Vec<String>,
}

/// Where a build is required.
pub(super) const BUILDS: &str = "builds";

pub(super) async fn list(view: View) -> Result<Response, Fault> {
    show(&view, None).await
}

/// The page, with a form on it that was refused.
pub(super) async fn show(view: &View, refused: Option<&Refused>) -> Result<Response, Fault> {
    let stale = match refused.filter(|refused| refused.fault.is_stale()) {
        Some(refused) => seen(view, refused.value("program")).await?,
        None => None,
    };
    let kinds = view.ask().get::<Items<Kind>>("/v1/kinds").await?.items;
    let builds = view.ask().get::<Items<Build>>("/v1/builds").await?.items;
    let may_operate = view.who().await?.may_operate();
    let body = html! {
        div.title {
            div { p.crumb { a href="queues" { "Queues" } } h1 { "Kinds" } }
            div.tools { (copies(view, "windlass kind list", "/v1/kinds")) }
        }
        @if kinds.is_empty() {
            (empty("No worker knows a kind, and no job waits for one", &html! { p { "A worker tells which kinds it runs:" } pre { "windlass work" } }))
        } @else { (of_kinds(view, &kinds, (may_operate, refused))) }
        section {
            div.title { h2 { "Minimum builds" } div.tools { (copies(view, "windlass worker required", "/v1/builds")) @if may_operate { (requiring(view, refused, stale.as_ref())) } } }
            @if builds.is_empty() { p.meta { "Workers of every build take new work." } } @else { (of_builds(view, &builds, may_operate)) }
        }
    };
    let fault = refused.map(|refused| &refused.fault);
    Page::new(Nav::Queues, "Kinds", body).live("counts=true").show_refused(view, fault).await
}

/// What is required of a program by now, with its tag.
async fn seen(view: &View, program: &str) -> Result<Option<(Build, String)>, Fault> {
    let path = format!("/v1/builds/{}", encoded(program));
    match view.ask().get_with_tag::<Build>(&path).await {
        Ok((build, tag)) => Ok(tag.map(|tag| (build, tag))),
        Err(fault) if fault.status() == StatusCode::NOT_FOUND => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn of_kinds(
    view: &View,
    kinds: &[Kind],
    (may_operate, refused): (bool, Option<&Refused>),
) -> Markup {
    html! {
        table.rows.kinds {
            thead { tr { th { "State" } th { "Kind" } th.number title=(UNSERVED) { "Unserved" } th.number { "Oldest due" } th.number { "Workers" } @if may_operate { th { span.hidden { "Actions" } } } } }
            tbody { @for kind in kinds {
                tr id={ "kind-" (kind.kind) } {
                    td.state { (badge(kind)) }
                    td.main {
                        a.name href=(link("jobs", &[("filter", &term("kind", &kind.kind))])) { (text(&kind.kind)) }
                        @if let Some(paused) = kind.pause() { (paused.why(view)) }
                    }
                    (unserved(kind))
                    td.number data-name="oldest due" { @if let Some(due) = kind.oldest_due_at { (since(due, view.now)) } @else { span.none { "–" } } }
                    td.number data-name="workers" { @if kind.workers == 0 { span.none { "0" } } @else { a href="workers" { (kind.workers) } } }
                    @if may_operate { td.acts { (switch(view, kind, refused)) } }
                }
            } }
        }
    }
}

/// Whether its jobs are run, as a badge.
fn badge(kind: &Kind) -> Markup {
    let (colour, picture, word) = match () {
        () if kind.paused_at.is_some() => return pause::badge(),
        () if kind.workers == 0 => ("warning", "warning", "no worker serves it"),
        () if kind.unserved > 0 => ("warning", "warning", "partly served"),
        () => ("done", "check", "served"),
    };
    html! { span class={ "badge " (colour) } { (icon(picture)) (word) } }
}

/// How many of its jobs no worker serves, with a link to them.
fn unserved(kind: &Kind) -> Markup {
    let filter = format!("state:available,waiting {}", term("kind", &kind.kind));
    html! {
        td.number data-name="unserved" {
            @if kind.unserved == 0 { span.none { "0" } }
            @else { a href=(link("jobs", &[("filter", &filter)])) { (number(kind.unserved)) @if kind.unserved_or_more { "+" } } }
        }
    }
}

fn switch(view: &View, kind: &Kind, refused: Option<&Refused>) -> Markup {
    let path = format!("kinds/{}", encoded(&kind.kind));
    let (is_paused, says) = (kind.paused_at.is_some(), Says::NoteAndTime);
    let means = "No job of the kind starts, in any queue. Jobs that run go on.";
    Pausable { path: &path, name: &kind.kind, is_paused, means, says }.in_row(view, refused)
}

impl Kind {
    fn pause(&self) -> Option<Paused<'_>> {
        let (until, note) = (self.paused_until, self.note.as_deref());
        self.paused_at.map(|at| Paused { at, until, note })
    }
}

fn of_builds(view: &View, builds: &[Build], may_operate: bool) -> Markup {
    html! {
        table.rows.builds {
            thead { tr { th { "Program" } th { "Minimum" } th { "Workers held back" } th.when { "Set" } @if may_operate { th { span.hidden { "Actions" } } } } }
            tbody { @for build in builds {
                tr id={ "build-" (build.program) } {
                    td.main { b.name { (text(&build.program)) } @if let Some(note) = &build.note { p.why { (text(note)) } } }
                    td data-name="minimum" { (text(&build.minimum)) }
                    td data-name="workers held back" {
                        @for worker in build.below.iter().take(4) { (text(worker)) " " }
                        @if build.below.len() > 4 { span.meta { "+" (build.below.len() - 4) } }
                        @if build.below.is_empty() { span.none { "no worker" } }
                    }
                    td.when data-name="set" { (moment(build.set_at, view.now)) }
                    @if may_operate { td.acts {
                        (Button { to: &format!("builds/{}/allow", encoded(&build.program)), name: "Allow all builds", picture: "play", class: "quiet", about: &build.program }.show(view))
                    } }
                }
            } }
        }
    }
}

fn requiring(view: &View, refused: Option<&Refused>, stale: Option<&(Build, String)>) -> Markup {
    let refused = refused.filter(|refused| refused.to == BUILDS);
    let field = |name, label, hint, most| Field {
        name,
        label,
        hint,
        of: "build",
        most: Some(most),
        value: refused.map_or("", |refused| refused.value(name)),
    };
    let is_stale = refused.is_some_and(|refused| refused.fault.is_stale());
    let fields = html! {
        @if let Some((build, tag)) = stale {
            p { "At least " b { (text(&build.minimum)) } " is required of " (text(&build.program)) " already, since " (moment(build.set_at, view.now)) @if let Some(note) = &build.note { ": " (text(note)) } ". Send the form again to put yours in its place." }
            input type="hidden" name="seen" value=(tag);
        } @else if is_stale {
            p { "Nothing is required of the program any more. Send the form again to require it." }
        } @else if let Some(refused) = refused {
            input type="hidden" name="seen" value=(refused.value("seen"));
        }
        (field("program", "Program", "shop", 128).required())
        (field("minimum", "Minimum", "2.14.0", 128).required())
        (field("note", "Note", "why, and by whom", 1024).show())
    };
    let button =
        Button { to: BUILDS, name: "Require a build", picture: "warning", class: "", about: "" };
    let title = "Workers of the program that are older take no new work. What they run goes on.";
    button.ask_again(view, (title, &fields), refused.map(|refused| &refused.fault))
}
