//! The largest and smallest numbers, and odd texts: nothing of what a caller sends is a fault of the server.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode, header};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::fixture::{Answer, TestApi, TestDatabase, on_both_stores, request};

on_both_stores! {
    /// Bad input: numbers and moments at the ends of their ranges are kept or refused.
    extreme_numbers_are_kept_or_refused;
    /// Bad input: odd texts in paths and bodies are kept or refused.
    odd_texts_are_kept_or_refused;
}

#[track_caller]
fn check(answer: &Answer, sent: &Value) -> StatusCode {
    assert!(!answer.status.is_server_error(), "{sent}: {answer:?}");
    answer.status
}

fn numbers() -> Vec<(&'static str, Value)> {
    let unsigned = [0, 1, u64::from(u16::MAX), u64::from(u32::MAX), i64::MAX as u64, u64::MAX];
    let mut values: Vec<Value> = unsigned.into_iter().map(Value::from).collect();
    values.extend([json!(-1), json!(i64::MIN), json!(i16::MIN), json!(1e300), json!(0.5)]);
    let fields = [
        "/version",
        "/priority",
        "/max_attempts",
        "/max_losses",
        "/timeout_ms",
        "/expires_ms",
        "/delay_ms",
        "/cost",
        "/unique/for_ms",
        "/fair/weight",
        "/limited/running",
        "/waits/needed",
        "/waits/deadline_ms",
    ];
    let each = |field: &&'static str| {
        let field = *field;
        values.iter().map(move |value| (field, value.clone())).collect::<Vec<_>>()
    };
    fields.iter().flat_map(each).collect()
}

/// A body with this at that place.
fn with(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    let (parents, last) = pointer.rsplit_once('/').expect("a pointer");
    let mut at = &mut body;
    for parent in parents.split('/').skip(1) {
        at = &mut at[parent];
    }
    at[last] = value;
    body
}

async fn extreme_numbers_are_kept_or_refused(api: TestApi) {
    let whole = json!({
        "unique": {"key": "a", "until": "elapsed", "for_ms": 1},
        "waits": {"signals": ["s"], "deadline_ms": 1}, "limited": {"key": "k"}, "fair": {"key": "f"},
    });
    let mut kept = 0;
    for (place, value) in numbers() {
        let parent = place.split('/').nth(1).expect("a member");
        let mut body = json!({"kind": "k"});
        if let Some(part) = whole.get(parent) {
            body[parent] = part.clone();
        }
        let body = with(&body, place, value);
        let answer = api.post("/v1/jobs", &body).await;
        if check(&answer, &body).is_success() {
            kept += 1;
            let id = answer.body["id"].as_str().expect("an id").to_owned();
            for what in ["", "/explain", "/conditions"] {
                check(&api.get(&format!("/v1/jobs/{id}{what}")).await, &body);
            }
        }
        if !["/delay_ms", "/waits/needed", "/waits/deadline_ms"].contains(&place) {
            let mut body = body;
            body["rule"] = json!("every 1h");
            check(&api.put("/v1/schedules/s", &body).await, &body);
        }
    }
    assert!(kept > 20, "{kept}");
    for moment in ["9999-12-30T00:00:00Z", "0001-01-01T00:00:00Z", "-009998-01-01T00:00:00Z"] {
        for field in ["run_at", "expires_at"] {
            let body = json!({"kind": "k", field: moment});
            check(&api.post("/v1/jobs", &body).await, &body);
        }
        let body = json!({ "until": moment });
        check(&api.post("/v1/queues/q/pause", &body).await, &body);
        let body = json!({"name": "job.failing", "until": moment});
        check(&api.post("/v1/alerts/mute", &body).await, &body);
        let body = json!({"rule": "0 0 29 2 *", "after": moment});
        check(&api.post("/v1/schedule-preview", &body).await, &body);
    }
    for path in
        ["/v1/jobs", "/v1/queues", "/v1/schedules", "/v1/alerts", "/v1/status", "/v1/problems"]
    {
        assert_eq!(api.get(path).await.status, StatusCode::OK, "{path}");
    }
}

async fn odd_texts_are_kept_or_refused(api: TestApi) {
    for text in [
        "",
        " ",
        "\u{0}",
        "\u{1f}",
        "\u{1b}[31m",
        "%",
        "a/b",
        "'; --",
        "\u{202e}",
        "ü",
        "😀",
        "\\",
        "\"",
    ] {
        for body in [
            json!({"kind": text}),
            json!({"kind": "k", "queue": text}),
            json!({"kind": "k", "args": {text: text}}),
            json!({"kind": "k", "tags": [text]}),
            json!({"kind": "k", "subjects": [{"type": text, "id": text}]}),
            json!({"kind": "k", "subjects": [{"type": "t", "id": text}]}),
            json!({"kind": "k", "unique": {"key": text}}),
            json!({"kind": "k", "lane": {"key": text, "supersedes": [text]}}),
            json!({"kind": "k", "lane": {"key": text}}),
            json!({"kind": "k", "fair": {"key": text}}),
            json!({"kind": "k", "limited": {"key": text, "name": text}}),
            json!({"kind": "k", "limited": {"key": text}}),
            json!({"kind": "k", "waits": {"signals": [text]}}),
            json!({"kind": "k", "traceparent": text}),
        ] {
            check(&api.post("/v1/jobs", &body).await, &body);
        }
        let id = api.post("/v1/jobs", &json!({"kind": "k"})).await.ok()["id"].clone();
        let id = id.as_str().expect("an id");
        for (path, body) in [
            (format!("/v1/jobs/{id}/cancel"), json!({"reason": text})),
            (format!("/v1/jobs/{id}/move"), json!({"queue": text})),
            ("/v1/queues/q/pause".to_owned(), json!({"note": text})),
            ("/v1/alerts/mute".to_owned(), json!({"name": text})),
            ("/v1/alerts/mute".to_owned(), json!({"name": "job.dead", "note": text})),
            ("/v1/schedule-preview".to_owned(), json!({"rule": text, "zone": text})),
            ("/v1/schedule-preview".to_owned(), json!({"rule": "0 0 * * *", "zone": text})),
        ] {
            check(&api.post(&path, &body).await, &body);
        }
        let named: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for path in [
            format!("/v1/queues/{named}"),
            format!("/v1/workers/{named}"),
            format!("/v1/schedules/{named}"),
            format!("/v1/jobs/{named}"),
            format!("/v1/jobs?filter={named}"),
            format!("/v1/jobs?cursor={named}"),
            format!("/v1/jobs?filter=tag:{named}"),
            format!("/v1/jobs?filter=kind:{named}"),
        ] {
            check(&api.get(&path).await, &json!(path));
        }
        for path in [
            format!("/v1/lanes/{named}/open"),
            format!("/v1/workers/{named}/quiet"),
            format!("/v1/workers/{named}/stop"),
            format!("/v1/jobs/{id}/conditions/{named}/waive"),
            format!("/v1/limits/key:{named}/close"),
        ] {
            check(&api.act(&path).await, &json!(path));
        }
        for path in [format!("/v1/builds/{named}"), format!("/v1/limits/{named}")] {
            check(&api.delete(&path).await, &json!(path));
        }
        let body = json!({"minimum": "1", "note": text});
        check(&api.put(&format!("/v1/builds/{named}"), &body).await, &body);
    }
}

/// Bad input: a body without an end is refused, by its size or by its time, and nothing is written.
#[tokio::test(flavor = "current_thread")]
async fn a_body_without_an_end_is_refused() {
    let api = TestApi::on(TestDatabase::sqlite()).await;
    let chunk = || Ok::<_, Infallible>(Bytes::from_static(&[b' '; 1 << 16]));
    let endless = Body::from_stream(stream::repeat_with(chunk));
    let silent = Body::from_stream(stream::iter([chunk()]).chain(stream::pending()));
    // Time passes as soon as nothing else is to be done.
    tokio::time::pause();
    for (body, expected) in [(endless, (413, "too-large")), (silent, (408, "too-slow"))] {
        let request = request(Method::POST, "/v1/jobs")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body);
        assert_eq!(api.send(request.expect("a request")).await.code(), expected);
    }
    assert_eq!(api.client().counts().await.expect("counted").total(), 0);
}
