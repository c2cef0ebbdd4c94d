//! Signals.

use axum::http::StatusCode;
use serde_json::json;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// The first signal with a key counts, whether somebody waits for it yet or not.
    a_signal_is_told_once;
    a_signal_is_withdrawn;
    /// Bad input: what cannot be told names its place.
    what_is_no_signal_names_its_place;
}

async fn a_signal_is_told_once(api: TestApi) {
    let waiting = json!({"kind": "k", "waits": {"signals": ["saved:42"]}});
    let job = api.post("/v1/jobs", &waiting).await.text("id").to_owned();
    for (answer, conditions) in [("met", 1), ("duplicate", 0)] {
        let told =
            api.post("/v1/signals", &json!({"key": "saved:42", "data": {"lines": 1200}})).await;
        assert_eq!((told.status, told.text("answer")), (StatusCode::OK, answer));
        assert_eq!((told.text("key"), &told.body["conditions"]), ("saved:42", &json!(conditions)));
    }
    assert_eq!(api.get(&format!("/v1/jobs/{job}")).await.text("state"), "available");
    assert_eq!(api.post("/v1/signals", &json!({"key": "later"})).await.text("answer"), "kept");
}

async fn a_signal_is_withdrawn(api: TestApi) {
    let waiting = json!({"kind": "k", "waits": {"signals": ["a"], "jobs": []}});
    api.post("/v1/jobs", &waiting).await;
    let told = api.post("/v1/signals", &json!({"key": "a", "withdrawn": true})).await;
    assert_eq!((told.text("answer"), &told.body["conditions"]), ("met", &json!(1)));
}

async fn what_is_no_signal_names_its_place(api: TestApi) {
    for (body, pointer) in [
        (json!({}), ""),
        (json!({"key": 3}), "/key"),
        (json!({"key": "a", "data": "b\u{0}"}), "/data"),
        (json!({"key": "a", "payload": 1}), "/payload"),
    ] {
        let answer = api.post("/v1/signals", &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), pointer), "{body}");
    }
    for key in ["", "a\u{0}b", &"x".repeat(1_025)] {
        assert_eq!(api.post("/v1/signals", &json!({"key": key})).await.code(), (422, "refused"));
    }
}
