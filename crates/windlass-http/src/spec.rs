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
use crate::{
    batch, event, health, job, remote, signal, source, subscription, token, trace, workflow,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Windlass",
        description = "Durable jobs, events and workflows in the database that an application has.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "jobs", description = "What is to be done."),
        (name = "events", description = "What has happened."),
        (name = "subscriptions", description = "Which events are wanted, and what comes of them."),
        (name = "sources", description = "Feeds that are read, and become events."),
        (name = "batches", description = "Jobs that belong together."),
        (name = "workflows", description = "Jobs with names that run after each other."),
        (name = "signals", description = "What is told to all who wait for a key."),
        (name = "traces", description = "Trees of jobs and events."),
        (name = "worker protocol", description = "Workers in any language: register, claim, heartbeat, settle."),
        (name = "tokens", description = "Who may use the API, and for what."),
        (name = "health", description = "Whether the server can serve.")
    )
)]
struct Described;

/// The routes under `/v1`, and their description.
pub(crate) fn routes() -> (Router<Api>, Spec) {
    let nouns = OpenApiRouter::new()
        .merge(job::routes())
        .merge(event::routes())
        .merge(subscription::routes())
        .merge(source::routes())
        .merge(batch::routes())
        .merge(workflow::routes())
        .merge(signal::routes())
        .merge(trace::routes())
        .merge(remote::routes())
        .merge(token::routes());
    let (routes, mut document) = OpenApiRouter::with_openapi(Described::openapi())
        .nest("/v1", nouns)
        .merge(health::routes())
        .split_for_parts();
    for path in document.paths.paths.values_mut() {
        operations(path).for_each(|operation| {
            with_name(operation);
            with_problem(operation);
        });
    }
    (routes, document)
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// A handler's name is one of its noun alone, an operation's id is one of all.
fn with_name(operation: &mut Operation) {
    let noun = operation.tags.as_ref().and_then(|tags| tags.first());
    if let (Some(noun), Some(verb)) = (noun, &operation.operation_id) {
        operation.operation_id = Some(format!("{noun}_{}", verb.trim_start_matches("r#")));
    }
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
