//! What is done with kinds and builds.

use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::list::{BUILDS, show};
use crate::act::back;
use crate::extract::{Form, Path};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::{Fields, Refused, said};
use crate::pause::body;
use crate::view::View;

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    kind: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Program {
    program: String,
}

pub(super) async fn pause(
    view: View,
    Path(Which { kind }): Path<Which>,
    Form(fields): Form<Fields>,
) -> Result<Response, Fault> {
    let to = format!("kinds/{}/pause", encoded(&kind));
    let done = async { view.ask().act(Method::POST, &format!("/v1/{to}"), body(&fields)?).await };
    match done.await {
        Ok(_) => {
            let told = format!("Kind {kind} is paused: no job of it starts.");
            Ok(back(&view.base, "/kinds", &told))
        }
        Err(fault) if fault.is_of_fields() => {
            show(&view, Some(&Refused { to, fields, fault })).await
        }
        Err(fault) => Err(fault),
    }
}

pub(super) async fn resume(
    view: View,
    Path(Which { kind }): Path<Which>,
) -> Result<Response, Fault> {
    let path = format!("/v1/kinds/{}/resume", encoded(&kind));
    view.ask().act(Method::POST, &path, None).await?;
    Ok(back(&view.base, "/kinds", &format!("Kind {kind} is resumed.")))
}

/// Requires a build of a program that has none required, or the one that the form says.
pub(super) async fn require(view: View, Form(fields): Form<Fields>) -> Result<Response, Fault> {
    let (program, minimum) = (fields.value("program"), fields.value("minimum"));
    let mut body = json!({ "minimum": minimum });
    if let Some(note) = said(fields.value("note")) {
        body["note"] = note.into();
    }
    let path = format!("/v1/builds/{}", encoded(program));
    match view.ask().change((&path, body), said(fields.value("seen"))).await {
        Ok(_) => {
            let told = format!("Workers of {program} below {minimum} take no new work.");
            Ok(back(&view.base, "/kinds", &told))
        }
        Err(fault) if fault.is_of_fields() || fault.is_stale() => {
            show(&view, Some(&Refused { to: BUILDS.to_owned(), fields, fault })).await
        }
        Err(fault) => Err(fault),
    }
}

pub(super) async fn allow(
    view: View,
    Path(Program { program }): Path<Program>,
) -> Result<Response, Fault> {
    let path = format!("/v1/builds/{}", encoded(&program));
    view.ask().act(Method::DELETE, &path, None).await?;
    Ok(back(
        &view.base,
        "/kinds",
        &format!("Workers of {program} take new work whatever their build."),
    ))
}
