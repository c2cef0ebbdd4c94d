//! How many requests a caller may make.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use windlass::NewJob;
use windlass::store::Now;
use windlass::token::{Grant, Scope};
use windlass_http::{Access, RequestRate, Secret, Server};

use crate::fixture::{Answer, TestApi, exchanged, on_both_stores, request};

on_both_stores! {
    /// Who asks too often is refused until later, nothing is written, and others are not kept back.
    who_asks_too_often_is_refused;
    /// A worker that has used up its requests keeps its leases, and settles.
    a_worker_keeps_its_leases;
    /// Where nobody is asked for a token the address counts.
    where_nobody_is_known_the_address_counts;
}

/// So many requests, and hardly another one.
fn rate(requests: u32) -> RequestRate {
    RequestRate::every(Duration::from_secs(3_600)).burst(NonZeroU32::new(requests).expect("not 0"))
}

async fn secret(api: &TestApi, name: &str, scope: Scope) -> String {
    let secret = Secret::new().expect("random");
    let token = secret.token(name, Grant::everywhere([scope]), None);
    let client = api.client();
    assert!(client.store().add_token(&token, Now::Database).await.expect("kept"));
    secret.as_str().to_owned()
}

async fn post(api: &TestApi, path: &str, secret: &str, body: &Value) -> Answer {
    let request = request(Method::POST, path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {secret}"));
    api.send(request.body(Body::from(body.to_string())).expect("a request")).await
}

const REFUSED: (u16, &str) = (429, "too-many-requests");

async fn who_asks_too_often_is_refused(api: TestApi) {
    let api = api.limited(Access::tokens(), rate(3)).await;
    let ana = secret(&api, "ana", Scope::Enqueue).await;
    let ben = secret(&api, "ben", Scope::Enqueue).await;
    let job = json!({"kind": "work"});
    for left in [2, 1, 0] {
        let answer = post(&api, "/v1/jobs", &ana, &job).await;
        assert_eq!(answer.status.as_u16(), 201, "{answer:?}");
        let told = answer.headers["ratelimit"].to_str().expect("a text");
        assert_eq!(told, format!("\"requests\";r={left};t={}", 3_600 * (3 - left)));
        assert_eq!(answer.headers["ratelimit-policy"], "\"requests\";q=3;w=10800");
    }
    let refused = post(&api, "/v1/jobs", &ana, &job).await;
    assert_eq!(refused.code(), REFUSED);
    let (wait, after) = (&refused.body["retry_after_ms"], &refused.headers[header::RETRY_AFTER]);
    let (wait, after): (u64, u64) = (
        wait.as_u64().expect("a number"),
        after.to_str().expect("a text").parse().expect("a number"),
    );
    assert!((3_500_000..=3_600_001).contains(&wait) && after * 1_000 >= wait, "{wait} {after}");
    assert_eq!(refused.headers["ratelimit"], "\"requests\";r=0;t=10800");
    assert_eq!(post(&api, "/v1/jobs", &ben, &job).await.status.as_u16(), 201);
    let jobs = api.client().counts().await.expect("counted");
    assert_eq!(jobs.by_queue["default"][&windlass::State::Available], 4);
}

async fn a_worker_keeps_its_leases(api: TestApi) {
    let api = api.limited(Access::tokens(), rate(3)).await;
    let worker = secret(&api, "worker", Scope::Work).await;
    let job = NewJob::new("k", windlass::Json::args("{}").expect("args"));
    let job = api.client().enqueue(job).await.expect("written").id();
    let registration = json!({
        "name": "py", "host": "h", "pid": 7, "build": "shop 2.0", "slots": 4, "protocol": 1,
        "handlers": [{"kind": "k"}],
    });
    let registered = post(&api, "/v1/workers", &worker, &registration).await;
    let id = registered.text("worker").to_owned();
    let (claim, asked) = (format!("/v1/workers/{id}/claim"), json!({"max": 1, "wait_ms": 0}));
    let claimed = post(&api, &claim, &worker, &asked).await.ok();
    post(&api, &claim, &worker, &asked).await.ok();
    assert_eq!(post(&api, &claim, &worker, &asked).await.code(), REFUSED);
    let lease = &claimed["jobs"][0]["lease"];
    for _ in 0..5 {
        let beat = format!("/v1/workers/{id}/heartbeat");
        let beat = post(&api, &beat, &worker, &json!({"leases": [lease]})).await;
        assert!(beat.status.is_success() && !beat.headers.contains_key("ratelimit"), "{beat:?}");
    }
    let result = json!({"job": job, "lease": lease, "result": "complete"});
    let settled = post(&api, "/v1/results", &worker, &json!({"results": [result]})).await.ok();
    assert_eq!(settled["results"][0]["status"], "done", "{settled}");
}

async fn where_nobody_is_known_the_address_counts(api: TestApi) {
    let api = api.limited(Access::open(), rate(2)).await;
    let address = "127.0.0.1:0".parse().expect("an address");
    let server = Server::bind(address).await.expect("bound");
    let address = server.address().expect("known");
    let mut running = JoinSet::new();
    running.spawn(server.serve(api.router(), api.stopping()));
    for (from, expected) in
        [("127.0.0.1", 200), ("127.0.0.1", 200), ("127.0.0.1", 429), ("127.0.0.2", 200)]
    {
        assert_eq!(status(address, from, "/v1/jobs").await, expected, "{from}");
    }
    assert_eq!(status(address, "127.0.0.1", "/healthz").await, 200);
    api.stop();
    running.join_all().await;
}

/// The status of what a client at this address of this machine gets.
async fn status(server: SocketAddr, from: &str, path: &str) -> u16 {
    exchanged(server, from, &format!("GET {path}"), "", "").await.0
}
