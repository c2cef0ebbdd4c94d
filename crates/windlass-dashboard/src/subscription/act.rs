//! What is done with one subscription.

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
    let path = format!("/v1/subscriptions/{}/pause", encoded(&name));
    view.ask().act(Method::POST, &path, None).await?;
    let told = format!("Subscription {name} is paused: it is fed no events.");
    Ok(back(&view.base, &asked.back, &told))
}

pub(super) async fn resume(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let path = format!("/v1/subscriptions/{}/resume", encoded(&name));
    view.ask().act(Method::POST, &path, None).await?;
    Ok(back(
        &view.base,
        &asked.back,
        &format!("Subscription {name} is resumed where it was paused."),
    ))
}

pub(super) async fn remove(
    view: View,
    Path(Named { name }): Path<Named>,
) -> Result<Response, Fault> {
    let path = format!("/v1/subscriptions/{}", encoded(&name));
    view.ask().act(Method::DELETE, &path, None).await?;
    Ok(back(&view.base, "/subscriptions", &format!("Subscription {name} is removed.")))
}
