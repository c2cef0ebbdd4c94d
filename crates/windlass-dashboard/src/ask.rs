//! Asking the API of the same process.

mod message;

use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, StatusCode, header, response};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tower::ServiceExt;
use windlass_http::{Caller, Inside};

use crate::commands::Commands;
use crate::fault::Fault;
use crate::looks::{Answer, Looks};
use message::{Reads, is_try, read, whole};

/// Who asks: that is each caller's own.
const OF_THE_CALLER: &str = "/v1/session";

/// What all pages share.
#[derive(Debug, Clone)]
pub(crate) struct Pages(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    inside: Inside,
    commands: Commands,
    looks: Looks,
}

/// Asks for the person who looks at a page.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pages: Pages,
    request: Parts,
    caller: Option<Caller>,
    reads: Reads,
    /// `/stores/NAME`, where it is one of several.
    store: String,
}

impl Pages {
    pub(crate) fn over(inside: Inside, commands: Commands) -> Self {
        Self(Arc::new(Shared { inside, commands, looks: Looks::default() }))
    }

    /// Refuses a form that a page of somebody else's sends, of forms that the API is not asked about.
    pub(crate) fn only_own_pages(&self, request: &Parts) -> Result<(), Fault> {
        self.0.inside.only_own_pages(request).map_err(Fault::of)
    }

    pub(crate) fn inside(&self) -> &Inside {
        &self.0.inside
    }

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
        let reads = Reads::of(&request);
        Ok(Self { pages, request, caller, reads, store })
    }

    /// Refuses a form that a page of somebody else's sends; the API does where it is asked to do something.
    pub(crate) fn only_own_pages(&self) -> Result<(), Fault> {
        self.pages.only_own_pages(&self.request)
    }

    /// Where the command line finds this store, for who may see all of it.
    pub(crate) fn store_url(&self, name: Option<&str>) -> Option<&str> {
        let sees_all = self.caller.as_ref().is_some_and(|caller| !caller.grant().is_limited());
        self.pages.0.commands.url(name).filter(|_| sees_all)
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
        read(&self.look(path).await)
    }

    /// The answer at this path, which viewers share. Apart from what it is read as: it is compiled once, and not for each document.
    async fn look(&self, path: &str) -> Answer {
        let path = format!("{}{path}", self.store);
        let Some(caller) = self.caller.as_ref().filter(|_| !path.starts_with(OF_THE_CALLER)) else {
            return self.ask(Method::GET, &path, None).await;
        };
        let mut rights = serde_json::to_string(caller.grant()).unwrap_or_default();
        if self.reads == Reads::Primary {
            rights.push_str(" of the primary");
        }
        let (asker, asked) = (self.clone(), path.clone());
        let ask = async move { asker.ask(Method::GET, &asked, None).await };
        self.pages.0.looks.share((rights, path), ask).await
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

    /// A document, with the tag of its edition, where it has one.
    pub(crate) async fn get_with_tag<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<(T, Option<String>), Fault> {
        let (head, bytes) = self.send(Method::GET, path, None).await?;
        let found = read(&(head.status, Arc::new(bytes)))?;
        let tag = head.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
        Ok((found, tag.map(str::to_owned)))
    }

    /// What a try would find. Nothing is changed by it, so that a page may try it for who only looks at it.
    pub(crate) async fn tried<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Value,
    ) -> Result<T, Fault> {
        let path = format!("{}{path}", self.store);
        let Some(caller) = &self.caller else {
            // A form was sent: the API checks who sends it, as each time.
            return read(&self.ask(Method::POST, &path, Some(body)).await);
        };
        let asked = self.request_of(Method::POST, &path, Some(json!({})));
        let asked = asked.ok_or_else(Fault::not_found)?.map(drop);
        let answer = self.pages.0.inside.tried(asked, body, (&self.request, caller)).await;
        read(&whole(answer).await)
    }

    /// Changes what is as its tag says; what nobody has set where there is no tag.
    pub(crate) async fn change(
        &self,
        (path, body): (&str, Value),
        seen: Option<&str>,
    ) -> Result<Value, Fault> {
        let path = format!("{}{path}", self.store);
        let asked = self.request_of(Method::PUT, &path, Some(body));
        let mut asked = asked.ok_or_else(Fault::not_found)?;
        let (name, tag) = match seen {
            Some(tag) => (header::IF_MATCH, tag),
            None => (header::IF_NONE_MATCH, "*"),
        };
        let tag = HeaderValue::from_str(tag).map_err(|_| {
            Fault::invalid("what the form was made of cannot be read: open it again")
        })?;
        asked.headers_mut().insert(name, tag);
        let answer = whole(self.answer(asked).await).await;
        self.changed(answer.0);
        read(&answer)
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
        if !is_try {
            self.changed(answer.0);
        }
        read(&answer)
    }

    /// The same with a body that is written already.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: String,
    ) -> Result<T, Fault> {
        let path = format!("{}{path}", self.store);
        let about = (&self.request, self.reads);
        let asked = message::request(about, (Method::POST, &path), Some(body));
        let answer = whole(self.answer(asked.ok_or_else(Fault::not_found)?).await).await;
        self.changed(answer.0);
        read(&answer)
    }

    /// The same as `act` with tokens, users and sessions, which are of the store that the server begins with.
    pub(crate) async fn act_home(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Fault> {
        let answer = self.ask(method, path, body).await;
        self.changed(answer.0);
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
        let answer = self.answer(asked).await;
        if changes {
            self.changed(answer.status());
        }
        let (head, body) = answer.into_parts();
        let (_, bytes) = whole(Response::from_parts(head.clone(), body)).await;
        Ok((head, bytes.to_vec()))
    }

    /// What viewers share is of before this, where something was changed.
    fn changed(&self, status: StatusCode) {
        if status.is_success() {
            self.pages.0.looks.clear();
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let Some(asked) = self.request_of(method, path, body) else {
            return (StatusCode::NOT_FOUND, Arc::default());
        };
        whole(self.answer(asked).await).await
    }

    async fn answer(&self, asked: Request<Body>) -> Response {
        self.pages.0.inside.answer(asked, &self.request, self.caller.as_ref()).await
    }

    /// A request to the API; none where the path of a page made no path of the API.
    fn request_of(&self, method: Method, path: &str, body: Option<Value>) -> Option<Request<Body>> {
        let body = body.map(|body| body.to_string());
        message::request((&self.request, self.reads), (method, path), body)
    }
}
