//! The acts, the newest first.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::value::RawValue;
use windlass::Timestamp;

use super::difference::difference;
use crate::extract::Query;
use crate::fault::Fault;
use crate::filter::{link, quoted};
use crate::form::{Field, said};
use crate::json::pretty;
use crate::layout::{Nav, Page};
use crate::parts::{copies, empty, icon, moment, pager, text};
use crate::view::View;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    actor: String,
    target: String,
    cursor: String,
}

#[derive(Debug, Deserialize)]
struct Acts {
    items: Vec<Act>,
    next: Option<String>,
    prev: Option<String>,
}

/// What the page shows of `act.v1`.
#[derive(Debug, Deserialize)]
struct Act {
    number: u64,
    at: Timestamp,
    actor: String,
    via: String,
    origin: Option<String>,
    action: String,
    target: String,
    asked: Option<Box<RawValue>>,
    before: Option<Box<RawValue>>,
    after: Option<Box<RawValue>>,
    digest: String,
}

impl Wanted {
    fn link(&self, path: &str, cursor: &str) -> String {
        let (actor, target) = (self.actor.trim(), self.target.trim());
        link(path, &[("actor", actor), ("target", target), ("cursor", cursor)])
    }

    fn command(&self) -> String {
        let mut command = "windlass audit list".to_owned();
        for (name, value) in [("actor", &self.actor), ("target", &self.target)] {
            if let Some(value) = said(value) {
                command.push_str(&format!(" --{name} {}", quoted(value)));
            }
        }
        command
    }

    fn is_all(&self) -> bool {
        said(&self.actor).is_none() && said(&self.target).is_none()
    }
}

pub(super) async fn list(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let path = wanted.link("/v1/audit", &wanted.cursor);
    let found = view.ask().get::<Acts>(&path).await?;
    let page_of =
        |cursor: &Option<String>| cursor.as_ref().map(|cursor| wanted.link("audit", cursor));
    let body = html! {
        div.title {
            h1 { "Audit" }
            div.tools {
                (copies(&view, &wanted.command(), &path))
                form method="post" action="audit/verify" { button { (icon("check")) span { "Verify" } } }
            }
        }
        (search(&wanted))
        @if found.items.is_empty() { (nothing(&wanted)) } @else { (table(&view, &found.items)) }
        (pager(page_of(&found.prev).as_deref(), page_of(&found.next).as_deref()))
    };
    Page::new(Nav::Audit, "Audit", body).show(&view).await
}

fn search(wanted: &Wanted) -> Markup {
    let field =
        |name, label, value, hint| Field { name, label, value, hint, of: "audit", most: Some(600) };
    html! {
        form.line role="search" method="get" action="audit" {
            div { (field("actor", "Who", &wanted.actor, "ana").show()) }
            div { (field("target", "What", &wanted.target, "queues/mail").show()) }
            button { "Search" }
            @if !wanted.is_all() { a href="audit" { "All acts" } }
        }
    }
}

fn nothing(wanted: &Wanted) -> Markup {
    if !wanted.is_all() {
        return empty(
            "No such acts",
            &html! { p { "Names are compared letter by letter. " a href="audit" { "Show all acts" } } },
        );
    }
    let more = html! {
        p { "What people and tokens change by the API, the command line and these pages is kept for 400 days:" }
        pre { "windlass queue pause mail" }
    };
    empty("Nothing was done yet", &more)
}

fn table(view: &View, acts: &[Act]) -> Markup {
    html! {
        table.rows.acts-done {
            thead { tr { th { "Act" } th { "Who" } th { "From" } th { "When" } } }
            tbody { @for act in acts {
                tr id={ "act-" (act.number) } {
                    td.main {
                        b.name { (text(&act.action)) } " "
                        a href=(link("audit", &[("target", &act.target)])) { (text(&act.target)) }
                        code.id { (act.number) }
                        (more(act))
                    }
                    td data-name="who" { a href=(link("audit", &[("actor", &act.actor)])) { (text(&act.actor)) } }
                    td data-name="from" { (text(&act.via)) @if let Some(origin) = &act.origin { span.meta { " · " (text(origin)) } } }
                    td.when { (moment(act.at, view.now)) }
                }
            } }
        }
    }
}

fn more(act: &Act) -> Markup {
    let document = |document: &Option<Box<RawValue>>| {
        document.as_deref().map(RawValue::get).filter(|text| *text != "null").map(str::to_owned)
    };
    let (asked, before, after) =
        (document(&act.asked), document(&act.before), document(&act.after));
    html! {
        details {
            summary { "What it changed" }
            (difference(before.as_deref(), after.as_deref()))
            @if let Some(asked) = &asked { p.meta { "Asked for" } pre.json tabindex="0" { (pretty(asked)) } }
            p.meta { "SHA-256 " code.long { (act.digest) } }
        }
    }
}
