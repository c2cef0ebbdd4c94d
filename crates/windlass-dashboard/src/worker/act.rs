//! What a worker is asked to do.

use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;

use crate::act::{Pressed, back};
use crate::extract::{Form, Path};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::parts::Which;
use crate::view::View;

/// What the page shows of the answer.
#[derive(Debug, Deserialize)]
struct Named {
    label: String,
}

pub(super) async fn quiet(
    view: View,
    Path(Which { id }): Path<Which>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let label = ask(&view, &id, "quiet").await?;
    let told = format!("Worker {label} takes no new work from its next heartbeat on.");
    Ok(back(&view.base, &asked.back, &told))
}

pub(super) async fn resume(
    view: View,
    Path(Which { id }): Path<Which>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let label = ask(&view, &id, "resume").await?;
    let told = format!("Worker {label} takes work again from its next heartbeat on.");
    Ok(back(&view.base, &asked.back, &told))
}

pub(super) async fn stop(
    view: View,
    Path(Which { id }): Path<Which>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let label = ask(&view, &id, "stop").await?;
    let told = format!("Worker {label} ends what it runs, and leaves.");
    Ok(back(&view.base, &asked.back, &told))
}

/// Its name for people.
async fn ask(view: &View, id: &str, verb: &str) -> Result<String, Fault> {
    let path = format!("/v1/workers/{}/{verb}", encoded(id));
    let answer = view.ask().act(Method::POST, &path, None).await?;
    Ok(serde_json::from_value::<Named>(answer).map_or_else(|_| id.to_owned(), |named| named.label))
}
