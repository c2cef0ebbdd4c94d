//! The OpenAPI document, made of the handlers themselves.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{ContentBuilder, OpenApi as Spec, Ref, RefOr, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::api::Api;
use crate::problem::ProblemBody;
use crate::{health, job, remote, token};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Windlass",
        description = "Durable jobs, events and workflows in the database that an application has.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(ProblemBody)),
    tags((name = "jobs", description = "What is to be done."), (name = "worker protocol", description = "Workers in any language: register, claim, heartbeat, settle."), (name = "tokens", description = "Who may use the API, and for what."), (name = "health", description = "Whether the server can serve."))
)]
struct Described;

/// The routes under `/v1`, and their description.
pub(crate) fn routes() -> (Router<Api>, Spec) {
    let (routes, mut document) = OpenApiRouter::with_openapi(Described::openapi())
        .nest(
            "/v1",
            OpenApiRouter::new()
                .merge(job::routes())
                .merge(remote::routes())
                .merge(token::routes()),
        )
        .merge(health::routes())
        .split_for_parts();
    for path in document.paths.paths.values_mut() {
        operations(path).for_each(with_problem);
    }
    (routes, document)
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// Whatever is refused, and wherever, is a problem.
fn with_problem(operation: &mut Operation) {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response = ResponseBuilder::new()
        .description("What was refused, and why.")
        .content("application/problem+json", content)
        .build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(response));
}

/// The OpenAPI 3.1 document of the API, as `/v1/openapi.json` has it.
#[must_use]
pub fn openapi() -> String {
    text(&routes().1)
}

fn text(document: &Spec) -> String {
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// The route that serves it.
pub(crate) fn served(document: &Spec) -> Router<Api> {
    let text: Arc<str> = text(document).into();
    let serve = move || async move { ([(CONTENT_TYPE, "application/json")], text.to_string()) };
    Router::new().route("/v1/openapi.json", get(serve))
}
