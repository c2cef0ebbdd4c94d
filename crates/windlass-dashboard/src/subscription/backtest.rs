//! Trying a filter on what is in the log, before anybody subscribes with it.

use std::collections::BTreeMap;

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use windlass_http::words::time::{count, number};

use crate::event::{Summary, samples};
use crate::extract::Query;
use crate::fault::Fault;
use crate::filter::{link, term};
use crate::form::alert;
use crate::layout::{Nav, Page};
use crate::parts::{icon, text};
use crate::view::View;

const BACKTEST: &str = "/v1/subscriptions/backtest";

/// What is tried. Empty fields are left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    subscription: String,
    types: String,
    sql: String,
    last: String,
}

/// What the page shows of `backtest.v1`.
#[derive(Debug, Deserialize)]
struct Backtest {
    wants: String,
    after: u64,
    to: u64,
    left_out: u64,
    events: u64,
    #[serde(default)]
    hidden: u64,
    fired: u64,
    types: BTreeMap<String, u64>,
    samples: Vec<Summary>,
}

impl Wanted {
    fn is_empty(&self) -> bool {
        [&self.subscription, &self.types, &self.sql, &self.last]
            .iter()
            .all(|one| one.trim().is_empty())
    }

    fn body(&self) -> Value {
        let mut body = json!({});
        for (name, value) in [("subscription", &self.subscription), ("sql", &self.sql)] {
            if !value.trim().is_empty() {
                body[name] = json!(value.trim());
            }
        }
        let types: Vec<_> = self.types.split([',', ' ']).filter(|one| !one.is_empty()).collect();
        if !types.is_empty() {
            body["types"] = json!(types);
        }
        let last = self.last.trim();
        if !last.is_empty() {
            // A text goes as it is, and the API says what is wrong with it.
            body["last"] = last.parse::<u64>().map_or_else(|_| json!(last), |last| json!(last));
        }
        body
    }
}

pub(super) async fn show(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let tried = match wanted.is_empty() {
        true => None,
        false => match view.ask().tried(BACKTEST, wanted.body()).await {
            Err(fault) if fault.code() != "invalid-request" => return Err(fault),
            found => Some(found),
        },
    };
    let body = html! {
        div.title {
            div { p.crumb { a href="subscriptions" { "Subscriptions" } } h1 { "Try a filter" } }
        }
        p.lead { "How often a filter would have fired on what is in the log. Nothing is made." }
        (form(&wanted))
        @match &tried {
            Some(Ok(found)) => (result(&view, found)),
            Some(Err(fault)) => (alert(Some(fault))),
            None => {},
        }
    };
    Page::new(Nav::Subscriptions, "Try a filter", body).show(&view).await
}

fn form(wanted: &Wanted) -> Markup {
    let field = |id: &str, label: &str, value: &str, hint: &str| {
        html! { label { span { (label) } input name=(id) value=(value) placeholder=(hint) maxlength="4096" autocomplete="off" spellcheck="false"; } }
    };
    html! {
        form.tries method="get" action="backtest" {
            (field("types", "Types", &wanted.types, "order.* invoice.sent"))
            (field("sql", "For which", &wanted.sql, "data.total >= 1000"))
            (field("subscription", "Or the filter of a subscription", &wanted.subscription, "receipts"))
            (field("last", "Of the last events", &wanted.last, "10000"))
            div.tools { button.primary { (icon("search")) span { "Try" } } }
        }
    }
}

fn result(view: &View, found: &Backtest) -> Markup {
    html! {
        section {
            h2 { "It would have fired " @if found.fired == 1 { "once" } @else { (number(found.fired)) " times" } }
            p.meta { "On " (count(found.events, "event")) " behind position " (number(found.after)) ", up to " (number(found.to)) ". It wants " (text(&found.wants)) "." }
            @if found.left_out > 0 { p.note { (count(found.left_out, "older event")) " of the span were not looked at." } }
            @if found.hidden > 0 { p.note { (count(found.hidden, "event")) " were not looked at: the filter asks for fields that are not shown." } }
            @if !found.types.is_empty() {
                ul.tags { @for (name, events) in &found.types {
                    li { a.tag href=(link("events", &[("filter", &term("type", name))])) { (text(name)) " " b { (number(*events)) } } }
                } }
            }
        }
        @if !found.samples.is_empty() {
            section { h2 { "The last of them" } (samples(view, &found.samples)) }
        }
        @if found.fired > 0 {
            p.note { "To subscribe with it: " code { "windlass subscription add NAME --kind KIND" } ". " a href="docs/subscriptions" { "How subscriptions work" } }
        }
    }
}
