//! What is done with one job.

use axum::http::Method;
use axum::response::Response;

use crate::act::{Pressed, back};
use crate::extract::{Form, Path};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::parts::Which;
use crate::view::View;

pub(super) async fn retry(
    view: View,
    Path(Which { id }): Path<Which>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let path = format!("/v1/jobs/{}/retry", encoded(&id));
    view.ask().act(Method::POST, &path, None).await?;
    Ok(back(&view.base, &asked.back, &format!("{id} runs again.")))
}

pub(super) async fn cancel(
    view: View,
    Path(Which { id }): Path<Which>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let path = format!("/v1/jobs/{}/cancel", encoded(&id));
    let body = asked.reason();
    view.ask().act(Method::POST, &path, body).await?;
    Ok(back(
        &view.base,
        &asked.back,
        &format!("{id} is cancelled, or will be as soon as its handler ends."),
    ))
}
