//! Pages for people: what each code of a problem means and what to do, as `type` of a problem names it.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};

use crate::api::Api;
use crate::problem::{Code, Problem};

const STYLE: &str = include_str!("pages/style.css");
/// Only the style comes with a page, and nobody frames it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const REFERRER_POLICY: HeaderName = HeaderName::from_static("referrer-policy");

/// Pages that everybody may read: they are the same on every server.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/docs/problems", get(problems))
        .route("/docs/problems/{code}", get(problem))
        .route("/docs/style.css", get(style))
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

async fn problems() -> Response {
    page(
        ("Problems", "style.css"),
        &html! {
            p { "Whatever the API refuses is a problem (RFC 9457) with one of these codes, which never change their meaning." }
            table {
                thead { tr { th { "status" } th { "code" } th { "meaning" } } }
                tbody {
                    @for code in Code::ALL {
                        tr {
                            td { (code.status().as_u16()) }
                            td { a href={ "problems/" (code.word()) } { code { (code.word()) } } }
                            td { (code.title()) }
                        }
                    }
                }
            }
        },
    )
}

async fn problem(Path(word): Path<String>) -> Result<Response, Problem> {
    let found = Code::ALL.into_iter().find(|code| code.word() == word);
    let missing = || Problem::new(Code::NotFound, "no problem has this code; see /docs/problems");
    let code = found.ok_or_else(missing)?;
    Ok(page(
        (code.title(), "../style.css"),
        &html! {
            p.code { code { (code.word()) } " · HTTP " (code.status().as_u16()) }
            p { (paragraphs(code.explanation())) }
            p { a href="../problems" { "All problems" } }
        },
    ))
}

/// A text whose words between backquotes are code.
fn paragraphs(text: &str) -> Markup {
    html! {
        @for (nth, part) in text.split('`').enumerate() {
            @if nth % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A page with this title, and where its style lies from there: a program may have the API below a path of its own.
fn page((title, style): (&str, &str), body: &Markup) -> Response {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) " · Windlass" }
                link rel="stylesheet" href=(style);
            }
            body { main { p.of { "Windlass" } h1 { (title) } (body) } }
        }
    };
    let mut response = markup.into_string().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, NO_REFERRER);
    response
}
