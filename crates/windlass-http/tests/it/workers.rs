//! Workers, and minimum builds.

use serde_json::json;
use windlass_testkit::worker::worker;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// T20: a worker is listed, asked to take no new work and to take it again.
    a_worker_is_listed_quieted_and_resumed;
    /// T55: a worker is asked to stop, by its id or its label, and shown so.
    a_worker_is_asked_to_stop;
    /// T46: a minimum build is set, holds older workers back, and is removed.
    a_minimum_build_is_set_and_removed;
    /// Bad input: what makes no sense names its place, and nothing is changed.
    what_makes_no_sense_of_a_build_is_refused;
}

async fn a_worker_is_listed_quieted_and_resumed(api: TestApi) {
    assert_eq!(api.get("/v1/workers").await.ok()["items"], json!([]));
    let worker = api.worker(worker().serving(&["mail", "bulk"])).await;
    let listed = api.get("/v1/workers").await.ok();
    let shown = &listed["items"][0];
    assert_eq!((&shown["schema"], &shown["label"]), (&json!("worker.v1"), &json!(worker.label)));
    assert_eq!((&shown["handlers"], &shown["slots"]), (&json!(["work@1"]), &json!(10)));
    assert_eq!(shown["queues"].as_array().map(Vec::len), Some(2));
    assert_eq!(api.get("/v1/kinds").await.ok()["items"][0]["workers"], 1);
    let id = worker.worker;
    for (name, verb, is_quiet) in [
        (id.to_string(), "quiet", true),
        (worker.label.clone(), "quiet", true),
        (worker.label.clone(), "resume", false),
        (id.to_string(), "resume", false),
    ] {
        let answer = api.act(&format!("/v1/workers/{name}/{verb}")).await.ok();
        assert_eq!(answer["quiet"], is_quiet, "{name} {verb}");
        assert_eq!(api.get(&format!("/v1/workers/{name}")).await.ok()["quiet"], is_quiet);
    }
    for name in [windlass::WorkerId::new().to_string(), "nobody".to_owned()] {
        assert_eq!(api.get(&format!("/v1/workers/{name}")).await.code(), (404, "not-found"));
        let answer = api.act(&format!("/v1/workers/{name}/quiet")).await;
        assert_eq!(answer.code(), (404, "not-found"));
    }
}

async fn a_worker_is_asked_to_stop(api: TestApi) {
    let worker = api.worker(worker()).await;
    let path = format!("/v1/workers/{}", worker.worker);
    assert_eq!(api.get(&path).await.ok()["stopping"], false);
    for name in [worker.worker.to_string(), worker.label.clone()] {
        let answer = api.act(&format!("/v1/workers/{name}/stop")).await.ok();
        assert_eq!(
            (&answer["stopping"], &answer["quiet"]),
            (&json!(true), &json!(false)),
            "{name}"
        );
        assert_eq!(api.get(&path).await.ok()["stopping"], true);
    }
    let answer = api.act("/v1/workers/nobody/stop").await;
    assert_eq!(answer.code(), (404, "not-found"));
}

async fn a_minimum_build_is_set_and_removed(api: TestApi) {
    let worker = api.worker(worker().built("web shop 2.13.0")).await;
    let body = json!({"minimum": "2.14", "note": "needs the new columns"});
    let path = "/v1/builds/web%20shop";
    let set = api.put(path, &body).await.ok();
    assert_eq!((&set["program"], &set["minimum"]), (&json!("web shop"), &json!("2.14")));
    assert_eq!((&set["note"], &set["below"]), (&body["note"], &json!([worker.label])));
    let held = api.get(&format!("/v1/workers/{}", worker.label)).await.ok();
    let expected = json!({"minimum": "web shop 2.14", "note": "needs the new columns"});
    assert_eq!(held["held_back"], expected);
    let lower = api.put(path, &json!({"minimum": "2.13.0"})).await.ok();
    assert_eq!((&lower["note"], &lower["below"]), (&json!(null), &json!([])));
    let listed = api.get("/v1/builds").await.ok();
    assert_eq!(listed["items"], json!([lower]));
    let removed = api.delete(path).await.ok();
    assert_eq!(removed, json!({"schema": "required_build_removed.v1", "program": "web shop"}));
    assert_eq!(api.delete(path).await.code(), (404, "not-found"));
    assert_eq!(api.get("/v1/builds").await.ok()["items"], json!([]));
}

async fn what_makes_no_sense_of_a_build_is_refused(api: TestApi) {
    for (program, body, place) in [
        ("shop", json!({}), ""),
        ("shop", json!({"minimum": "two"}), "/minimum"),
        ("shop", json!({"minimum": "2.14 dev"}), "/minimum"),
        ("shop", json!({"minimum": 2}), "/minimum"),
        ("shop", json!({"minimum": "1.".repeat(70)}), "/minimum"),
        ("%20", json!({"minimum": "2"}), "/minimum"),
        ("sh%0aop", json!({"minimum": "2"}), "/minimum"),
        ("shop", json!({"minimum": "2", "note": "a\u{0}"}), "/note"),
        ("a%00b", json!({"minimum": "2"}), "path"),
    ] {
        let answer = api.put(&format!("/v1/builds/{program}"), &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), place), "{body}");
    }
    assert_eq!(api.delete("/v1/builds/sh%1bop").await.code(), (404, "not-found"));
    assert_eq!(api.get("/v1/builds").await.ok()["items"], json!([]));
}
