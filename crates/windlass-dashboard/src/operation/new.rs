//! A new operation: what it would find first, then its beginning with that number as guard.

use axum::http::Method;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};
use windlass::OperationId;

use super::document::Preview;
use super::preview::found;
use super::words::ACTIONS;
use crate::act::back;
use crate::extract::{Form, Query};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::{Field, alert, said};
use crate::layout::{Nav, Page};
use crate::view::View;

/// What is asked for, as its fields are written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) filter: String,
    pub(super) action: String,
    pub(super) queue: String,
    pub(super) reason: String,
    pub(super) pace: String,
    pub(super) note: String,
    /// The number that was seen; nothing where counting took too long.
    pub(super) expect: String,
    /// Of the operation to be: a form that is sent twice begins one.
    pub(super) id: String,
}

impl Asked {
    /// The request, without what its action has no use for.
    fn body(&self) -> Map<String, Value> {
        let texts = [
            ("filter", self.filter.as_str()),
            ("action", self.action.as_str()),
            ("queue", if self.action == "move" { &self.queue } else { "" }),
            ("reason", if self.action == "cancel" { &self.reason } else { "" }),
            ("pace", &self.pace),
            ("note", &self.note),
            ("id", &self.id),
        ];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, said(text)?)));
        texts.map(|(name, text)| (name.to_owned(), Value::from(text))).collect()
    }

    async fn preview(&self, view: &View) -> Result<Preview, Fault> {
        let mut body = self.body();
        body.insert("dry_run".to_owned(), Value::from(true));
        let found = view.ask().act(Method::POST, "/v1/operations", Some(body.into())).await?;
        serde_json::from_value(found).map_err(|_| Fault::unreadable())
    }
}

pub(super) async fn form(view: View, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    if !view.who().await?.may_operate() {
        return Err(Fault::forbidden("you may not change jobs here"));
    }
    page(&view, &asked, (None, None)).await
}

pub(super) async fn preview(view: View, Form(asked): Form<Asked>) -> Result<Response, Fault> {
    match asked.preview(&view).await {
        Ok(found) => page(&view, &asked, (Some(&found), None)).await,
        Err(fault) if fault.is_of_fields() => page(&view, &asked, (None, Some(&fault))).await,
        Err(fault) => Err(fault),
    }
}

pub(super) async fn begin(view: View, Form(asked): Form<Asked>) -> Result<Response, Fault> {
    let mut body = asked.body();
    if let Ok(expect) = asked.expect.parse::<u64>() {
        body.insert("expect".to_owned(), Value::from(expect));
    }
    match view.ask().act(Method::POST, "/v1/operations", Some(body.into())).await {
        Ok(begun) => {
            let id = begun["id"].as_str().unwrap_or_default();
            Ok(back(
                &view.base,
                &format!("/operations/{}", encoded(id)),
                "The operation has begun.",
            ))
        }
        // Jobs came or went since they were counted: the new number is shown before anything happens.
        Err(fault) if fault.code() == "conflict" => {
            let now = asked.preview(&view).await?;
            page(&view, &asked, (Some(&now), Some(&fault))).await
        }
        Err(fault) if fault.is_of_fields() => page(&view, &asked, (None, Some(&fault))).await,
        Err(fault) => Err(fault),
    }
}

async fn page(
    view: &View,
    asked: &Asked,
    (seen, fault): (Option<&Preview>, Option<&Fault>),
) -> Result<Response, Fault> {
    let body = html! {
        div.title { div { p.crumb { a href="operations" { "Operations" } } h1 { "New operation" } } }
        (alert(fault))
        @if let Some(seen) = seen { (found(view, asked, seen)) }
        section { @if seen.is_some() { h2 { "Something else" } } (fields(asked)) }
    };
    Page::new(Nav::Operations, "New operation", body).show_refused(view, fault).await
}

fn fields(asked: &Asked) -> Markup {
    let chosen = if asked.action.is_empty() { "retry" } else { &asked.action };
    let field =
        |name, label, value, hint| Field { name, label, value, hint, of: "new", most: Some(1024) };
    html! {
        form.fields.operation method="post" action="operations/preview" {
            (Field { most: Some(4096), ..field("filter", "Which jobs", &asked.filter, "state:dead kind:img.* since:24h") }.required())
            p.meta { "A filter, as on the page of jobs. " a href="docs/filters" { "How filters are written" } }
            fieldset {
                legend { "What is done to each" }
                @for (word, name, _, what) in ACTIONS {
                    label.choice { input type="radio" name="action" value=(word) checked[word == chosen]; span { b { (name) } span.meta { (what) } } }
                }
            }
            div.of-move { (field("queue", "To queue", &asked.queue, "bulk").show()) }
            div.of-cancel { (field("reason", "Reason, kept with the jobs", &asked.reason, "wrong import").show()) }
            (field("pace", "Pace, at most", &asked.pace, "100/s, 30/m or 500/h; as quickly as others allow where nothing is said").show())
            (field("note", "Note", &asked.note, "why, shown with the operation").show())
            button.primary { "Preview" }
            p.meta { "Nothing is changed by a preview." }
        }
    }
}

/// The id of an operation that a preview leads to.
pub(super) fn id(asked: &Asked) -> String {
    if asked.id.is_empty() { OperationId::new().to_string() } else { asked.id.clone() }
}
