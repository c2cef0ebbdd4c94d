//! What is done with one source.

use axum::http::Method;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use windlass_http::words::time::count;

use crate::act::back;
use crate::extract::{Form, Path};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::said;
use crate::parts::Named;
use crate::view::View;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    back: String,
    #[serde(default)]
    note: String,
    /// The event that tells of a gap.
    #[serde(default)]
    gap: String,
    /// A cursor.
    #[serde(default)]
    to: String,
    /// A record that was put aside.
    #[serde(default)]
    record: Option<u64>,
}

async fn done(view: &View, name: &str, act: &str, body: Option<Value>) -> Result<Value, Fault> {
    let path = format!("/v1/sources/{}/{act}", encoded(name));
    view.ask().act(Method::POST, &path, body).await
}

/// A body of one text, where it is written.
fn one(field: &str, text: &str) -> Option<Value> {
    said(text).map(|text| json!({ field: text }))
}

pub(super) async fn pause(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    done(&view, &name, "pause", one("note", &asked.note)).await?;
    Ok(back(&view.base, &asked.back, &format!("Source {name} is paused: nothing of it is read.")))
}

pub(super) async fn resume(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    done(&view, &name, "resume", None).await?;
    Ok(back(&view.base, &asked.back, &format!("Source {name} is resumed.")))
}

pub(super) async fn close(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    let found = done(&view, &name, "close", one("gap", &asked.gap)).await?;
    let gaps = count(found["closed"].as_u64().unwrap_or_default(), "gap");
    Ok(back(&view.base, &asked.back, &format!("{gaps} of source {name} closed.")))
}

pub(super) async fn discard(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    let ids: Vec<_> = asked.record.into_iter().collect();
    let found = done(&view, &name, "quarantine/discard", Some(json!({ "ids": ids }))).await?;
    let records = count(found["discarded"].as_u64().unwrap_or_default(), "record");
    Ok(back(&view.base, &asked.back, &format!("{records} of source {name} discarded.")))
}

pub(super) async fn reset(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(asked): Form<Asked>,
) -> Result<Response, Fault> {
    done(&view, &name, "reset", one("to", &asked.to)).await?;
    let told = match asked.to.trim() {
        "" => format!("Source {name} is read from its oldest record on."),
        to => format!("Source {name} is read on behind {to}."),
    };
    Ok(back(&view.base, &asked.back, &told))
}

pub(super) async fn remove(
    view: View,
    Path(Named { name }): Path<Named>,
) -> Result<Response, Fault> {
    let path = format!("/v1/sources/{}", encoded(&name));
    view.ask().act(Method::DELETE, &path, None).await?;
    Ok(back(&view.base, "/sources", &format!("Source {name} is removed. Its events stay.")))
}
