//! What is done with one job.

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

/// The job of a path.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    pub(super) id: String,
}

/// A form of one button.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    back: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn retry(
    view: View,
    Path(Which { id }): Path<Which>,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    let path = format!("/v1/jobs/{}/retry", encoded(&id));
    view.ask().act(Method::POST, &path, None).await?;
    Ok(back(&view.base, &asked.back, &format!("{id} runs again.")))
}

pub(super) async fn cancel(
    view: View,
    Path(Which { id }): Path<Which>,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    let path = format!("/v1/jobs/{}/cancel", encoded(&id));
    let reason = asked.reason.trim();
    let body = (!reason.is_empty()).then(|| json!({ "reason": reason }));
    view.ask().act(Method::POST, &path, body).await?;
    Ok(back(
        &view.base,
        &asked.back,
        &format!("{id} is cancelled, or will be as soon as its handler ends."),
    ))
}
