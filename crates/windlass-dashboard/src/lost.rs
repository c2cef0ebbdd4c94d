//! Paths that nothing lies at: a page for who looks with a browser, the API's problem for programs.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use maud::html;

use crate::ask::Pages;
use crate::fault::Fault;
use crate::guard::{ruled, written};
use crate::layout::Page;
use crate::parts::text;
use crate::view::View;

/// The answer of the API to a path without a page; a page where the API has nothing there either, and a person asks.
pub(crate) async fn answer(State(pages): State<Pages>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let sender = parts.clone();
    let answer = pages.of_api(Request::from_parts(parts, body)).await;
    if answer.status() != StatusCode::NOT_FOUND || !is_of_a_person(&sender) {
        return answer;
    }
    let shown = match View::of(sender.clone(), &pages).await {
        Ok(view) => show(&view).await,
        Err(fault) => Err(fault),
    };
    ruled(shown.unwrap_or_else(|fault| written(&pages, &fault, &sender)))
}

/// Whether a browser looks at it, and not below the paths of the API.
fn is_of_a_person(request: &Parts) -> bool {
    let accepts = request.headers.get_all(header::ACCEPT).iter();
    let wants_pages =
        accepts.filter_map(|value| value.to_str().ok()).any(|value| value.contains("text/html"));
    let path = request.uri.path();
    let path = path
        .strip_prefix("/stores/")
        .and_then(|rest| rest.find('/').map(|at| &rest[at..]))
        .unwrap_or(path);
    let is_of_api = path == "/v1" || path.starts_with("/v1/");
    matches!(request.method, Method::GET | Method::HEAD) && wants_pages && !is_of_api
}

async fn show(view: &View) -> Result<Response, Fault> {
    let body = html! {
        h1 { "There is no page here" }
        p.lead { "Nothing lies at " code { (text(view.here.split('?').next().unwrap_or_default())) } ". The address is mistyped, or of another version." }
        ul.ways {
            li { a href=(view.base.home()) { "Overview" } ": is it well?" }
            li { a href="jobs" { "Jobs" } ": which ones, by a filter" }
            li { a href="docs" { "Documentation" } ": all pages, by what you want" }
        }
    };
    let mut response = Page::nowhere("There is no page here", body).show(view).await?;
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}
