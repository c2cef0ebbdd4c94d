//! What is done with a batch or a workflow, which is a batch, too.

use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use windlass_http::words::time::count;

use crate::act::{Pressed, back};
use crate::extract::{Form, Path};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::parts::Which;
use crate::view::View;

/// A condition of a job that is let pass.
#[derive(Debug, Deserialize)]
pub(super) struct Waived {
    #[serde(default)]
    back: String,
    job: String,
    condition: String,
}

async fn done(view: &View, id: &str, act: &str, body: Option<Value>) -> Result<Value, Fault> {
    let path = format!("/v1/batches/{}/{act}", encoded(id));
    view.ask().act(Method::POST, &path, body).await
}

pub(super) async fn cancel(
    view: View,
    Path(Which { id }): Path<Which>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let body = asked.reason();
    let found = done(&view, &id, "cancel", body).await?;
    let number = |field: &str| found[field].as_u64().unwrap_or_default();
    let told = format!(
        "{} cancelled, {} asked to stop.",
        count(number("cancelled"), "job"),
        count(number("told"), "running job")
    );
    Ok(back(&view.base, &asked.back, &told))
}

pub(super) async fn retry(
    view: View,
    Path(Which { id }): Path<Which>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let found = done(&view, &id, "retry", None).await?;
    let jobs = count(found["retried"].as_u64().unwrap_or_default(), "dead job");
    Ok(back(&view.base, &asked.back, &format!("{jobs} run again, and those behind them go on.")))
}

pub(super) async fn seal(
    view: View,
    Path(Which { id }): Path<Which>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    done(&view, &id, "seal", None).await?;
    Ok(back(&view.base, &asked.back, "No more jobs come to it: it ends with those that it has."))
}

pub(super) async fn waive(
    view: View,
    Path(Which { .. }): Path<Which>,
    Form(Waived { back: to, job, condition }): Form<Waived>,
) -> Result<Response, Fault> {
    let path = format!("/v1/jobs/{}/conditions/{}/waive", encoded(&job), encoded(&condition));
    view.ask().act(Method::POST, &path, None).await?;
    Ok(back(&view.base, &to, &format!("{job} does not wait for {condition} any more.")))
}
