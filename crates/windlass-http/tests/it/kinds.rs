//! Kinds.

use serde_json::json;
use windlass_testkit::worker::worker;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// A kind is paused, listed with its note and its end, and goes on.
    a_kind_is_paused_listed_and_goes_on;
    /// A kind that no worker ever knew is listed while its jobs wait for one.
    a_kind_that_no_worker_serves_is_listed;
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

async fn a_kind_that_no_worker_serves_is_listed(api: TestApi) {
    api.worker(worker()).await;
    for queue in ["default", "default", "mail"] {
        api.post("/v1/jobs", &json!({"kind": "ghost", "queue": queue})).await.ok();
    }
    api.post("/v1/jobs", &json!({"kind": "work"})).await.ok();
    let ghost = api.get("/v1/kinds/ghost").await.ok();
    assert_eq!((&ghost["workers"], &ghost["unserved"]), (&json!(0), &json!(3)));
    assert_eq!(ghost["unserved_or_more"], false);
    assert!(ghost["oldest_due_at"].is_string(), "{ghost}");
    let work = api.get("/v1/kinds/work").await.ok();
    assert_eq!((&work["workers"], &work["unserved"]), (&json!(1), &json!(0)));
    assert!(work["oldest_due_at"].is_null(), "{work}");
    assert_eq!(api.get("/v1/kinds").await.ok()["items"], json!([ghost, work]));
}

async fn what_makes_no_sense_of_a_kind_is_refused(api: TestApi) {
    let answer = api.post("/v1/kinds/mail.send/pause", &json!({"for_ms": "1h"})).await;
    assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), "/for_ms"));
    let answer = api.act("/v1/kinds/mail@2/resume").await;
    assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), "path"));
    assert_eq!(api.get("/v1/kinds").await.ok()["items"], json!([]));
}
