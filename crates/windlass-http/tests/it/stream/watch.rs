//! Somebody who watches. Every message is held against the document.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use windlass::event::NewEvent;

use crate::fixture::{Answer, TestApi, check_message, request};

/// Nothing awaited here takes longer unless it is broken.
pub(super) const SOON: Duration = Duration::from_secs(60);

/// A stream of lines.
pub(super) struct Watch {
    body: BodyDataStream,
    text: String,
    pub(super) headers: HeaderMap,
}

impl Watch {
    /// Opens a stream, and reads its first message.
    pub(super) async fn open(api: &TestApi, query: &str) -> Self {
        let mut watch = Self::unread(api, lines(query)).await;
        watch.told("start").await;
        watch
    }

    /// Opens a stream, and reads nothing of it.
    pub(super) async fn unread(api: &TestApi, request: Request<Body>) -> Self {
        let response = api.open(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers().clone();
        Self { body: response.into_body().into_data_stream(), text: String::new(), headers }
    }

    /// The next message; `None` once the stream has ended.
    pub(super) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(message) = self.line() {
                return Some(message);
            }
            let part =
                tokio::time::timeout(SOON, self.body.next()).await.expect("it comes in time");
            self.text.push_str(std::str::from_utf8(&part?.expect("it is sent")).expect("text"));
        }
    }

    /// What was sent by now.
    pub(super) fn now(&mut self) -> Option<Value> {
        while let Some(Some(part)) = self.body.next().now_or_never() {
            self.text.push_str(std::str::from_utf8(&part.expect("it is sent")).expect("text"));
        }
        self.line()
    }

    /// The next message, which is one of this sort.
    pub(super) async fn told(&mut self, word: &str) -> Value {
        let message = self.next().await.expect("it goes on");
        assert_eq!(message["message"], word, "{message}");
        message
    }

    /// The positions of the next events.
    pub(super) async fn positions(&mut self, events: usize) -> Vec<u64> {
        let mut positions = Vec::new();
        while positions.len() < events {
            positions.extend(self.told("event").await["position"].as_u64());
        }
        positions
    }

    fn line(&mut self) -> Option<Value> {
        let end = self.text.find('\n')?;
        let line: String = self.text.drain(..=end).collect();
        let message: Value = serde_json::from_str(&line).expect("JSON");
        check_message(&message);
        Some(message)
    }
}

/// A request for a stream of lines.
pub(super) fn lines(query: &str) -> Request<Body> {
    let request = request(Method::GET, &format!("/v1/stream{query}"));
    request.header(header::ACCEPT, "application/x-ndjson").body(Body::empty()).expect("a request")
}

/// The same by somebody with a token.
pub(super) fn lines_for(secret: &str, query: &str) -> Request<Body> {
    let mut request = lines(query);
    let value = format!("Bearer {secret}").parse().expect("a value");
    request.headers_mut().insert(header::AUTHORIZATION, value);
    request
}

/// The same by who has got a message before.
pub(super) fn lines_after(id: &str) -> Request<Body> {
    let mut request = lines("");
    request.headers_mut().insert("last-event-id", id.parse().expect("a value"));
    request
}

/// The answer to a stream that is refused.
pub(super) async fn refused(api: &TestApi, query: &str) -> Answer {
    api.send(lines(query)).await
}

pub(super) async fn publish(api: &TestApi, types: &[&str]) {
    for event_type in types {
        let event = NewEvent::bare(*event_type).subject(format!("of/{event_type}"));
        api.client().publish(event).await.expect("published");
    }
}
