//! Limits.

use serde_json::json;
use windlass_testkit::fixture::MINUTE;
use windlass_testkit::verdicts::retry;
use windlass_testkit::worker::worker;

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    /// O9: a limit is set as a whole, listed and removed.
    a_limit_is_set_listed_and_removed;
    /// C38: a breaker that is open is closed by hand, once.
    an_open_breaker_is_closed;
    /// Bad input: what makes no sense names its place, and nothing is changed.
    what_makes_no_sense_of_a_limit_is_refused;
}

async fn a_limit_is_set_listed_and_removed(api: TestApi) {
    let body = json!({
        "running": 20, "reserved": {"welcome": 5}, "note": "the vendor asked for it",
        "rate": {"tokens": 100, "per_ms": 60_000, "burst": 10},
        "breaker": {"failures": 5, "within_ms": 1_500, "open_for_ms": 30_000},
    });
    let set = api.put("/v1/limits/queue:eu%2Fmail", &body).await.ok();
    assert_eq!((&set["schema"], &set["on"]), (&json!("limit.v1"), &json!("queue:eu/mail")));
    for field in ["running", "reserved", "rate", "breaker", "note"] {
        assert_eq!(set[field], body[field], "{field}");
    }
    assert_eq!(set["set_by"], "person");
    let listed = api.get("/v1/limits").await.ok();
    assert_eq!((&listed["items"][0]["on"], &listed["has_more"]), (&set["on"], &json!(false)));
    let other = json!({"rate": {"tokens": 3}});
    let other = api.put("/v1/limits/queue:eu%2Fmail", &other).await.ok();
    assert_eq!(other["rate"], json!({"tokens": 3, "per_ms": 1_000, "burst": 3}));
    assert!(other["running"].is_null() && other["breaker"].is_null() && other["note"].is_null());
    let removed = api.delete("/v1/limits/queue:eu%2Fmail").await.ok();
    assert_eq!(removed, json!({"schema": "limit_removed.v1", "on": "queue:eu/mail"}));
    assert_eq!(api.delete("/v1/limits/queue:eu%2Fmail").await.code(), (404, "not-found"));
    assert_eq!(api.get("/v1/limits").await.ok()["items"], json!([]));
}

async fn an_open_breaker_is_closed(api: TestApi) {
    assert_eq!(api.act("/v1/limits/kind:work/close").await.code(), (404, "not-found"));
    let body = json!({"breaker": {"failures": 1}});
    let set = api.put("/v1/limits/kind:work", &body).await.ok();
    assert_eq!(set["breaker"]["open_for_ms"], 60_000);
    assert_eq!(api.act("/v1/limits/kind:work/close").await.code(), (409, "conflict"));
    for _ in 0..2 {
        api.post("/v1/jobs", &json!({"kind": "work"})).await.ok();
    }
    let worker = api.worker(worker()).await;
    api.run_one(&worker, retry(MINUTE)).await;
    assert!(api.claim(&worker).await.jobs.is_empty(), "this claim finds that it is to be open");
    assert!(api.get("/v1/limits").await.ok()["items"][0]["open_since"].is_string());
    let closed = api.post("/v1/limits/kind:work/close", &json!({})).await.ok();
    assert_eq!(closed, json!({"schema": "breaker_closed.v1", "on": "kind:work"}));
    assert_eq!(api.act("/v1/limits/kind:work/close").await.code(), (409, "conflict"));
    assert!(api.get("/v1/limits").await.ok()["items"][0]["open_since"].is_null());
}

async fn what_makes_no_sense_of_a_limit_is_refused(api: TestApi) {
    for (body, place) in [
        (json!({}), ""),
        (json!({"note": "a"}), ""),
        (json!({"running": -1}), "/running"),
        (json!({"running": 1, "note": "x".repeat(1_025)}), "/note"),
        (json!({"rate": {"tokens": 2.5}}), "/rate/tokens"),
        (json!({"rate": {"per_ms": 1}}), "/rate"),
        (json!({"reserved": {"welcome": "5"}, "running": 9}), "/reserved/welcome"),
        (json!({"breaker": {"failures": 1, "within": 5}}), "/breaker/within"),
    ] {
        let answer = api.put("/v1/limits/queue:mail", &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), place), "{body}");
    }
    for body in [
        json!({"running": 0}),
        json!({"running": 2_147_483_648_u32}),
        json!({"running": 1, "reserved": {"a": 2}}),
        json!({"rate": {"tokens": 1, "per_ms": 86_400_001}}),
        json!({"rate": {"tokens": 1, "burst": 0}}),
        json!({"breaker": {"failures": 1, "open_for_ms": 0}}),
        json!({"breaker": {"failures": 1, "open_for_ms": u64::MAX}}),
    ] {
        let answer = api.put("/v1/limits/queue:mail", &body).await;
        assert_eq!(answer.code(), (422, "refused"), "{body}");
    }
    for on in ["mail", "tasks:a", "kind:a%20b", "kind:crm.*", "key:"] {
        let answer = api.put(&format!("/v1/limits/{on}"), &json!({"running": 1})).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), "path"), "{on}");
    }
    assert_eq!(api.get("/v1/limits").await.ok()["items"], json!([]));
}
