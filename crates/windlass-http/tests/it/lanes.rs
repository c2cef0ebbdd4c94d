//! Lanes.

use serde_json::json;
use windlass_testkit::verdicts::die;
use windlass_testkit::worker::worker;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// C25: a lane that stands still behind a dead job is listed, and goes on once it is opened.
    a_lane_that_stands_still_is_opened;
}

async fn a_lane_that_stands_still_is_opened(api: TestApi) {
    let job = json!({"kind": "work", "lane": {"key": "server/42 ü", "when_dead": "block"}});
    let first = api.post("/v1/jobs", &job).await.ok()["id"].clone();
    let second = api.post("/v1/jobs", &job).await.ok()["id"].clone();
    let worker = api.worker(worker()).await;
    api.run_one(&worker, die()).await;
    let listed = api.get("/v1/lanes").await.ok();
    let lane = &listed["items"][0];
    assert_eq!((&lane["schema"], &lane["lane"]), (&json!("lane.v1"), &json!("server/42 ü")));
    assert_eq!((&lane["first"], &lane["blocked"]), (&first, &json!(true)), "{lane}");
    let path = "/v1/lanes/server%2F42%20%C3%BC/open";
    let opened = api.act(path).await.ok();
    let expected = json!({"schema": "lane_opened.v1", "lane": "server/42 ü", "job": first});
    assert_eq!(opened, expected);
    let lane = &api.get("/v1/lanes").await.ok()["items"][0];
    assert_eq!((&lane["first"], &lane["blocked"]), (&second, &json!(false)));
    assert_eq!(api.act(path).await.code(), (404, "not-found"));
    assert_eq!(api.act("/v1/lanes/nobody/open").await.code(), (404, "not-found"));
    for key in ["a%00b".to_owned(), "x".repeat(513)] {
        let answer = api.act(&format!("/v1/lanes/{key}/open")).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), "path"));
    }
}
