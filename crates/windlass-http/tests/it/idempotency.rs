//! Requests with an `Idempotency-Key`.

use axum::body::Body;
use axum::http::{Method, header};
use futures_util::future::join_all;
use serde_json::{Value, json};
use windlass::token::{Grant, Scope};
use windlass_http::{Access, Caller};
use windlass_testkit::fault::plan::{Action, Plan, Side, Verb};

use crate::fixture::{Answer, TestApi, on_both_stores, request};

on_both_stores! {
    /// A request that comes again with its key is answered as the first time, and writes nothing; another body is refused.
    a_request_that_comes_again_is_answered_again;
    /// Of requests with a key that come at the same moment one writes.
    one_of_many_writes;
    /// Whose answer got lost in the server is carried out again, and its job or event is there once.
    what_the_server_lost_is_there_once;
    /// A request that was refused leaves its key free.
    a_refusal_leaves_the_key_free;
    /// A key is one caller's, for one path.
    a_key_is_its_callers;
    /// What may not be kept, or needs no key, is carried out as often as it comes.
    a_secret_is_not_kept;
}

fn keyed(path: &str, key: &str, body: &Value) -> axum::http::Request<Body> {
    let request = request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
    request.header("idempotency-key", key).body(Body::from(body.to_string())).expect("a request")
}

async fn send(api: &TestApi, path: &str, key: &str, body: &Value) -> Answer {
    api.send(keyed(path, key, body)).await
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

async fn jobs(api: &TestApi) -> usize {
    api.get("/v1/jobs").await.ok()["items"].as_array().expect("a list").len()
}

async fn a_request_that_comes_again_is_answered_again(api: TestApi) {
    let body = json!({"kind": "mail", "args": {"n": 1}});
    let first = send(&api, "/v1/jobs", "k1", &body).await;
    let again = send(&api, "/v1/jobs", "k1", &body).await;
    assert_eq!((first.status.as_u16(), is_replayed(&first)), (201, false));
    assert_eq!((again.status.as_u16(), is_replayed(&again)), (201, true));
    assert_eq!(first.body, again.body);
    // Another server of the same store knows it too.
    let elsewhere = send(&api.another().await, "/v1/jobs", "k1", &body).await;
    assert_eq!(elsewhere.body, first.body);
    let other = send(&api, "/v1/jobs", "k1", &json!({"kind": "mail", "args": {"n": 2}})).await;
    assert_eq!(other.code(), (422, "key-reused"));
    assert_eq!(jobs(&api).await, 1);
    let act = send(&api, "/v1/queues/mail/pause", "k1", &json!({})).await;
    assert!(act.status.is_success() && !is_replayed(&act), "another path is another request");
    let wrong = send(&api, "/v1/jobs", "", &body).await;
    assert_eq!((wrong.code(), wrong.place()), ((400, "invalid-request"), "Idempotency-Key"));
}

async fn one_of_many_writes(api: TestApi) {
    let other = api.another().await;
    let body = json!({"jobs": [{"kind": "mail"}, {"kind": "mail"}]});
    let ask = |nth: usize| {
        send(if nth.is_multiple_of(2) { &api } else { &other }, "/v1/jobs/batch", "k", &body)
    };
    let answers = join_all((0..16).map(ask)).await;
    for answer in &answers {
        let is_told = answer.status.is_success() || answer.code() == (409, "request-running");
        assert!(is_told, "{answer:?}");
    }
    assert!(answers.iter().any(|answer| answer.status.is_success() && !is_replayed(answer)));
    assert_eq!(jobs(&api).await, 2);
}

async fn what_the_server_lost_is_there_once(api: TestApi) {
    let job = json!({"jobs": [{"kind": "mail"}, {"kind": "mail"}]});
    let event = json!({"type": "order.paid"});
    let faulty = api.faulty(Plan::first(Verb::Enqueue, Side::After, Action::Lose)).await;
    let lost = send(&faulty, "/v1/jobs/batch", "k", &job).await;
    assert_eq!(lost.code(), (500, "outcome-unknown"));
    let again = send(&api, "/v1/jobs/batch", "k", &job).await;
    assert!(again.status.is_success() && !is_replayed(&again), "{again:?}");
    let published = send(&api, "/v1/events", "k", &event).await.ok();
    // As if the server had died between the event and its answer, and a minute had passed.
    api.by_sql("update {request_key} set status = null, held_until = 0").await;
    let again = send(&api, "/v1/events", "k", &event).await;
    assert!(!is_replayed(&again));
    assert_eq!((&again.body["id"], &again.body["answer"]), (&published["id"], &json!("existing")));
    assert_eq!(jobs(&api).await, 2);
    assert_eq!(api.get("/v1/events").await.ok()["items"].as_array().map(Vec::len), Some(1));
}

async fn a_refusal_leaves_the_key_free(api: TestApi) {
    let refused = send(&api, "/v1/jobs", "k", &json!({"kind": ""})).await;
    assert!(refused.status.is_client_error(), "{refused:?}");
    let better = send(&api, "/v1/jobs", "k", &json!({"kind": "mail"})).await;
    assert_eq!(better.status.as_u16(), 201);
}

async fn a_key_is_its_callers(api: TestApi) {
    let api = api
        .asking(Access::by(|parts| {
            let name = parts.headers.get("x-user")?.to_str().ok()?.to_owned();
            Some(Caller::new(name, Grant::everywhere([Scope::Admin])))
        }))
        .await;
    let body = json!({"kind": "mail"});
    let of = |user: &str| {
        let mut request = keyed("/v1/jobs", "k", &body);
        request.headers_mut().insert("x-user", user.parse().expect("a value"));
        api.send(request)
    };
    let (ana, bob) = (of("ana").await, of("bob").await);
    assert_ne!(ana.text("id"), bob.text("id"));
    assert!(is_replayed(&of("ana").await));
    // Who is not let in gets nobody's answer.
    assert_eq!(api.send(keyed("/v1/jobs", "k", &body)).await.code().0, 401);
}

async fn a_secret_is_not_kept(api: TestApi) {
    let body = json!({"name": "ci", "scopes": ["read"]});
    let made = send(&api, "/v1/tokens", "k", &body).await;
    assert_eq!(made.status.as_u16(), 201);
    assert_eq!(send(&api, "/v1/tokens", "k", &body).await.code(), (409, "conflict"));
}
