//! Alerts: what lasts, and what is not told.

use axum::Router;
use axum::extract::Form;
use axum::http::Method;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use windlass::Timestamp;

use crate::act::back;
use crate::ask::Pages;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::{self, Button, Field, said};
use crate::parts::short;
use crate::parts::{copies, empty, icon, moment, since, text};
use crate::settings::{Tab, page};
use crate::view::View;

/// How long a mute lasts, as it is chosen.
const LASTS: [(&str, u64); 5] = [
    ("an hour", 3_600_000),
    ("4 hours", 14_400_000),
    ("a day", 86_400_000),
    ("a week", 604_800_000),
    ("until it is unmuted", 0),
];

/// What the page shows of `alerts.v1`.
#[derive(Debug, Deserialize)]
struct Alerts {
    looked_for: bool,
    alerts: Vec<Alert>,
    muted: Vec<Mute>,
}

#[derive(Debug, Deserialize)]
struct Alert {
    key: String,
    subject: String,
    since: Timestamp,
    fired_at: Option<Timestamp>,
    event: Option<String>,
    jobs: Vec<String>,
    muted_by: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Mute {
    name: String,
    is_declared: bool,
    muted_at: Timestamp,
    until: Option<Timestamp>,
    note: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    name: String,
    for_ms: u64,
    note: String,
}

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/settings/alerts", get(list))
        .route("/settings/alerts/mute", post(mute))
        .route("/settings/alerts/unmute", post(unmute))
}

async fn list(view: View) -> Result<Response, Fault> {
    let found = view.ask().get::<Alerts>("/v1/alerts").await?;
    let who = view.who().await?;
    let may_operate = who.may_operate();
    let body = html! {
        section {
            div.title { h2 { "Alerts" } div.tools { (copies(&view, "windlass alert list", "/v1/alerts")) } }
            @if !found.looked_for { p.note { "Nobody is told: no subscription wants alerts. " a href="docs/alerts" { "How they are told" } } }
            @if found.alerts.is_empty() { (empty("Nothing lasts that would be told", &html! { p { "Alerts are events: a job, a mail or an HTTP target hears of them by a subscription." } pre { "windlass subscription add page --kind ops.page --type 'windlass.*'" } })) }
            @else { (alerts(&view, &found.alerts, may_operate)) }
        }
        section {
            div.title { h2 { "Muted" } @if may_operate { div.tools { (muting(&view, "")) } } }
            @if found.muted.is_empty() { p.meta { "Nothing is muted." } } @else { (mutes(&view, &found.muted, may_operate)) }
        }
    };
    page(&who, (Tab::Alerts, "Alerts"), &body).show(&view).await
}

fn alerts(view: &View, alerts: &[Alert], may_operate: bool) -> Markup {
    html! {
        table.rows.alerts {
            thead { tr { th { "Alert" } th { "About" } th.number { "For" } th { "Told" } th { "Jobs" } @if may_operate { th { span.hidden { "Actions" } } } } }
            tbody { @for alert in alerts {
                tr id={ "alert-" (alert.key) } {
                    td.main { b.name { (text(&alert.key)) } @if let Some(by) = &alert.muted_by { " " span.badge.warning { (icon("pause")) "muted" } p.why { "by " (text(by)) } } }
                    td data-name="about" { (text(&alert.subject)) }
                    td.number data-name="for" { (since(alert.since, view.now)) }
                    td data-name="told" {
                        @match (alert.fired_at, &alert.event) {
                            (Some(at), Some(event)) => a href={ "events/" (encoded(event)) } { (moment(at, view.now)) },
                            (Some(at), None) => (moment(at, view.now)),
                            _ => span.none { "no" },
                        }
                    }
                    td data-name="jobs" { @for job in alert.jobs.iter().take(3) { a href={ "jobs/" (encoded(job)) } { code { (text(short(job))) } } " " } @if alert.jobs.is_empty() { span.none { "–" } } }
                    @if may_operate { td.acts { @if alert.muted_by.is_none() { (muting(view, &alert.key)) } } }
                }
            } }
        }
    }
}

fn mutes(view: &View, mutes: &[Mute], may_operate: bool) -> Markup {
    html! {
        table.rows.mutes {
            thead { tr { th { "Name" } th { "By" } th { "Since" } th { "Until" } @if may_operate { th { span.hidden { "Actions" } } } } }
            tbody { @for mute in mutes {
                tr id={ "mute-" (mute.name) } {
                    td.main { b.name { (text(&mute.name)) } @if let Some(note) = &mute.note { p.why { (text(note)) } } }
                    td data-name="by" { @if mute.is_declared { "the workers' thresholds" } @else { "a person" } }
                    td data-name="since" { (moment(mute.muted_at, view.now)) }
                    td data-name="until" { @if let Some(at) = mute.until { (moment(at, view.now)) } @else { span.none { "it is unmuted" } } }
                    @if may_operate { td.acts { @if !mute.is_declared {
                        form method="post" action="settings/alerts/unmute" {
                            (form::back(view))
                            input type="hidden" name="name" value=(mute.name);
                            button.quiet aria-label={ "Unmute " (text(&mute.name)) } { (icon("play")) span { "Unmute" } }
                        }
                    } } }
                }
            } }
        }
    }
}

/// The form that mutes an alert, or one that is named there.
fn muting(view: &View, key: &str) -> Markup {
    let of = if key.is_empty() { "mute" } else { key };
    let lasts = format!("{of}-for");
    let note = Field {
        name: "note",
        label: "Note",
        hint: "why, and by whom",
        of,
        most: Some(1024),
        value: "",
    };
    let named = Field {
        name: "name",
        label: "What",
        hint: "job.failing, or kind/mail",
        of,
        most: Some(512),
        value: "",
    };
    let fields = html! {
        @if key.is_empty() { (named.required()) } @else { input type="hidden" name="name" value=(key); }
        label for=(lasts) { "For" }
        select id=(lasts) name="for_ms" { @for (words, ms) in LASTS { option value=(ms) { (words) } } }
        (note.show())
    };
    let button = Button {
        to: "settings/alerts/mute",
        name: "Mute",
        picture: "pause",
        class: "quiet",
        about: key,
    };
    button.ask(view, "It is not told. The end of what was told is told still.", &fields)
}

async fn mute(view: View, Form(asked): Form<Asked>) -> Result<Response, Fault> {
    let mut body = json!({ "name": asked.name.trim() });
    if asked.for_ms > 0 {
        body["for_ms"] = asked.for_ms.into();
    }
    if let Some(note) = said(&asked.note) {
        body["note"] = note.into();
    }
    view.ask().act(Method::POST, "/v1/alerts/mute", Some(body)).await?;
    Ok(back(&view.base, "/settings/alerts", &format!("{} is muted.", asked.name.trim())))
}

async fn unmute(view: View, Form(asked): Form<Asked>) -> Result<Response, Fault> {
    let body = json!({ "name": asked.name });
    let told = view.ask().act(Method::POST, "/v1/alerts/unmute", Some(body)).await?;
    let told = match told["is_muted"].as_bool() {
        Some(true) => format!("{} stays muted: the workers' thresholds say so.", asked.name),
        _ => format!("{} is told again.", asked.name),
    };
    Ok(back(&view.base, "/settings/alerts", &told))
}
