//! What is asked of an operation.

use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;
use windlass_http::words::operation::{KEPT, undoing};

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
    let verb = match act {
        Act::Pause => "pause",
        Act::Resume => "resume",
        Act::Stop => "stop",
        Act::Undo => "undo",
    };
    let path = format!("/v1/operations/{}/{verb}", encoded(&id));
    let answer = view.ask().act(Method::POST, &path, None).await?;
    let done = match act {
        Act::Pause => "is paused: it goes no further until it is resumed.".to_owned(),
        Act::Resume => "goes on.".to_owned(),
        Act::Stop => "is stopped. What it did stays until it is undone.".to_owned(),
        Act::Undo => {
            let action = answer["action"].as_str().unwrap_or_default();
            format!("is being undone. {} {KEPT}", undoing(action))
        }
    };
    Ok(back(&view.base, &asked.back, &format!("{id} {done}")))
}
