//! Settings: who looks, tokens, users, alerts and stores.

use axum::Router;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use windlass::Timestamp;

use crate::act::back;
use crate::ask::Pages;
use crate::extract::Form;
use crate::fault::Fault;
use crate::form::alert;
use crate::layout::{Nav, Page};
use crate::parts::{moment, text};
use crate::view::{View, Who};

/// A part of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Me,
    Alerts,
    Stores,
    Tokens,
    Users,
}

/// Where each lies.
const TABS: [(Tab, &str, &str); 5] = [
    (Tab::Me, "settings", "You"),
    (Tab::Alerts, "settings/alerts", "Alerts"),
    (Tab::Stores, "settings/stores", "Stores"),
    (Tab::Tokens, "settings/tokens", "Tokens"),
    (Tab::Users, "settings/users", "Users"),
];

impl Tab {
    /// Whether somebody may see it: what is about all is not for who is limited to some jobs.
    fn is_for(self, who: &Who) -> bool {
        match self {
            Self::Me => true,
            Self::Alerts | Self::Stores => !who.is_limited(),
            Self::Tokens | Self::Users => who.may_administer() && !who.is_limited(),
        }
    }
}

/// What the page shows of `session.v1`.
#[derive(Debug, Deserialize)]
struct Me {
    name: String,
    by: String,
    role: Option<String>,
    scopes: Vec<String>,
    queues: Vec<String>,
    kinds: Vec<String>,
    tags: Vec<String>,
    ends_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Passwords {
    password: String,
    new_password: String,
}

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/settings", get(show))
        .route("/settings/password", get(show).post(change_password))
}

/// A page of a part of the settings.
pub(crate) fn page(who: &Who, (tab, title): (Tab, &str), body: &Markup) -> Page {
    let body = html! {
        div.title { h1 { "Settings" } }
        nav.tabs aria-label="Settings" {
            @for (place, href, name) in TABS.into_iter().filter(|(place, ..)| place.is_for(who)) {
                a href=(href) aria-current=[(place == tab).then_some("true")] { (name) }
            }
        }
        (body)
    };
    Page::new(Nav::Settings, title, body)
}

/// What somebody is limited to; nothing where that is all.
pub(crate) fn limited(limits: [(&str, &[String]); 3]) -> Markup {
    let mut given = limits.into_iter().filter(|(_, values)| !values.is_empty()).peekable();
    html! {
        @if given.peek().is_none() { span.none { "all" } }
        @for (name, values) in given {
            span.meta { (name) " " }
            @for value in values.iter().take(5) { span.tag { (text(value)) } " " }
            @if values.len() > 5 { span.meta { "+" (values.len() - 5) " " } }
        }
    }
}

/// Values of a field that commas separate.
pub(crate) fn values(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|value| !value.is_empty()).collect()
}

async fn show(view: View) -> Result<Response, Fault> {
    me(&view, None).await
}

async fn me(view: &View, fault: Option<&Fault>) -> Result<Response, Fault> {
    let me = view.ask().get_home::<Me>("/v1/session").await?;
    let body = html! {
        div.columns {
            div { (facts(view, &me)) }
            div { @if me.by == "session" { (password(fault)) } }
        }
    };
    page(&view.who().await?, (Tab::Me, "Settings"), &body).show_refused(view, fault).await
}

fn facts(view: &View, me: &Me) -> Markup {
    let how = match me.by.as_str() {
        "nothing" => {
            "nobody is asked who they are: everybody who reaches this server may do everything"
        }
        "session" => "by a password",
        "token" => "by a token",
        "proxy" => "by a proxy",
        _ => "by the program that this is part of",
    };
    html! {
        section.facts {
            h2 { "Who you are" }
            dl {
                dt { "Name" } dd { (text(&me.name)) }
                dt { "Known" } dd { (how) }
                @if let Some(role) = &me.role { dt { "Role" } dd { (role) } }
                dt { "Scopes" } dd { @for scope in &me.scopes { span.tag { (scope) } " " } }
                dt { "Limited to" } dd { (limited([("queues", &me.queues), ("kinds", &me.kinds), ("tags", &me.tags)])) }
                @if let Some(at) = me.ends_at { dt { "Signed out" } dd { (moment(at, view.now)) " unless you open a page or press a button; a page that refreshes itself does not count" } }
            }
        }
    }
}

fn password(fault: Option<&Fault>) -> Markup {
    html! {
        section {
            h2 { "Change your password" }
            (alert(fault))
            form.fields method="post" action="settings/password" {
                label for="me-password" { "Current password" }
                input #me-password name="password" type="password" required autocomplete="current-password";
                label for="me-new" { "New password" }
                input #me-new name="new_password" type="password" required minlength="12" maxlength="1024" autocomplete="new-password";
                p.meta { "At least 12 characters. Your other sessions are over then." }
                button.primary { "Change password" }
            }
        }
    }
}

async fn change_password(view: View, Form(asked): Form<Passwords>) -> Result<Response, Fault> {
    let body = json!({ "password": asked.password, "new_password": asked.new_password });
    let (head, bytes) =
        view.ask().send_home(Method::PUT, "/v1/session/password", Some(body)).await?;
    if !head.status.is_success() {
        let fault = Fault::read(head.status, &bytes);
        let is_wrong = fault.status() == StatusCode::UNAUTHORIZED || fault.is_of_fields();
        return if is_wrong { me(&view, Some(&fault)).await } else { Err(fault) };
    }
    let mut response = back(&view.base, "/settings", "Your password is changed.");
    for cookie in head.headers.get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    Ok(response)
}
