//! What is asked of an operation.

use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;

use crate::act::{Pressed, back};
use crate::extract::{Form, Path};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::view::View;

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    id: String,
    act: Act,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Act {
    Pause,
    Resume,
    Stop,
    Undo,
}

pub(super) async fn act(
    view: View,
    Path(Which { id, act }): Path<Which>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let (verb, done) = match act {
        Act::Pause => ("pause", "is paused: it goes no further until it is resumed."),
        Act::Resume => ("resume", "goes on."),
        Act::Stop => ("stop", "is stopped. What it did stays until it is undone."),
        Act::Undo => ("undo", "is undone: each job that nobody touched since is put back."),
    };
    view.ask().act(Method::POST, &format!("/v1/operations/{}/{verb}", encoded(&id)), None).await?;
    Ok(back(&view.base, &asked.back, &format!("{id} {done}")))
}
