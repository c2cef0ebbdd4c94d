//! `/metrics`.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;
use windlass::token::{Grant, Scope};
use windlass_http::{Access, Caller};

use crate::fixture::{TestApi, on_both_stores, request};

on_both_stores! {
    /// The numbers are those of the store and of the requests, in Prometheus' text, and the store is not asked again at once.
    numbers_are_those_of_the_store;
    /// Where the store cannot say who asks, everybody is told that it is away, and no more.
    a_store_that_is_away_is_told_to_all;
    /// S-17: who is limited to some queues, or may not read, gets none.
    numbers_are_for_who_may_read_all;
}

async fn text(api: &TestApi, path: &str) -> (StatusCode, String) {
    let asked = request(Method::GET, path).body(Body::empty()).expect("a request");
    let response = api.router().oneshot(asked).await.expect("an answer");
    let status = response.status();
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8(bytes.to_vec()).expect("text"))
}

async fn numbers_are_those_of_the_store(api: TestApi) {
    for _ in 0..3 {
        api.post("/v1/jobs", &json!({"kind": "mail", "queue": "a\"b"})).await;
        api.post("/v1/jobs", &json!({"kind": "mail", "queue": "mail"})).await.ok();
    }
    api.act("/v1/queues/mail/pause").await.ok();
    api.post("/v1/events", &json!({"type": "order.paid"})).await.ok();
    let (status, metrics) = text(&api, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    for line in [
        "windlass_up 1",
        "windlass_jobs{queue=\"mail\",state=\"available\"} 3",
        "windlass_queue_paused{queue=\"mail\"} 1",
        "windlass_workers{state=\"alive\"} 0",
        "windlass_http_requests_total{method=\"POST\",route=\"/v1/jobs\",status=\"201\"} 3",
        "windlass_http_request_duration_seconds_count{method=\"POST\",route=\"/v1/queues/{name}/pause\"} 1",
        "# TYPE windlass_jobs gauge",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    api.post("/v1/jobs", &json!({"kind": "mail", "queue": "mail"})).await.ok();
    let (_, again) = text(&api, "/metrics").await;
    let measured = "windlass_jobs{queue=\"mail\",state=\"available\"} 3";
    assert!(again.contains(measured), "the store was asked a moment ago\n{again}");
    assert!(again.contains("route=\"/v1/jobs\",status=\"201\"} 4"), "{again}");
}

async fn a_store_that_is_away_is_told_to_all(api: TestApi) {
    let api = api.asking(Access::tokens()).await;
    let ask = async |path: &str| {
        let asked = request(Method::GET, path).header("authorization", "Bearer wlt_x");
        let response = api.router().oneshot(asked.body(Body::empty()).expect("a request")).await;
        let response = response.expect("an answer");
        let status = response.status();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        (status, String::from_utf8(bytes.to_vec()).expect("text"))
    };
    assert_eq!(ask("/metrics").await.0, StatusCode::UNAUTHORIZED, "a store that is there");
    api.by_sql("drop table {token}").await;
    let (status, told) = ask("/metrics").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let numbers: Vec<&str> = told.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(numbers, ["windlass_up 0"]);
    assert!(ask("/v1/jobs").await.0.is_server_error());
}

async fn numbers_are_for_who_may_read_all(api: TestApi) {
    let api = api
        .asking(Access::by(|parts| {
            let scope = parts.headers.get("x-scope")?.to_str().ok()?.parse().ok()?;
            let mut grant = Grant::everywhere([scope]);
            grant.queues.extend(parts.headers.get("x-queue").map(|_| "mail".to_owned()));
            Some(Caller::new("ana", grant))
        }))
        .await;
    let ask = |headers: &[(&'static str, String)]| {
        let mut asked = request(Method::GET, "/metrics").body(Body::empty()).expect("a request");
        for (name, value) in headers {
            asked.headers_mut().insert(*name, value.parse().expect("a value"));
        }
        let answer = api.router().oneshot(asked);
        async { answer.await.expect("an answer").status().as_u16() }
    };
    let scope = |scope: Scope| ("x-scope", scope.to_string());
    assert_eq!(ask(&[]).await, 401);
    assert_eq!(ask(&[scope(Scope::Enqueue)]).await, 403);
    assert_eq!(ask(&[scope(Scope::Read), ("x-queue", String::new())]).await, 403);
    assert_eq!(ask(&[scope(Scope::Read)]).await, 200);
}
