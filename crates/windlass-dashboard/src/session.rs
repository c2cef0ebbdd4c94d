//! Signing in and out, and the colours that somebody chose.

use axum::Router;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::html;
use serde::Deserialize;
use serde_json::json;

use crate::act::own_path;
use crate::ask::{Asker, Pages};
use crate::base::Base;
use crate::extract::{Form, Query};
use crate::fault::Fault;
use crate::guard::instead;
use crate::layout::bare;
use crate::parts::icon;
use crate::view::Theme;

/// A year.
const THEME_SECONDS: u32 = 31_536_000;

pub(crate) fn routes() -> Router<Pages> {
    Router::new()
        .route("/sign-in", get(form).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/theme", post(theme))
}

#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(default)]
    back: String,
}

#[derive(Deserialize)]
struct SignIn {
    #[serde(default)]
    back: String,
    user: String,
    password: String,
}

#[derive(Debug, Deserialize)]
struct Chosen {
    #[serde(default)]
    back: String,
    theme: String,
}

async fn form(State(pages): State<Pages>, parts: Parts, Query(wanted): Query<Wanted>) -> Response {
    let base = Base::of(&parts);
    if pages.inside().has_users() {
        return page(&base, (&wanted.back, ""), None);
    }
    let body =
        html! { h1 { "Sign in" } (instead(&pages)) p { a href=(base.home()) { "Overview" } } };
    bare("Sign in", &base, Theme::System, &body)
}

fn page(base: &Base, (back, user): (&str, &str), fault: Option<&str>) -> Response {
    let body = html! {
        h1 { "Sign in" }
        form.sign-in method="post" action="sign-in" {
            input type="hidden" name="back" value=(back);
            @if let Some(fault) = fault { p.fault role="alert" { (icon("cross")) (fault) } }
            label for="user" { "User" }
            input #user name="user" value=(user) required autocomplete="username" autofocus[user.is_empty()];
            label for="password" { "Password" }
            input #password name="password" type="password" required autocomplete="current-password" autofocus[!user.is_empty()];
            button.primary { "Sign in" }
        }
        p.meta { "An administrator makes users: " code { "windlass user create NAME --role operator" } }
        p.meta { "A token is not for this form: a program sends it as " code { "Authorization: Bearer TOKEN" } ". " a href="docs/problems/unauthorized" { "What this means" } }
    };
    bare("Sign in", base, Theme::System, &body)
}

async fn sign_in(
    State(pages): State<Pages>,
    parts: Parts,
    Form(asked): Form<SignIn>,
) -> Result<Response, Fault> {
    let base = Base::of(&parts);
    let asker = Asker::of(pages, parts, String::new()).await?;
    let body = json!({ "user": asked.user, "password": asked.password });
    let (head, bytes) = asker.send(Method::POST, "/v1/session", Some(body)).await?;
    if !head.status.is_success() {
        let fault = Fault::read(head.status, &bytes);
        let mut response = page(&base, (&asked.back, &asked.user), Some(fault.detail()));
        *response.status_mut() = fault.status();
        return Ok(response);
    }
    let to = own_path(&asked.back).unwrap_or("/");
    let mut response = Redirect::to(&format!("{}{to}", base.prefix)).into_response();
    for cookie in head.headers.get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    Ok(response)
}

async fn sign_out(State(pages): State<Pages>, parts: Parts) -> Result<Response, Fault> {
    let base = Base::of(&parts);
    let asker = Asker::of(pages, parts, String::new()).await?;
    let (head, bytes) = asker.send(Method::DELETE, "/v1/session", None).await?;
    if !head.status.is_success() && head.status != StatusCode::UNAUTHORIZED {
        return Err(Fault::read(head.status, &bytes));
    }
    let mut response = Redirect::to(&format!("{}/sign-in", base.prefix)).into_response();
    for cookie in head.headers.get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    Ok(response)
}

/// Anybody may choose; it is kept in the browser alone.
async fn theme(
    State(pages): State<Pages>,
    parts: Parts,
    Form(asked): Form<Chosen>,
) -> Result<Response, Fault> {
    pages.only_own_pages(&parts)?;
    let base = Base::of(&parts);
    let to = own_path(&asked.back).unwrap_or("/");
    let mut response =
        Redirect::to(&format!("{}{}{to}", base.prefix, base.store_path())).into_response();
    let seconds = if asked.theme == "system" { 0 } else { THEME_SECONDS };
    let theme = if asked.theme == "dark" { "dark" } else { "light" };
    let cookie =
        format!("windlass-theme={theme}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
