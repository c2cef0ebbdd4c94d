//! The batches that there are, or those of them that are workflows.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::document::{Batch, Batches};
use crate::extract::Query;
use crate::fault::Fault;
use crate::filter::{link, quoted};
use crate::layout::{Nav, Page};
use crate::parts::{copy, empty, icon, moment, pager, text};
use crate::view::View;

/// Rows of a page.
const ROWS: &str = "50";

/// What is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    name: String,
    #[serde(default)]
    key: String,
    /// `true`: those that have not ended; `false`: those that have.
    #[serde(default)]
    live: String,
    #[serde(default)]
    cursor: String,
}

/// What is listed: its path, which is also its name in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listed {
    Workflows,
    Batches,
}

impl Listed {
    const fn path(self) -> &'static str {
        match self {
            Self::Workflows => "workflows",
            Self::Batches => "batches",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Workflows => "Workflows",
            Self::Batches => "Batches",
        }
    }

    fn link(self, wanted: &Wanted, (live, cursor): (&str, &str)) -> String {
        let fields = [
            ("name", wanted.name.trim()),
            ("key", wanted.key.trim()),
            ("live", live),
            ("cursor", cursor),
        ];
        link(self.path(), &fields)
    }

    fn command(self, wanted: &Wanted) -> String {
        let noun = if self == Self::Workflows { "workflow" } else { "batch" };
        let mut command = format!("windlass {noun} list");
        if wanted.live == "true" {
            command.push_str(" --live");
        }
        if !wanted.name.trim().is_empty() {
            command.push_str(&format!(" --name {}", quoted(wanted.name.trim())));
        }
        command
    }
}

pub(super) async fn workflows(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    list(view, Listed::Workflows, wanted).await
}

pub(super) async fn batches(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    list(view, Listed::Batches, wanted).await
}

async fn list(view: View, listed: Listed, wanted: Wanted) -> Result<Response, Fault> {
    let asked = [
        ("name", wanted.name.trim()),
        ("key", wanted.key.trim()),
        ("live", wanted.live.as_str()),
        ("limit", ROWS),
        ("cursor", wanted.cursor.as_str()),
    ];
    let path = link(&format!("/v1/{}", listed.path()), &asked);
    let found = view.ask().get::<Batches>(&path).await?;
    let page = |cursor: &Option<String>| {
        cursor.as_ref().map(|cursor| listed.link(&wanted, (&wanted.live, cursor)))
    };
    let body = html! {
        div.title {
            h1 { (listed.title()) }
            div.tools {
                (copy("Copy as command", &listed.command(&wanted)))
                (copy("Copy as curl", &view.curl(&path)))
            }
        }
        (tabs(listed, &wanted))
        (search(listed, &wanted))
        @if found.items.is_empty() { (nothing(listed, &wanted)) } @else { (table(&view, &found.items)) }
        (pager(page(&found.prev).as_deref(), page(&found.next).as_deref()))
    };
    let page = Page::new(Nav::Workflows, listed.title(), body);
    if wanted.cursor.is_empty() {
        page.live("counts=true").show(&view).await
    } else {
        page.show(&view).await
    }
}

fn tabs(listed: Listed, wanted: &Wanted) -> Markup {
    let tab = |to: Listed, live: &str, name: &str| {
        let is_here = to == listed && wanted.live == live;
        html! { a href=(to.link(wanted, (live, ""))) aria-current=[is_here.then_some("true")] { (name) } }
    };
    html! {
        nav.tabs aria-label="Which are shown" {
            (tab(Listed::Workflows, "", "Workflows"))
            (tab(Listed::Workflows, "true", "Under way"))
            (tab(Listed::Workflows, "false", "Ended"))
            (tab(Listed::Batches, "", "All batches"))
            (tab(Listed::Batches, "true", "Batches under way"))
        }
    }
}

fn search(listed: Listed, wanted: &Wanted) -> Markup {
    html! {
        form.search role="search" method="get" action=(listed.path()) {
            label.hidden for="filter" { "Name" }
            (icon("search"))
            input #filter name="name" type="search" value=(wanted.name) maxlength="128" autocomplete="off" spellcheck="false" placeholder="the name, as it is";
            input name="key" type="search" value=(wanted.key) maxlength="1024" autocomplete="off" spellcheck="false" placeholder="or the key" aria-label="Key";
            @if !wanted.live.is_empty() { input type="hidden" name="live" value=(wanted.live); }
            button { "Search" }
        }
    }
}

fn nothing(listed: Listed, wanted: &Wanted) -> Markup {
    let is_all =
        [&wanted.name, &wanted.key, &wanted.live, &wanted.cursor].iter().all(|one| one.is_empty());
    if !is_all {
        let more = html! { p { "None match. " a href=(listed.path()) { "Show all" } } };
        return empty(
            if listed == Listed::Workflows { "No such workflows" } else { "No such batches" },
            &more,
        );
    }
    match listed {
        Listed::Workflows => empty(
            "There are no workflows yet",
            &html! {
                p { "A program starts one with " code { "Workflow" } " in Rust, or anybody over HTTP:" }
                pre { r#"curl -X POST /v1/workflows -H 'content-type: application/json' \"# "\n" r#"  -d '{"name":"hello","steps":[{"name":"first","job":{"kind":"hello"}},{"name":"then","job":{"kind":"hello"},"after":["first"]}]}'"# }
            },
        ),
        Listed::Batches => empty(
            "There are no batches yet",
            &html! { p { "Open the first one, and enqueue jobs into it:" } pre { "id=$(windlass batch open --name prices)\nwindlass enqueue import.row row=1 --batch $id" } },
        ),
    }
}

fn table(view: &View, batches: &[Batch]) -> Markup {
    html! {
        table.rows {
            thead { tr { th { "State" } th { "Name" } th { "Ended" } th.number { "Open" } th.number { "Completed" } th.number { "Dead" } th.number { "Cancelled" } th { "Started" } } }
            tbody { @for batch in batches {
                tr id={ "row-" (batch.id) } {
                    td.state { (batch.badge()) }
                    td.main {
                        a.name href=(batch.href()) { (text(batch.title())) }
                        code.id { (crate::parts::short(&batch.id)) }
                        @if let (Some(_), Some(key)) = (&batch.name, &batch.key) { span.meta { " " (text(key)) } }
                        @if batch.undoes.is_some() { p.why { "undoes another one" } }
                    }
                    td.shared { (batch.jobs.share()) }
                    (batch.counts())
                    td.when { (moment(batch.created_at, view.now)) }
                }
            } }
        }
    }
}
