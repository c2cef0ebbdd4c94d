//! How the API document tells that a standby may answer.

use axum::http::{Method, header};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, RefOr};

use super::{ANSWERED_BY, is_read_from_standby};

/// Says of an operation that a standby may answer it, and how that is asked against.
pub(crate) fn describe(method: &Method, route: &str, operation: &mut Operation) {
    if *method != Method::GET || !is_read_from_standby(route) {
        return;
    }
    let text = |kind| Some(ObjectBuilder::new().schema_type(kind).build());
    let parameter = ParameterBuilder::new()
        .name("Cache-Control")
        .parameter_in(ParameterIn::Header)
        .description(Some("Where the server has a standby: `no-cache` for the primary's answer, `max-age=N` for one that is no older than N seconds."))
        .schema(text(Type::String))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
    let answered_by = ANSWERED_BY;
    let told = [
        (
            header::AGE.as_str(),
            Type::Integer,
            "How many seconds old the answer is at most, where a standby has given it.",
        ),
        (answered_by.as_str(), Type::String, "`standby` where one has answered."),
    ];
    if let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200") {
        for (name, kind, what) in told {
            let header = HeaderBuilder::new().schema(text(kind)).description(Some(what)).build();
            response.headers.insert(name.to_owned(), RefOr::T(header));
        }
    }
}
