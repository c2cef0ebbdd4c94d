//! The contents, and one page.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use maud::html;
use serde::Deserialize;

use super::markdown::rendered;
use super::pages::{CONTENTS, page};
use crate::ask::Pages;
use crate::extract::Path;
use crate::fault::Fault;
use crate::layout::{Nav, Page};
use crate::view::View;

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    page: String,
}

pub(super) async fn contents(view: View) -> Result<Response, Fault> {
    let body = html! {
        h1 { "Documentation" }
        div.contents {
            @for part in CONTENTS {
                section {
                    h2 { (part.title) }
                    p.meta { (part.about) }
                    ul { @for page in part.pages { li { a href={ "docs/" (page.name) } { (page.title()) } p { (page.about) } } } }
                }
            }
        }
    };
    Page::new(Nav::Docs, "Documentation", body).show(&view).await
}

/// A page; what is none of these is the API's, such as what the codes of problems mean.
pub(super) async fn show(
    State(pages): State<Pages>,
    Path(Which { page: name }): Path<Which>,
    request: Request,
) -> Response {
    let Some(found) = page(&name) else {
        return crate::lost::answer(State(pages), request).await;
    };
    let parts = request.into_parts().0;
    match View::of(parts, &pages).await {
        Ok(view) => shown(&view, found.name, found.text).await.into_response(),
        Err(fault) => fault.into_response(),
    }
}

async fn shown(view: &View, name: &str, text: &str) -> Result<Response, Fault> {
    let shown = rendered(name, text);
    let body = html! {
        p.crumb { a href="docs" { "Documentation" } }
        div.doc {
            article { (shown.body) }
            @if shown.headings.len() > 2 {
                nav.on-page aria-label="On this page" {
                    ul { @for (id, title) in &shown.headings { li { a href={ "docs/" (name) "#" (id) } { (title) } } } }
                }
            }
        }
    };
    let title = text.lines().next().unwrap_or_default().trim_start_matches('#').trim();
    Page::new(Nav::Docs, title, body).show(view).await
}
