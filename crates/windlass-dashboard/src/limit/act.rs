//! What is done with one limit.

use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;

use crate::act::back;
use crate::extract::Path;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::view::View;

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    on: String,
}

pub(super) async fn remove(view: View, Path(Which { on }): Path<Which>) -> Result<Response, Fault> {
    view.ask().act(Method::DELETE, &format!("/v1/limits/{}", encoded(&on)), None).await?;
    Ok(back(&view.base, "/limits", &format!("The limit for {on} is removed.")))
}

pub(super) async fn close(view: View, Path(Which { on }): Path<Which>) -> Result<Response, Fault> {
    view.ask().act(Method::POST, &format!("/v1/limits/{}/close", encoded(&on)), None).await?;
    Ok(back(&view.base, "/limits", &format!("The breaker of {on} is closed: jobs start again.")))
}
