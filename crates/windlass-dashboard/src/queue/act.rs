//! What is done with one queue.

use axum::Form;
use axum::extract::Path;
use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use crate::act::back;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::view::View;

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    back: String,
    #[serde(default)]
    note: String,
}

pub(super) async fn pause(
    view: View,
    Path(Which { name }): Path<Which>,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    let note = asked.note.trim();
    let body = (!note.is_empty()).then(|| json!({ "note": note }));
    let path = format!("/v1/queues/{}/pause", encoded(&name));
    view.ask().act(Method::POST, &path, body).await?;
    Ok(back(&view.base, &asked.back, &format!("Queue {name} is paused: no job of it starts.")))
}

pub(super) async fn resume(
    view: View,
    Path(Which { name }): Path<Which>,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    let path = format!("/v1/queues/{}/resume", encoded(&name));
    view.ask().act(Method::POST, &path, None).await?;
    Ok(back(&view.base, &asked.back, &format!("Queue {name} goes on.")))
}
