//! Jobs that failed, by what they say.

use serde_json::json;
use windlass_testkit::verdicts::die;
use windlass_testkit::worker::worker;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// T22: errors are listed with their jobs, one is shown, and its fingerprint finds the jobs.
    errors_are_listed_and_find_their_jobs;
}

async fn errors_are_listed_and_find_their_jobs(api: TestApi) {
    let worker = api.worker(worker()).await;
    for _ in 0..2 {
        api.post("/v1/jobs", &json!({"kind": "work"})).await.ok();
        api.run_one(&worker, die()).await;
    }
    let listed = api.get("/v1/errors?filter=kind:work").await.ok();
    assert_eq!((&listed["schema"], &listed["jobs"]), (&json!("errors.v1"), &json!(2)));
    assert_eq!(listed["complete"], json!(true));
    let group = &listed["groups"][0];
    assert_eq!(
        (&group["jobs"], &group["dead"], &group["kind"]),
        (&json!(2), &json!(2), &json!("work"))
    );
    let fingerprint = group["fingerprint"].as_str().expect("a fingerprint");
    let shown = api.get(&format!("/v1/errors/{fingerprint}")).await.ok();
    assert_eq!(shown["schema"], json!("error.v1"));
    assert_eq!((&shown["error"], &shown["samples"]), (&group["error"], &group["samples"]));
    let found = api.get(&format!("/v1/jobs?filter=fingerprint:{fingerprint}")).await.ok();
    assert_eq!(found["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(api.get("/v1/errors?filter=kind:other").await.ok()["groups"], json!([]));
    assert_eq!(api.get("/v1/errors/000000000000").await.code(), (404, "not-found"));
    let wrong = api.get("/v1/errors/7c1e").await;
    assert_eq!((wrong.code(), wrong.place()), ((400, "invalid-request"), "path"));
    assert_eq!(api.get("/v1/errors?filter=stat:dead").await.code(), (400, "invalid-request"));
}
