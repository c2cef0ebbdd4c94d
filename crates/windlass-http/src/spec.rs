//! The OpenAPI document, made of the handlers themselves.

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{
    ContentBuilder, ObjectBuilder, OpenApi as Spec, Ref, RefOr, Response, ResponseBuilder,
};
use utoipa_axum::router::OpenApiRouter;

use crate::api::Api;
use crate::limits::KEY_BYTES;
use crate::problem::ProblemBody;
use crate::{
    access, alert, audit, batch, conditional, error_group, event, health, idempotency, job, kind,
    lane, limit, operation, queue, rate, remote, schedule, session, signal, source, standby, stats,
    stores, stream, subscription, token, trace, user, worker, workflow,
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
        (name = "errors", description = "Jobs that failed, by what they say."),
        (name = "events", description = "What has happened."),
        (name = "subscriptions", description = "Which events are wanted, and what comes of them."),
        (name = "sources", description = "Feeds that are read, and become events."),
        (name = "batches", description = "Jobs that belong together."),
        (name = "workflows", description = "Jobs with names that run after each other."),
        (name = "operations", description = "One change of many jobs."),
        (name = "signals", description = "What is told to all who wait for a key."),
        (name = "traces", description = "Trees of jobs and events."),
        (name = "live stream", description = "What happens, told while it happens."),
        (name = "worker protocol", description = "Workers in any language: register, claim, heartbeat, settle."),
        (name = "tokens", description = "Programs that may use the API, and for what."),
        (name = "users", description = "People who may, and for what."),
        (name = "session", description = "Who asks; signing in and out."),
        (name = "audit", description = "Who has done what."),
        (name = "queues", description = "Where jobs wait."),
        (name = "kinds", description = "What jobs are, by the handlers that run them."),
        (name = "limits", description = "How many run at once, how many start in a time, and breakers."),
        (name = "lanes", description = "Jobs that run one after the other."),
        (name = "workers", description = "The processes that run jobs."),
        (name = "builds", description = "The oldest builds of programs that take new work."),
        (name = "schedules", description = "Jobs that are enqueued again and again."),
        (name = "alerts", description = "What lasts and is told, and what is not to be told."),
        (name = "stats", description = "What jobs did over time."),
        (name = "health", description = "How the server and the store are."),
        (name = "stores", description = "The stores of a server that has several.")
    )
)]
struct Described;

/// The routes under `/v1`, and their description.
pub(crate) fn routes() -> (Router<Api>, Spec) {
    let nouns = [
        job::routes(),
        error_group::routes(),
        queue::routes(),
        kind::routes(),
        limit::routes(),
        lane::routes(),
        worker::routes(),
        schedule::routes(),
        alert::routes(),
        event::routes(),
        subscription::routes(),
        source::routes(),
        batch::routes(),
        workflow::routes(),
        operation::routes(),
        signal::routes(),
        trace::routes(),
        stream::routes(),
        remote::routes(),
        token::routes(),
        user::routes(),
        session::routes(),
        audit::routes(),
        stats::routes(),
        health::routes_of_store(),
        stores::routes(),
    ];
    let nouns = nouns.into_iter().fold(OpenApiRouter::new(), OpenApiRouter::merge);
    let (routes, mut document) = OpenApiRouter::with_openapi(Described::openapi())
        .nest("/v1", nouns)
        .merge(health::routes())
        .split_for_parts();
    access::described::with_schemes(&mut document);
    for (route, path) in &mut document.paths.paths {
        operations(path).for_each(|(method, operation)| {
            with_id(operation);
            with_problem(operation);
            access::described::describe(&method, route, operation);
            conditional::described::describe(&method, route, operation);
            standby::described::describe(&method, route, operation);
            if rate::may_refuse(&method, route) {
                with_rate(operation);
            }
        });
        if let Some(post) =
            path.post.as_mut().filter(|_| idempotency::takes_key(&Method::POST, route))
        {
            with_key(post);
        }
    }
    (routes, document)
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    let all = [
        (Method::GET, get),
        (Method::PUT, put),
        (Method::POST, post),
        (Method::DELETE, delete),
        (Method::PATCH, patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// An id that no other operation has: handlers of several nouns have one name.
fn with_id(operation: &mut Operation) {
    let noun = operation.tags.iter().flatten().next();
    let verb = operation.operation_id.as_deref().map(|id| id.trim_start_matches("r#"));
    operation.operation_id = noun.zip(verb).map(|(noun, verb)| format!("{noun}_{verb}"));
}

/// A request that may bring a key.
fn with_key(operation: &mut Operation) {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(KEY_BYTES));
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some("A request that comes again with its key is answered as the first time, and not carried out again."))
        .schema(Some(text))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
}

/// Where the server has a limit, a request may be one too many, and each answer says what is left.
fn with_rate(operation: &mut Operation) {
    let text = || Some(ObjectBuilder::new().schema_type(Type::String).build());
    let told = [
        ("Retry-After", "In how many seconds it may be tried again."),
        ("RateLimit", "What is left of the requests that the caller may make."),
        ("RateLimit-Policy", "How many these are, and in how many seconds they come back."),
    ];
    let mut response = refused("The caller makes more requests than it may; nothing was written.");
    for (name, what) in told {
        let header = HeaderBuilder::new().schema(text()).description(Some(what)).build();
        response.headers.insert(name.to_owned(), RefOr::T(header));
    }
    operation.responses.responses.insert("429".to_owned(), RefOr::T(response));
}

/// An answer that is a problem.
pub(crate) fn refused(what: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(what).content("application/problem+json", content).build()
}

/// Whatever is refused, and wherever, is a problem.
fn with_problem(operation: &mut Operation) {
    let response = refused("What was refused, and why.");
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
