//! Kinds.

use serde_json::json;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// A kind is paused, listed with its note and its end, and goes on.
    a_kind_is_paused_listed_and_goes_on;
    /// Bad input: what makes no sense names its place, and nothing is changed.
    what_makes_no_sense_of_a_kind_is_refused;
}

async fn a_kind_is_paused_listed_and_goes_on(api: TestApi) {
    assert_eq!(api.get("/v1/kinds").await.ok()["items"], json!([]));
    let body = json!({"note": "the provider is down", "for_ms": 60_000});
    let paused = api.post("/v1/kinds/mail.send/pause", &body).await.ok();
    assert_eq!((&paused["schema"], &paused["kind"]), (&json!("kind.v1"), &json!("mail.send")));
    assert!(paused["paused_at"].is_string() && paused["paused_until"].is_string(), "{paused}");
    assert_eq!(api.get("/v1/kinds").await.ok()["items"], json!([paused]));
    assert_eq!(api.get("/v1/kinds/mail.send").await.ok(), paused);
    assert_eq!(api.get("/v1/kinds/other").await.code(), (404, "not-found"));
    let again = api.act("/v1/kinds/mail.send/pause").await.ok();
    assert!(again["paused_at"].is_string() && again["note"].is_null(), "{again}");
    for _ in 0..2 {
        let resumed = api.act("/v1/kinds/mail.send/resume").await.ok();
        assert_eq!((&resumed["paused_at"], &resumed["workers"]), (&json!(null), &json!(0)));
    }
    assert_eq!(api.get("/v1/kinds").await.ok()["items"], json!([]));
}

async fn what_makes_no_sense_of_a_kind_is_refused(api: TestApi) {
    let answer = api.post("/v1/kinds/mail.send/pause", &json!({"for_ms": "1h"})).await;
    assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), "/for_ms"));
    let answer = api.act("/v1/kinds/mail@2/resume").await;
    assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), "path"));
    assert_eq!(api.get("/v1/kinds").await.ok()["items"], json!([]));
}
