//! What is done with one queue.

use axum::http::Method;
use axum::response::Response;

use super::list::show;
use crate::act::{Pressed, back};
use crate::extract::{Form, Path};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::{Fields, Refused};
use crate::parts::Named;
use crate::pause::body;
use crate::view::View;

pub(super) async fn pause(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(fields): Form<Fields>,
) -> Result<Response, Fault> {
    let to = format!("queues/{}/pause", encoded(&name));
    let done = async { view.ask().act(Method::POST, &format!("/v1/{to}"), body(&fields)?).await };
    match done.await {
        Ok(_) => {
            let told = format!("Queue {name} is paused: no job of it starts.");
            Ok(back(&view.base, fields.value("back"), &told))
        }
        Err(fault) if fault.is_of_fields() => {
            show(&view, Some(&Refused { to, fields, fault })).await
        }
        Err(fault) => Err(fault),
    }
}

pub(super) async fn resume(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Pressed>,
) -> Result<Response, Fault> {
    let path = format!("/v1/queues/{}/resume", encoded(&name));
    view.ask().act(Method::POST, &path, None).await?;
    Ok(back(&view.base, &asked.back, &format!("Queue {name} is resumed.")))
}
