//! Opening a stream.

use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use windlass::token::Scope;

use super::document::MessageBody;
use super::format::Format;
use super::viewer::Viewer;
use super::wanted::{Wanted, Wants};
use crate::access::{Caller, MayIn, Read};
use crate::answer::Document;
use crate::api::Api;
use crate::extract::Asked;
use crate::problem::{Code, Problem};

const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Watch what happens
///
/// Server-sent events, or a JSON document a line where `application/x-ndjson` is accepted. The `id` of a server-sent event is the
/// `cursor` of its message: who connects again with it, as browsers do, misses nothing and gets nothing twice. Only what is
/// committed is told, events in the order of the log. Their data is not told; it is at `/v1/events/{id}`. Who is limited to some
/// queues, kinds or tags can watch jobs of these, and nothing else.
#[utoipa::path(
    get,
    path = "/stream",
    tag = "live stream",
    params(
        Wanted,
        ("last-event-id" = Option<String>, Header, description = "The `cursor` of the last message that was got."),
    ),
    responses((
        status = 200,
        description = "Messages, until one side has had enough.",
        content((Document<MessageBody> = "text/event-stream"), (Document<MessageBody> = "application/x-ndjson"))
    ))
)]
pub(super) async fn open(
    may: MayIn<Read>,
    State(api): State<Api>,
    request: Parts,
    Asked(wanted): Asked<Wanted>,
) -> Result<Response, Problem> {
    let wants = wanted.checked(&request.headers)?;
    check(&may.caller, &wants)?;
    let form = Format::accepted(&request.headers).content_type();
    let viewer = Viewer::join(&api, (may.caller, request), wants).await?;
    let body = Body::from_stream(viewer.messages());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(form)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A proxy that gathers what it passes on would tell it late.
        (ACCEL_BUFFERING, HeaderValue::from_static("no")),
    ];
    Ok((headers, body).into_response())
}

/// Refuses who may not read, and events and numbers to who is limited to some jobs: these are about all.
pub(super) fn check(caller: &Caller, wants: &Wants) -> Result<(), Problem> {
    if !caller.grant().has(Scope::Read) {
        let detail = format!("{} lacks the scope `{}`", caller.name(), Scope::Read);
        return Err(Problem::new(Code::Forbidden, detail));
    }
    if !caller.grant().is_limited() || (wants.events.is_none() && !wants.counts) {
        return Ok(());
    }
    let detail = format!(
        "{} is limited to some queues, kinds or tags, and may watch their `jobs` alone",
        caller.name()
    );
    Err(Problem::new(Code::Forbidden, detail))
}
