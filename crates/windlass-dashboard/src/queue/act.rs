//! What is done with one queue.

use axum::http::Method;
use axum::response::Response;

use crate::act::{Pressed, back};
use crate::extract::{Form, Path};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::parts::Named;
use crate::view::View;

pub(super) async fn pause(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let body = asked.note();
    let path = format!("/v1/queues/{}/pause", encoded(&name));
    view.ask().act(Method::POST, &path, body).await?;
    Ok(back(&view.base, &asked.back, &format!("Queue {name} is paused: no job of it starts.")))
}

pub(super) async fn resume(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let path = format!("/v1/queues/{}/resume", encoded(&name));
    view.ask().act(Method::POST, &path, None).await?;
    Ok(back(&view.base, &asked.back, &format!("Queue {name} goes on.")))
}
