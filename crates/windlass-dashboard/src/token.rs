//! Tokens: which there are, making one, removing one.

use std::time::Duration;

use axum::Router;
use axum::http::Method;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use windlass::Timestamp;
use windlass::token::Scope;

use crate::act::back;
use crate::ask::Pages;
use crate::extract::{Form, Path};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::{Button, Field, alert};
use crate::parts::{Named, copies, copy, empty, icon, moment, text};
use crate::settings::{Tab, limited, page, values};
use crate::view::View;

/// The field of a token that says nothing of how long it may be used.
const FOR_EVER: &str = "0";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a token may be used, as it is chosen.
const LASTS: [(&str, u32); 5] =
    [("for ever", 0), ("a day", 1), ("a week", 7), ("30 days", 30), ("a year", 365)];

#[derive(Debug, Deserialize)]
struct Tokens {
    items: Vec<Token>,
}

/// What pages show of `token.v1`.
#[derive(Debug, Deserialize)]
struct Token {
    name: String,
    hint: String,
    scopes: Vec<String>,
    queues: Vec<String>,
    kinds: Vec<String>,
    tags: Vec<String>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
}

/// The form of a new one, as its fields are written.
#[derive(Debug, Default)]
struct Asked {
    name: String,
    scopes: Vec<String>,
    queues: String,
    kinds: String,
    tags: String,
    days: String,
}

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/settings/tokens", get(list).post(create))
        .route("/settings/tokens/{name}/remove", post(remove))
}

impl Asked {
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut asked = Self { days: FOR_EVER.to_owned(), ..Self::default() };
        for (name, value) in fields {
            match name.as_str() {
                "name" => asked.name = value.trim().to_owned(),
                "scope" => asked.scopes.push(value),
                "queues" => asked.queues = value,
                "kinds" => asked.kinds = value,
                "tags" => asked.tags = value,
                "days" => asked.days = value.trim().to_owned(),
                _ => {}
            }
        }
        asked
    }

    /// How many days it may be used; none where that is for ever.
    fn days(&self) -> Result<u32, Fault> {
        let wrong = |_| {
            let detail =
                format!("It can be used: expected a number of days, found `{}`", self.days);
            Fault::invalid(&detail)
        };
        self.days.parse().map_err(wrong)
    }

    fn body(&self) -> Result<Value, Fault> {
        let mut body = json!({
            "name": self.name,
            "scopes": self.scopes,
            "queues": values(&self.queues),
            "kinds": values(&self.kinds),
            "tags": values(&self.tags),
        });
        let days = self.days()?;
        if days > 0 {
            let lasts = DAY.saturating_mul(days).as_millis();
            body["expires_ms"] = u64::try_from(lasts).unwrap_or(u64::MAX).into();
        }
        Ok(body)
    }
}

async fn list(view: View) -> Result<Response, Fault> {
    show(&view, &Asked::default(), None).await
}

/// The answer has the secret in its page: it is nowhere else, and is not shown again.
async fn create(view: View, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Fault> {
    let asked = Asked::of(fields);
    let made = async {
        let body = asked.body()?;
        view.ask().act_home(Method::POST, "/v1/tokens", Some(body)).await
    };
    match made.await {
        Ok(made) => secret(&view, made["secret"].as_str().unwrap_or_default(), &asked.name).await,
        Err(fault) if fault.is_of_fields() || fault.code() == "conflict" => {
            show(&view, &asked, Some(&fault)).await
        }
        Err(fault) => Err(fault),
    }
}

async fn remove(view: View, Path(Named { name }): Path<Named>) -> Result<Response, Fault> {
    let path = format!("/v1/tokens/{}", encoded(&name));
    view.ask().act_home(Method::DELETE, &path, None).await?;
    let told = format!("The token {name} is gone: who uses it is refused.");
    Ok(back(&view.base, "/settings/tokens", &told))
}

async fn secret(view: &View, secret: &str, name: &str) -> Result<Response, Fault> {
    let body = html! {
        section.preview {
            h2 { "The token " (text(name)) " is made" }
            p { "This is its secret. It is shown this once: nobody keeps it." }
            div.command { code { (secret) } (copy("Copy", secret)) }
            p.meta { "It is sent as " code { "Authorization: Bearer SECRET" } ". Who has it may do what the token may." }
            p { a href="settings/tokens" { "All tokens" } }
        }
    };
    page(&view.who().await?, (Tab::Tokens, "Token"), &body).show(view).await
}

async fn show(view: &View, asked: &Asked, fault: Option<&Fault>) -> Result<Response, Fault> {
    let tokens = view.ask().get_home::<Tokens>("/v1/tokens").await?.items;
    let body = html! {
        section {
            div.title { h2 { "Tokens" } div.tools { (copies(view, "windlass token list", "/v1/tokens")) } }
            @if tokens.is_empty() {
                (empty("No tokens yet", &html! { p { "Programs show by a token who they are:" } pre { "windlass token create deploy --scope enqueue --scope read" } }))
            } @else { (table(view, &tokens)) }
        }
        section {
            h2 { "New token" }
            (alert(fault))
            (fields(asked))
        }
    };
    page(&view.who().await?, (Tab::Tokens, "Tokens"), &body).show_refused(view, fault).await
}

fn table(view: &View, tokens: &[Token]) -> Markup {
    html! {
        table.rows.tokens {
            thead { tr { th { "Token" } th { "Scopes" } th { "Limited to" } th { "Created" } th { "Expires" } th { span.hidden { "Actions" } } } }
            tbody { @for token in tokens {
                tr id={ "token-" (token.name) } {
                    td.main { b.name { (text(&token.name)) } code.id { "…" (text(&token.hint)) } }
                    td data-name="scopes" { @for scope in &token.scopes { span.tag { (text(scope)) } " " } }
                    td data-name="limited to" { (limited([("queues", &token.queues), ("kinds", &token.kinds), ("tags", &token.tags)])) }
                    td data-name="created" { (moment(token.created_at, view.now)) }
                    td data-name="expires" { @if let Some(at) = token.expires_at {
                        @if at < view.now { span.badge.warning { (icon("warning")) "expired" } " " } (moment(at, view.now))
                    } @else { span.none { "never" } } }
                    td.acts { (removal(view, &token.name)) }
                }
            } }
        }
    }
}

fn removal(view: &View, name: &str) -> Markup {
    let to = format!("settings/tokens/{}/remove", encoded(name));
    let button = Button { to: &to, name: "Remove", picture: "cross", class: "danger", about: name };
    button.ask(view, "Who uses it is refused a second later. It cannot be taken back.", &html! {})
}

fn fields(asked: &Asked) -> Markup {
    let field = |name, label, value, hint| Field {
        name,
        label,
        value,
        hint,
        of: "token",
        most: Some(4096),
    };
    let about = |scope: Scope| match scope {
        Scope::Read => "look at what is there",
        Scope::Enqueue => "enqueue jobs, send signals",
        Scope::Publish => "publish events",
        Scope::Work => "claim and settle jobs",
        Scope::Operate => "cancel, retry, pause and what else changes",
        Scope::Admin => "everything, tokens and users included",
        _ => "",
    };
    html! {
        form.fields method="post" action="settings/tokens" {
            (field("name", "Name", &asked.name, "deploy").required())
            fieldset {
                legend { "Scopes: what it may do" }
                @for scope in Scope::ALL {
                    @let is_chosen = asked.scopes.iter().any(|chosen| chosen == scope.word());
                    label.choice { input type="checkbox" name="scope" value=(scope.word()) checked[is_chosen]; span { b { (scope.word()) } span.meta { (about(scope)) } } }
                }
            }
            (field("queues", "Only these queues", &asked.queues, "all; with commas between, such as mail, img-*").show())
            (field("kinds", "Only these kinds", &asked.kinds, "all").show())
            (field("tags", "Only jobs with one of these tags", &asked.tags, "all; such as tenant:acme").show())
            label for="token-days" { "It can be used" }
            select #token-days name="days" { @for (words, days) in LASTS { option value=(days) selected[days.to_string() == asked.days] { (words) } } }
            button.primary { "Make the token" }
            p.meta { "Its secret is shown once, on the page that comes." }
        }
    }
}
