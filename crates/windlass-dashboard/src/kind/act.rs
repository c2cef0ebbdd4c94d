//! What is done with kinds and builds.

use axum::extract::{Form, Path};
use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, json};

use crate::act::back;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::said;
use crate::view::View;

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    kind: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Program {
    program: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    for_ms: u64,
    note: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NewBuild {
    program: String,
    minimum: String,
    note: String,
}

pub(super) async fn pause(
    view: View,
    Path(Which { kind }): Path<Which>,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    let mut body = Map::new();
    if asked.for_ms > 0 {
        body.insert("for_ms".to_owned(), asked.for_ms.into());
    }
    if let Some(note) = said(&asked.note) {
        body.insert("note".to_owned(), note.into());
    }
    let path = format!("/v1/kinds/{}/pause", encoded(&kind));
    view.ask().act(Method::POST, &path, Some(body.into())).await?;
    Ok(back(&view.base, "/kinds", &format!("{kind} is paused: no job of it starts.")))
}

pub(super) async fn resume(
    view: View,
    Path(Which { kind }): Path<Which>,
) -> Result<Response, Fault> {
    let path = format!("/v1/kinds/{}/resume", encoded(&kind));
    view.ask().act(Method::POST, &path, None).await?;
    Ok(back(&view.base, "/kinds", &format!("{kind} goes on.")))
}

pub(super) async fn require(view: View, Form(asked): Form<NewBuild>) -> Result<Response, Fault> {
    let (program, minimum) = (asked.program.trim(), asked.minimum.trim());
    let mut body = json!({ "minimum": minimum });
    if let Some(note) = said(&asked.note) {
        body["note"] = note.into();
    }
    let path = format!("/v1/builds/{}", encoded(program));
    view.ask().act(Method::PUT, &path, Some(body)).await?;
    let told = format!("Workers of {program} below {minimum} take no new work.");
    Ok(back(&view.base, "/kinds", &told))
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
