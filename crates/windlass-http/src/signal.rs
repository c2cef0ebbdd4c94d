//! Signals over HTTP: what is told to all who wait for a key.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use windlass::condition::{Signal, SignalAnswer, Signalled};
use windlass::{Client, Json};

use crate::access::{Enqueue, May};
use crate::answer::{Document, ok};
use crate::api::Api;
use crate::extract::Body;
use crate::problem::Problem;

/// Their routes, below `/v1`.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(tell))
}

/// What came of a signal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Signalled)]
pub struct SignalledBody<'a> {
    /// What it is about.
    key: &'a str,
    answer: AnswerWord,
    /// How many conditions it met, or took away.
    conditions: u64,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SignalAnswer)]
enum AnswerWord {
    /// Jobs waited for it.
    Met,
    /// Nobody has waited for it yet: it is kept for those who will.
    Kept,
    /// It has come, or was withdrawn, before: the first one counts.
    Duplicate,
    /// Those who waited for it do not any more.
    Late,
    /// The store keeps nothing.
    Discarded,
}

/// What came of a signal that this client told, as `signal.v1`.
#[must_use]
pub fn signalled<'a>(
    key: &'a str,
    told: &Signalled,
    client: &Client,
) -> Document<SignalledBody<'a>> {
    let answer = match told.answer {
        _ if client.discarded().is_some() => AnswerWord::Discarded,
        SignalAnswer::Met => AnswerWord::Met,
        SignalAnswer::Duplicate => AnswerWord::Duplicate,
        SignalAnswer::Late => AnswerWord::Late,
        _ => AnswerWord::Kept,
    };
    Document::new("signal.v1", SignalledBody { key, answer, conditions: told.conditions })
}

/// A signal to be told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSignal {
    /// What has happened, such as `wrap-up:42`: jobs wait for it by this key.
    #[schema(max_length = 1024)]
    key: String,
    /// What those who wait get with it, up to 256 KiB of JSON.
    #[schema(value_type = Option<serde_json::Value>)]
    data: Option<Box<RawValue>>,
    /// It will not happen: nobody waits for it any more.
    #[serde(default)]
    withdrawn: bool,
}

/// Tell a signal
///
/// All who wait for its key go on, and it is kept for those who will. The first one counts: a second call changes nothing. A server of
/// several stores tells it in each; where one is away, the others are told, and the same call again changes nothing in them.
#[utoipa::path(
    post,
    path = "/signals",
    tag = "signals",
    request_body = NewSignal,
    responses((status = 200, description = "What came of it.", body = Document<SignalledBody>))
)]
async fn tell(
    may: May<Enqueue>,
    State(api): State<Api>,
    Body(body): Body<NewSignal>,
) -> Result<Response, Problem> {
    let mut signal = Signal { is_withdrawn: body.withdrawn, ..Signal::new(body.key) };
    if let Some(data) = body.data {
        let data = Json::args(Box::<str>::from(data));
        signal.data =
            Some(data.map_err(|error| Problem::body("/data".to_owned(), error.to_string()))?);
    }
    let client = api.client_of(&may.caller);
    let told = api.signal(&may.caller, &signal).await?;
    Ok(ok(&signalled(&signal.key, &told, &client)))
}
