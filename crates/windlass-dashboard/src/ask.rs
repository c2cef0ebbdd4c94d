//! Asking the API of the same process.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use windlass_http::{Caller, Inside};

use crate::fault::Fault;

/// An answer of the API is not larger: 500 jobs with all that they may have.
const ANSWER_BYTES: usize = 256 * 1024 * 1024;
/// Where a request comes from and who sends it.
const PASSED_ON: [HeaderName; 7] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::HOST,
    header::ORIGIN,
    header::FORWARDED,
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("x-forwarded-for"),
];

/// What all pages share.
#[derive(Debug, Clone)]
pub(crate) struct Pages(Arc<Inside>);

/// Whoever looks at a page asks by this.
#[derive(Debug)]
pub(crate) struct Asker {
    pages: Pages,
    request: Parts,
    caller: Option<Caller>,
    /// `/stores/NAME`, where it is one of several.
    store: String,
}

impl Pages {
    pub(crate) fn over(inside: Inside) -> Self {
        Self(Arc::new(inside))
    }
}

impl Asker {
    /// The one who sends this request; reading is checked here once, and acts by the API each time.
    pub(crate) async fn of(pages: Pages, request: Parts, store: String) -> Result<Self, Fault> {
        let caller = match request.method {
            Method::GET | Method::HEAD => Some(pages.0.caller(&request).await.map_err(Fault::of)?),
            _ => None,
        };
        Ok(Self { pages, request, caller, store })
    }

    /// A document of the API at this path, which begins with `/v1`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        read(self.send(Method::GET, path, None).await?)
    }

    /// A document of the store whose users and tokens count.
    pub(crate) async fn get_home<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        read(self.send_to(("", Method::GET, path), None).await?)
    }

    /// The same as `get`, and nothing where the one who asks may not see it.
    pub(crate) async fn get_if_allowed<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, Fault> {
        match self.get(path).await {
            Ok(found) => Ok(Some(found)),
            Err(fault) if fault.status() == StatusCode::FORBIDDEN => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Does something, and returns the document of what came of it.
    pub(crate) async fn act(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Fault> {
        read(self.send(method, path, body).await?)
    }

    /// The same with tokens, users and sessions, which are of the store that the server begins with.
    pub(crate) async fn act_home(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Fault> {
        read(self.send_home(method, path, body).await?)
    }

    /// The same as `send` there.
    pub(crate) async fn send_home(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(axum::http::response::Parts, Vec<u8>), Fault> {
        self.send_to(("", method, path), body).await
    }

    /// Sends a request and returns its headers and its body, whatever it answers.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(axum::http::response::Parts, Vec<u8>), Fault> {
        self.send_to((&self.store, method, path), body).await
    }

    async fn send_to(
        &self,
        (store, method, path): (&str, Method, &str),
        body: Option<Value>,
    ) -> Result<(axum::http::response::Parts, Vec<u8>), Fault> {
        let uri = format!("{store}{path}").parse::<Uri>().map_err(|_| Fault::not_found())?;
        let asked = Request::builder().method(method).uri(uri);
        let text = body.as_ref().map(Value::to_string);
        let asked = asked.body(text.map_or_else(Body::empty, Body::from));
        let mut asked = asked.map_err(|_| Fault::not_found())?;
        for name in PASSED_ON {
            for value in self.request.headers.get_all(&name) {
                asked.headers_mut().append(&name, value.clone());
            }
        }
        if body.is_some() {
            let json = HeaderValue::from_static("application/json");
            asked.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        let answer = self.pages.0.answer(asked, &self.request, self.caller.as_ref()).await;
        let (head, body) = answer.into_parts();
        let bytes = to_bytes(body, ANSWER_BYTES).await.map_err(|_| Fault::unreadable())?;
        Ok((head, bytes.to_vec()))
    }
}

fn read<T: DeserializeOwned>(
    (head, bytes): (axum::http::response::Parts, Vec<u8>),
) -> Result<T, Fault> {
    if !head.status.is_success() {
        return Err(Fault::read(head.status, &bytes));
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        tracing::error!(%error, "a page could not read an answer of the API");
        Fault::unreadable()
    })
}
