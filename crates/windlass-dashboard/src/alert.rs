//! Alerts: what lasts, and what is not told.

use axum::Router;
use axum::http::Method;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use windlass::Timestamp;

use crate::act::back;
use crate::ask::Pages;
use crate::extract::Form;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::{self, Button, Field, Fields, Refused, lasting, said};
use crate::parts::short;
use crate::parts::{copies, empty, icon, moment, plain, since, text};
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

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/settings/alerts", get(list))
        .route("/settings/alerts/mute", get(list).post(mute))
        .route("/settings/alerts/unmute", post(unmute))
}

async fn list(view: View) -> Result<Response, Fault> {
    show(&view, None).await
}

async fn show(view: &View, refused: Option<&Refused>) -> Result<Response, Fault> {
    let found = view.ask().get::<Alerts>("/v1/alerts").await?;
    let who = view.who().await?;
    let may_operate = who.may_operate();
    let body = html! {
        section {
            div.title { h2 { "Alerts" } div.tools { (copies(view, "windlass alert list", "/v1/alerts")) } }
            @if !found.looked_for { p.note { "Nobody gets alerts: no subscription wants them. " a href="docs/alerts" { "How to get them" } } }
            @if found.alerts.is_empty() { (empty("No alert is active", &html! { p { "Alerts are events: a subscription makes a job of each, which sends a mail or calls an HTTP target." } pre { "windlass subscription add page --kind ops.page --type 'windlass.*'" } })) }
            @else { (alerts(view, &found.alerts, may_operate)) }
        }
        section {
            div.title { h2 { "Muted" } @if may_operate { div.tools { (muting(view, "", refused)) } } }
            @if found.muted.is_empty() { p.meta { "Nothing is muted." } } @else { (mutes(view, &found.muted, may_operate)) }
        }
    };
    let fault = refused.map(|refused| &refused.fault);
    page(&who, (Tab::Alerts, "Alerts"), &body).show_refused(view, fault).await
}

fn alerts(view: &View, alerts: &[Alert], may_operate: bool) -> Markup {
    html! {
        table.rows.alerts {
            thead { tr { th { "Alert" } th { "About" } th.number { "For" } th { "Published" } th { "Jobs" } @if may_operate { th { span.hidden { "Actions" } } } } }
            tbody { @for alert in alerts {
                tr id={ "alert-" (alert.key) } {
                    td.main { b.name { (text(&alert.key)) } @if let Some(by) = &alert.muted_by { " " span.badge.warning { (icon("pause")) "muted" } p.why { "by " (text(by)) } } }
                    td data-name="about" { (text(&alert.subject)) }
                    td.number data-name="for" { (since(alert.since, view.now)) }
                    td data-name="published" {
                        @match (alert.fired_at, &alert.event) {
                            (Some(at), Some(event)) => a href={ "events/" (encoded(event)) } { (moment(at, view.now)) },
                            (Some(at), None) => (moment(at, view.now)),
                            _ => span.none { "no" },
                        }
                    }
                    td data-name="jobs" { @for job in alert.jobs.iter().take(3) { a href={ "jobs/" (encoded(job)) } { code { (text(short(job))) } } " " } @if alert.jobs.is_empty() { span.none { "–" } } }
                    @if may_operate { td.acts { @if alert.muted_by.is_none() { (muting(view, &alert.key, None)) } } }
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
                            button.quiet aria-label={ "Unmute " (plain(&mute.name)) } { (icon("play")) span { "Unmute" } }
                        }
                    } } }
                }
            } }
        }
    }
}

/// The form that mutes an alert, or one that is named there.
fn muting(view: &View, key: &str, refused: Option<&Refused>) -> Markup {
    let of = if key.is_empty() { "mute" } else { key };
    let lasts = format!("{of}-for");
    let field = |name, label, hint, most| Field {
        name,
        label,
        hint,
        of,
        most: Some(most),
        value: refused.map_or("", |refused| refused.value(name)),
    };
    let fields = html! {
        @if key.is_empty() { (field("name", "What", "job.failing, or kind/mail", 512).required()) } @else { input type="hidden" name="name" value=(key); }
        (lasting(&lasts, &LASTS, refused))
        (field("note", "Note", "why, and by whom", 1024).show())
    };
    let button = Button {
        to: "settings/alerts/mute",
        name: "Mute",
        picture: "pause",
        class: "quiet",
        about: key,
    };
    let title =
        "No event is published for it. When it ends, that is published if its beginning was.";
    button.ask_again(view, (title, &fields), refused.map(|refused| &refused.fault))
}

async fn mute(view: View, Form(fields): Form<Fields>) -> Result<Response, Fault> {
    let name = fields.value("name");
    let done = async {
        let mut body = json!({ "name": name });
        if let Some(ms) = fields.lasts()? {
            body["for_ms"] = ms.into();
        }
        if let Some(note) = said(fields.value("note")) {
            body["note"] = note.into();
        }
        view.ask().act(Method::POST, "/v1/alerts/mute", Some(body)).await
    };
    match done.await {
        Ok(_) => Ok(back(&view.base, "/settings/alerts", &format!("{name} is muted."))),
        Err(fault) if fault.is_of_fields() => {
            show(&view, Some(&Refused { to: String::new(), fields, fault })).await
        }
        Err(fault) => Err(fault),
    }
}

async fn unmute(view: View, Form(fields): Form<Fields>) -> Result<Response, Fault> {
    let name = fields.value("name");
    let body = json!({ "name": name });
    let done = view.ask().act(Method::POST, "/v1/alerts/unmute", Some(body)).await?;
    let says = match done["is_muted"].as_bool() {
        Some(true) => format!("{name} stays muted: the workers' thresholds mute it."),
        _ => format!("{name} is not muted any more."),
    };
    Ok(back(&view.base, "/settings/alerts", &says))
}
