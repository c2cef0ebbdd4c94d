//! What is done with one schedule.

use axum::http::Method;
use axum::response::Response;
use serde_json::Value;

use crate::act::{Pressed, back};
use crate::extract::{Form, Path};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::parts::Named;
use crate::view::View;

fn path(name: &str) -> String {
    format!("/v1/schedules/{}", encoded(name))
}

pub(super) async fn pause(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let body = asked.note();
    view.ask().act(Method::POST, &format!("{}/pause", path(&name)), body).await?;
    Ok(back(&view.base, &asked.back, &format!("Schedule {name} is paused: it enqueues nothing.")))
}

pub(super) async fn resume(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    view.ask().act(Method::POST, &format!("{}/resume", path(&name)), None).await?;
    let told = format!("Schedule {name} is resumed. Due times that passed meanwhile have no run.");
    Ok(back(&view.base, &asked.back, &told))
}

pub(super) async fn run(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let job = view.ask().act(Method::POST, &format!("{}/run-now", path(&name)), None).await?;
    let id = job["id"].as_str().unwrap_or_default();
    Ok(back(&view.base, &asked.back, &format!("Schedule {name} runs now, as {id}.")))
}

pub(super) async fn remove(
    view: View,
    Path(Named { name }): Path<Named>,
) -> Result<Response, Fault> {
    let (head, bytes) = view.ask().send(Method::DELETE, &path(&name), None).await?;
    if !head.status.is_success() {
        return Err(Fault::read(head.status, &bytes));
    }
    // One that is declared stays on the list, and is answered with; of one that is gone there is nothing to say.
    let left = serde_json::from_slice::<Value>(&bytes).ok();
    let told = match left {
        Some(_) => {
            format!("Schedule {name} is removed. It stays on the list, since it is declared.")
        }
        None => format!("Schedule {name} is removed."),
    };
    Ok(back(&view.base, "/schedules", &told))
}
