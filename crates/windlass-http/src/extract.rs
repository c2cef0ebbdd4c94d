//! What handlers take from a request; what cannot be read is a problem that names the place.

use std::fmt::Display;
use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::limits::{BODY_BYTES, BODY_TIME};
use crate::problem::{Code, Problem};

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        type_of(request.headers(), &[JSON])?;
        read(&whole(request, state).await?).map(Self)
    }
}

/// A JSON body that may be left out: nothing, `null` and `{}` are the same.
#[derive(Debug)]
pub(crate) struct MaybeBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for MaybeBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = type_of(request.headers(), &[JSON]);
        let bytes = whole(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        is_json?;
        let body: Option<T> = read(&bytes)?;
        Ok(Self(body.unwrap_or_default()))
    }
}

/// The type of nearly all bodies.
pub(crate) const JSON: &str = "application/json";

/// Which of these types a body has.
pub(crate) fn type_of(
    headers: &HeaderMap,
    known: &[&'static str],
) -> Result<&'static str, Problem> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = said.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if let Some(found) = known.iter().find(|known| essence.eq_ignore_ascii_case(known)) {
        return Ok(found);
    }
    let found = if essence.is_empty() { "none" } else { essence };
    let detail = format!("Content-Type must be {}; found {found}", known.join(" or "));
    Err(Problem::new(Code::UnsupportedMediaType, detail))
}

/// All of a body.
pub(crate) async fn whole<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let bytes = timeout(BODY_TIME, Bytes::from_request(request, state)).await;
    bytes.map_err(|_| too_slow())?.map_err(|error| unread(&error))
}

pub(crate) fn too_slow() -> Problem {
    let detail =
        format!("the body did not come within {} s; nothing was written", BODY_TIME.as_secs());
    Problem::new(Code::TooSlow, detail)
}

fn unread(error: &BytesRejection) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!("a body has {BODY_BYTES} bytes at most; nothing was written");
        return Problem::new(Code::TooLarge, detail);
    }
    Problem::new(Code::InvalidRequest, "the body ended before its end")
}

/// Reads a body; an error names its place as a JSON pointer.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| Problem::body(pointer(error.path()), error.inner().to_string()))?;
    reader.end().map_err(|error| Problem::body(String::new(), error.to_string()))?;
    Ok(value)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => "/?".to_owned(),
        })
        .collect()
}

/// The parameters of a query.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(error) => Err(Problem::parameter("query", error.body_text())),
        }
    }
}

/// The id or name at the end of a path.
#[derive(Debug)]
pub(crate) struct Named<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Named<T>
where
    T: FromStr + Send,
    T::Err: Display,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::parameter("path", error.body_text()))?;
        parsed(&text).map(Self)
    }
}

/// An id or name in a path, and another one below it.
#[derive(Debug)]
pub(crate) struct NamedPair<T, U>(pub(crate) T, pub(crate) U);

impl<T, U, S> FromRequestParts<S> for NamedPair<T, U>
where
    T: FromStr + Send,
    T::Err: Display,
    U: FromStr + Send,
    U::Err: Display,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((first, second)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::parameter("path", error.body_text()))?;
        Ok(Self(parsed(&first)?, parsed(&second)?))
    }
}

fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: T::Err| Problem::parameter("path", error.to_string()))
}
