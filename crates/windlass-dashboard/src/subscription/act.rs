//! What is done with one subscription.

use axum::Form;
use axum::extract::Path;
use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;

use crate::act::back;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::parts::Named;
use crate::view::View;

/// A form of one button.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    back: String,
}

pub(super) async fn pause(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    let path = format!("/v1/subscriptions/{}/pause", encoded(&name));
    view.ask().act(Method::POST, &path, None).await?;
    let told = format!("Subscription {name} stands still. Its events stay in the log.");
    Ok(back(&view.base, &asked.back, &told))
}

pub(super) async fn resume(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    let path = format!("/v1/subscriptions/{}/resume", encoded(&name));
    view.ask().act(Method::POST, &path, None).await?;
    Ok(back(&view.base, &asked.back, &format!("Subscription {name} goes on where it stood still.")))
}

pub(super) async fn remove(
    view: View,
    Path(Named { name }): Path<Named>,
) -> Result<Response, Fault> {
    let path = format!("/v1/subscriptions/{}", encoded(&name));
    view.ask().act(Method::DELETE, &path, None).await?;
    Ok(back(&view.base, "/subscriptions", &format!("Subscription {name} is removed.")))
}
