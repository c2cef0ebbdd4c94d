//! How the API document tells of editions.

use axum::http::Method;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, RefOr, ResponseBuilder};

use crate::spec::refused;

/// Routes that show one object with its edition.
const SHOWN: [&str; 5] = [
    "/v1/limits/{on}",
    "/v1/schedules/{name}",
    "/v1/subscriptions/{name}",
    "/v1/queues/{name}",
    "/v1/builds/{program}",
];

/// Says of an operation that it answers an edition, or takes one.
pub(crate) fn describe(method: &Method, route: &str, operation: &mut Operation) {
    if *method == Method::GET && SHOWN.contains(&route) {
        with_tag(operation);
        with_parameter(
            operation,
            ("If-None-Match", "Tags that are known: where it is of one of them, 304."),
        );
        let response = ResponseBuilder::new().description("It is as it is known.").build();
        operation.responses.responses.insert("304".to_owned(), RefOr::T(response));
    }
    if super::takes(method, route) {
        if *method == Method::PUT {
            with_tag(operation);
        }
        with_parameter(
            operation,
            ("If-Match", "Tags: it is changed where it is of one of them; `*` where there is one."),
        );
        with_parameter(
            operation,
            (
                "If-None-Match",
                "Tags: it is changed where it is of none of them; `*` where there is none yet.",
            ),
        );
        let response = refused("It is not as expected; nothing was written.");
        operation.responses.responses.insert("412".to_owned(), RefOr::T(response));
    }
}

/// Its answers have the tag of what they show.
fn with_tag(operation: &mut Operation) {
    for status in ["200", "201"] {
        if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
            let text = ObjectBuilder::new().schema_type(Type::String).build();
            let header = HeaderBuilder::new()
                .schema(Some(text))
                .description(Some(
                    "Its edition: another one after each change that somebody makes.",
                ))
                .build();
            response.headers.insert("ETag".to_owned(), RefOr::T(header));
        }
    }
}

fn with_parameter(operation: &mut Operation, (name, what): (&str, &str)) {
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .description(Some(what))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
}
