//! What stands around all pages: the rules for browsers, forms that come whole, and a page for what went wrong.

use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use crate::ask::Pages;
use crate::base::Base;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::layout::bare;
use crate::view::{ACTED, Theme};

/// Everything comes from here, nothing runs that stands in a page, and nobody frames it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'",
);
/// How long a form may take to come, as a body of the API.
const FORM_TIME: Duration = Duration::from_secs(30);
/// Ids of all rows of a page and a filter are less.
const FORM_BYTES: usize = 256 * 1024;

/// Stands around all pages: writes what went wrong, and says to browsers what a page may do.
pub(crate) async fn guarded(State(pages): State<Pages>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let sender = parts.clone();
    let (began, method) = (Instant::now(), parts.method.clone());
    let route = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let mut response = match received(&pages, &parts, body).await {
        Ok(body) => next.run(Request::from_parts(parts, body)).await,
        Err(fault) => fault.into_response(),
    };
    if let Some(fault) = fault_of(&mut response) {
        response = written(&pages, &fault, &sender);
        if fault.status() == StatusCode::SERVICE_UNAVAILABLE && method.is_safe() {
            // A page that is left open comes back by itself.
            response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("5"));
        }
    }
    let mut response = ruled(response);
    if let Some(acted) = acted(&pages, &method, response.status()) {
        response.headers_mut().append(header::SET_COOKIE, acted);
    }
    let (route, status) = (route.as_deref().unwrap_or("none"), response.status().as_u16());
    let ms = began.elapsed().as_millis() as u64;
    tracing::info!(%method, route, status, ms, "page");
    response
}

/// The same answer with what it says to browsers.
pub(crate) fn ruled(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The whole form, which comes in time and is not large, for a page of a store that there is.
async fn received(pages: &Pages, parts: &Parts, body: Body) -> Result<Body, Fault> {
    if let Some(store) = Base::of(parts).store.filter(|name| !pages.inside().has_store(name)) {
        return Err(Fault::missing(&format!("this server has no store {store}")));
    }
    match tokio::time::timeout(FORM_TIME, to_bytes(body, FORM_BYTES)).await {
        Ok(Ok(form)) => Ok(Body::from(form)),
        Ok(Err(_)) => Err(Fault::too_large()),
        Err(_) => Err(Fault::too_slow()),
    }
}

fn fault_of(response: &mut Response) -> Option<Fault> {
    let is_no_page = response.status() == StatusCode::METHOD_NOT_ALLOWED;
    response.extensions_mut().remove().or_else(|| is_no_page.then(Fault::no_page))
}

/// Remembers in the browser that somebody has changed something, until what a standby answers has it.
fn acted(pages: &Pages, method: &Method, status: StatusCode) -> Option<HeaderValue> {
    let is_done = !method.is_safe() && !status.is_client_error() && !status.is_server_error();
    let age = pages.inside().oldest_answer().filter(|_| is_done)?;
    let seconds = age.as_secs() + 1;
    let cookie = format!("{ACTED}=1; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    HeaderValue::try_from(cookie).ok()
}

/// Where somebody comes back to who signs in: an act is not done by looking at it.
fn page_of(parts: &Parts) -> String {
    let base = Base::of(parts);
    let here = parts.uri.path_and_query().map_or("/", |here| here.as_str());
    let here = if parts.method.is_safe() { here } else { "/" };
    format!("{}{here}", base.store_path())
}

/// A page that says what went wrong, or the form to sign in.
pub(crate) fn written(pages: &Pages, fault: &Fault, sender: &Parts) -> Response {
    let base = Base::of(sender);
    let is_stranger = fault.status() == StatusCode::UNAUTHORIZED;
    if is_stranger && pages.inside().takes_sign_in(sender) {
        let back = encoded(&page_of(sender));
        return Redirect::to(&format!("{}/sign-in?back={back}", base.prefix)).into_response();
    }
    let body = html! {
        p.meta { "HTTP " (fault.status().as_u16()) " · " code { (fault.code()) } }
        h1 { (fault.title()) }
        p { (fault.detail()) }
        @if is_stranger { (instead(pages)) }
        p { a href=(base.home()) { "Overview" } " · " a href={ (base.prefix) "/docs/problems/" (fault.code()) } { "What this means" } }
    };
    let mut response = bare(fault.title(), &base, Theme::System, &body);
    *response.status_mut() = fault.status();
    response
}

/// What somebody does who is not let in, where the form to sign in would not help.
pub(crate) fn instead(pages: &Pages) -> Markup {
    match pages.inside().has_users() {
        true => {
            html! { p { "A token or a proxy says who sends this request, and that comes before signing in. An administrator can add the user, or make a token that is valid: " code { "windlass user create NAME --role viewer" } ", " code { "windlass token create NAME --scope read" } } }
        }
        false => {
            html! { p { "Nobody signs in here. The program that this dashboard is part of decides who gets in: sign in there, then open this page again." } }
        }
    }
}
