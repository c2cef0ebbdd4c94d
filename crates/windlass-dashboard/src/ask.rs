//! Asking the API of the same process.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header, response};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt;
use windlass_http::{Caller, Inside};

use crate::base::OfProgram;
use crate::fault::Fault;
use crate::looks::{Answer, Looks};

/// An answer of the API is not larger: 500 jobs with all that they may have.
const ANSWER_BYTES: usize = 256 * 1024 * 1024;
/// What a request to a page says of that alone. The rest says who sends it and from where, in headers that a proxy may name as it
/// likes.
const OF_THE_PAGE: [HeaderName; 11] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CACHE_CONTROL,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::TRANSFER_ENCODING,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("last-event-id"),
];
/// Who asks: that is each caller's own.
const OF_THE_CALLER: &str = "/v1/session";

/// What all pages share.
#[derive(Debug, Clone)]
pub(crate) struct Pages(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    inside: Inside,
    looks: Looks,
}

/// Asks for the person who looks at a page.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pages: Pages,
    request: Parts,
    caller: Option<Caller>,
    /// `/stores/NAME`, where it is one of several.
    store: String,
}

impl Pages {
    pub(crate) fn over(inside: Inside) -> Self {
        Self(Arc::new(Shared { inside, looks: Looks::default() }))
    }
}

impl Pages {
    /// What the API itself answers to a request that no page is for.
    pub(crate) async fn of_api(&self, request: Request<Body>) -> Response {
        match self.0.inside.router().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl Asker {
    /// The one who sends this request; reading is checked here once, and acts by the API each time.
    pub(crate) async fn of(pages: Pages, request: Parts, store: String) -> Result<Self, Fault> {
        let caller = match request.method {
            Method::GET | Method::HEAD => {
                Some(pages.0.inside.caller(&request).await.map_err(Fault::of)?)
            }
            _ => None,
        };
        Ok(Self { pages, request, caller, store })
    }

    /// Refuses a form that a page of somebody else's sends; the API does where it is asked to do something.
    pub(crate) fn only_own_pages(&self) -> Result<(), Fault> {
        self.pages.0.inside.only_own_pages(&self.request).map_err(Fault::of)
    }

    /// A command that asks for this path, as the person who looks at the page would.
    pub(crate) fn curl(&self, path: &str, prefix: &str) -> String {
        let host = self.request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.unwrap_or("localhost:7700").replace('\'', "");
        let scheme = if self.is_over_tls() { "https" } else { "http" };
        let token = match self.caller.as_ref().is_some_and(Caller::is_known) {
            true => " -H \"Authorization: Bearer $WINDLASS_TOKEN\"",
            false => "",
        };
        format!("curl{token} '{scheme}://{host}{prefix}{path}'")
    }

    fn is_over_tls(&self) -> bool {
        let said = self.request.headers.get("x-forwarded-proto");
        said.is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"))
    }

    /// A document of the API at this path, which begins with `/v1`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        let path = format!("{}{path}", self.store);
        let Some(caller) = self.caller.as_ref().filter(|_| !path.starts_with(OF_THE_CALLER)) else {
            return read(&self.ask(Method::GET, &path, None).await);
        };
        let rights = serde_json::to_string(caller.grant()).unwrap_or_default();
        let (asker, asked) = (self.clone(), path.clone());
        let ask = async move { asker.ask(Method::GET, &asked, None).await };
        read(&self.pages.0.looks.share((rights, path), ask).await)
    }

    /// A document of the store whose users and tokens count.
    pub(crate) async fn get_home<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        read(&self.ask(Method::GET, path, None).await)
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
        let path = format!("{}{path}", self.store);
        let is_try = is_try(body.as_ref());
        let answer = self.ask(method, &path, body).await;
        self.changed(answer.0, is_try);
        read(&answer)
    }

    /// The same with tokens, users and sessions, which are of the store that the server begins with.
    pub(crate) async fn act_home(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Fault> {
        let answer = self.ask(method, path, body).await;
        self.changed(answer.0, false);
        read(&answer)
    }

    /// The same as `send` there.
    pub(crate) async fn send_home(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(response::Parts, Vec<u8>), Fault> {
        self.sent(method, path, body).await
    }

    /// Sends a request and returns its headers and its body, whatever it answers.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(response::Parts, Vec<u8>), Fault> {
        self.sent(method, &format!("{}{path}", self.store), body).await
    }

    async fn sent(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(response::Parts, Vec<u8>), Fault> {
        let changes = !method.is_safe();
        let asked = self.request_of(method, path, body).ok_or_else(Fault::not_found)?;
        let answer = self.pages.0.inside.answer(asked, &self.request, self.caller.as_ref()).await;
        if changes {
            self.changed(answer.status(), false);
        }
        let (head, body) = answer.into_parts();
        let bytes = to_bytes(body, ANSWER_BYTES).await.map_err(|_| Fault::unreadable())?;
        Ok((head, bytes.to_vec()))
    }

    /// What viewers share is of before this, where something was changed.
    fn changed(&self, status: StatusCode, is_try: bool) {
        if status.is_success() && !is_try {
            self.pages.0.looks.clear();
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let Some(asked) = self.request_of(method, path, body) else {
            return (StatusCode::NOT_FOUND, Arc::default());
        };
        let answer = self.pages.0.inside.answer(asked, &self.request, self.caller.as_ref()).await;
        let status = answer.status();
        match to_bytes(answer.into_body(), ANSWER_BYTES).await {
            Ok(bytes) => (status, Arc::new(bytes.to_vec())),
            Err(error) => {
                tracing::error!(%error, "an answer of the API could not be read to its end");
                (StatusCode::INTERNAL_SERVER_ERROR, Arc::default())
            }
        }
    }

    /// A request to the API; none where the path of a page made no path of the API.
    fn request_of(&self, method: Method, path: &str, body: Option<Value>) -> Option<Request<Body>> {
        let mut asked = Request::new(Body::empty());
        *asked.extensions_mut() = OfProgram::of(&self.request);
        *asked.method_mut() = method;
        *asked.uri_mut() = path.parse::<Uri>().ok()?;
        for (name, value) in &self.request.headers {
            if !OF_THE_PAGE.contains(name) {
                asked.headers_mut().append(name, value.clone());
            }
        }
        if let Some(body) = body {
            let json = HeaderValue::from_static("application/json");
            asked.headers_mut().insert(header::CONTENT_TYPE, json);
            *asked.body_mut() = Body::from(body.to_string());
        }
        Some(asked)
    }
}

/// Whether a body asks for a try, which changes nothing.
fn is_try(body: Option<&Value>) -> bool {
    body.is_some_and(|body| body.get("dry_run").and_then(Value::as_bool) == Some(true))
}

fn read<T: DeserializeOwned>((status, bytes): &Answer) -> Result<T, Fault> {
    if !status.is_success() {
        return Err(Fault::read(*status, bytes));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        tracing::error!(%error, "a page could not read an answer of the API");
        Fault::unreadable()
    })
}
