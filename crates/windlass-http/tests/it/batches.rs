//! Batches.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::fixture::{TestApi, on_both_stores};

on_both_stores! {
    a_batch_is_started_with_its_jobs_and_ends;
    /// Two requests with the same key or the same id start one batch.
    a_key_or_an_id_makes_a_start_repeatable;
    an_open_batch_takes_jobs_until_it_has_ended;
    the_jobs_of_a_batch_have_pages;
    a_batch_is_cancelled;
    the_dead_jobs_of_a_batch_run_again;
    /// Bad input: what makes no sense names its place, and nothing is written.
    what_is_no_batch_names_its_place;
    batches_are_found_by_name_key_and_end;
}

async fn started(api: &TestApi, body: &Value) -> String {
    let answer = api.post("/v1/batches", body).await;
    assert_eq!((answer.status, answer.text("result")), (StatusCode::CREATED, "new"), "{answer:?}");
    answer.text("id").to_owned()
}

fn works(number: usize) -> Vec<Value> {
    (0..number).map(|_| json!({"kind": "work"})).collect()
}

async fn a_batch_is_started_with_its_jobs_and_ends(api: TestApi) {
    let id = started(
        &api,
        &json!({
            "name": "prices", "jobs": works(2), "then": [{"kind": "work", "queue": "then"}],
            "then_if_completed": [{"kind": "work", "waits": {"signals": ["go"]}}],
        }),
    )
    .await;
    let shown = api.get(&format!("/v1/batches/{id}")).await;
    assert_eq!((shown.text("state"), shown.text("name")), ("running", "prices"));
    assert_eq!((&shown.body["jobs"]["open"], &shown.body["more"]), (&json!(2), &json!(false)));
    let member = shown.body["members"][0]["job"].as_str().expect("a job");
    let job = api.get(&format!("/v1/jobs/{member}")).await;
    assert_eq!((job.text("batch"), job.text("origin")), (id.as_str(), "anybody"));
    api.work().await;
    let ended = api.get(&format!("/v1/batches/{id}")).await;
    assert_eq!(ended.text("state"), "completed");
    let available = api.get("/v1/jobs?filter=state:available").await;
    assert_eq!(available.body["items"].as_array().expect("items").len(), 1);
    let waiting = api.get("/v1/jobs?filter=state:waiting").await;
    assert_eq!(waiting.body["items"].as_array().expect("items").len(), 1, "for the signal");
}

async fn a_key_or_an_id_makes_a_start_repeatable(api: TestApi) {
    let id = windlass::BatchId::new().to_string();
    for body in [
        json!({"key": "2026-11", "jobs": works(1)}),
        json!({"id": id, "jobs": works(1)}),
        json!({"id": windlass::BatchId::new(), "open": true}),
        json!({"key": "2026-12", "open": true}),
    ] {
        let first = started(&api, &body).await;
        let again = api.post("/v1/batches", &body).await;
        assert_eq!((again.status, again.text("result")), (StatusCode::OK, "existing"), "{body}");
        assert_eq!(again.text("id"), first);
    }
    assert_eq!(api.get("/v1/batches/2026-11").await.body["jobs"]["open"], 1);
    assert_eq!(api.client().counts().await.expect("counted").total(), 2);
}

async fn an_open_batch_takes_jobs_until_it_has_ended(api: TestApi) {
    let id = started(&api, &json!({"key": "k", "open": true})).await;
    assert_eq!(api.get("/v1/batches/k").await.text("state"), "open");
    let path = format!("/v1/batches/{id}/jobs");
    let added =
        api.post(&path, &json!({"jobs": [{"kind": "work"}, {"kind": "work", "batch": id}]})).await;
    assert_eq!((added.status, added.text("schema")), (StatusCode::OK, "enqueued_jobs.v1"));
    let other = json!({"jobs": [{"kind": "work", "batch": windlass::BatchId::new()}]});
    let other = api.post(&path, &other).await;
    assert_eq!((other.code(), other.place()), ((400, "invalid-request"), "/jobs/0/batch"));
    let sealed = api.act("/v1/batches/k/seal").await;
    assert_eq!((sealed.status, sealed.text("id")), (StatusCode::OK, id.as_str()));
    assert_eq!(api.act("/v1/batches/k/seal").await.code(), (409, "conflict"));
    api.work().await;
    let ended = api.get("/v1/batches/k").await;
    assert_eq!((ended.text("state"), &ended.body["jobs"]["completed"]), ("completed", &json!(2)));
    assert_eq!(api.post(&path, &json!({"jobs": works(1)})).await.code(), (409, "conflict"));
}

async fn the_jobs_of_a_batch_have_pages(api: TestApi) {
    started(&api, &json!({"key": "k", "jobs": works(27)})).await;
    let shown = api.get("/v1/batches/k").await;
    assert_eq!(shown.body["members"].as_array().expect("members").len(), 25);
    assert_eq!(shown.body["more"], true);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for has_more in [true, true, false] {
        let page = api.get(&format!("/v1/batches/k/members?limit=10{cursor}")).await;
        assert_eq!(page.body["has_more"], has_more, "{page:?}");
        seen.extend(
            page.body["items"].as_array().expect("items").iter().map(|one| one["job"].to_string()),
        );
        cursor = format!("&cursor={}", page.body["next"].as_str().unwrap_or_default());
    }
    assert!(seen.len() == 27 && seen.is_sorted(), "{seen:?}");
    assert_eq!(api.get("/v1/batches/k/members?limit=501").await.place(), "limit");
}

async fn a_batch_is_cancelled(api: TestApi) {
    started(&api, &json!({"key": "k", "jobs": works(2)})).await;
    let cancelled = api.post("/v1/batches/k/cancel", &json!({"reason": "not wanted"})).await;
    assert_eq!((&cancelled.body["cancelled"], &cancelled.body["told"]), (&json!(2), &json!(0)));
    assert_eq!(api.act("/v1/batches/k/cancel").await.body["cancelled"], 0);
    assert_eq!(api.post("/v1/batches/k/cancel", &Value::Null).await.body["cancelled"], 0);
    let shown = api.get("/v1/batches/k").await;
    assert_eq!(shown.text("state"), "failed");
    let job = shown.body["members"][0]["job"].as_str().expect("a job");
    assert_eq!(api.get(&format!("/v1/jobs/{job}")).await.text("reason"), "not wanted");
    let long = api.post("/v1/batches/k/cancel", &json!({"reason": "x".repeat(1_025)})).await;
    assert_eq!((long.code(), long.place()), ((400, "invalid-request"), "/reason"));
}

async fn the_dead_jobs_of_a_batch_run_again(api: TestApi) {
    let jobs = json!([{"kind": "work"}, {"kind": "work", "args": {"dies": true}}]);
    started(&api, &json!({"key": "k", "jobs": jobs})).await;
    assert_eq!(api.act("/v1/batches/k/retry").await.code(), (409, "conflict"));
    api.work().await;
    assert_eq!(api.get("/v1/batches/k").await.body["jobs"]["dead"], 1);
    assert_eq!(api.act("/v1/batches/k/retry").await.body["retried"], 1);
    assert_eq!(api.get("/v1/batches/k").await.body["jobs"]["open"], 1);
}

async fn what_is_no_batch_names_its_place(api: TestApi) {
    let id = windlass::BatchId::new();
    for (body, pointer) in [
        (json!({}), "/jobs"),
        (json!({"jobs": []}), "/jobs"),
        (json!({"jobs": works(1_001)}), "/jobs"),
        (json!({"jobs": works(1), "open": true}), "/open"),
        (json!({"jobs": [{"kind": "k"}, {"kind": "k", "batch": id}]}), "/jobs/1/batch"),
        (json!({"jobs": works(1), "then": [{"kind": "k", "step": "s"}]}), "/then/0/step"),
        (
            json!({"jobs": works(1), "then_if_completed": [{"kin": "k"}]}),
            "/then_if_completed/0/kin",
        ),
        (json!({"id": "zzz", "jobs": works(1)}), "/id"),
    ] {
        let answer = api.post("/v1/batches", &body).await;
        assert_eq!((answer.code(), answer.place()), ((400, "invalid-request"), pointer));
    }
    for body in [
        json!({"name": "x".repeat(129), "jobs": works(1)}),
        json!({"key": "", "open": true}),
        json!({"jobs": [{"kind": "k"}, {"kind": ""}]}),
    ] {
        assert_eq!(api.post("/v1/batches", &body).await.code(), (422, "refused"), "{body}");
    }
    for path in ["", "/members"] {
        assert_eq!(api.get(&format!("/v1/batches/{id}{path}")).await.code(), (404, "not-found"));
        assert_eq!(api.get(&format!("/v1/batches/nothing{path}")).await.code(), (404, "not-found"));
    }
    for verb in ["seal", "cancel", "retry"] {
        assert_eq!(api.act(&format!("/v1/batches/{id}/{verb}")).await.code(), (404, "not-found"));
    }
    assert_eq!(api.get("/v1/batches/a%00b").await.code(), (400, "invalid-request"));
    assert_eq!(api.get("/v1/batches").await.body["items"], json!([]));
}

async fn batches_are_found_by_name_key_and_end(api: TestApi) {
    let mut all = Vec::new();
    for (name, key) in [("a", "1"), ("b", "2"), ("a", "3")] {
        all.push(started(&api, &json!({"name": name, "key": key, "jobs": works(1)})).await);
    }
    api.act("/v1/batches/1/cancel").await;
    let found = async |query: &str| {
        let page = api.get(&format!("/v1/batches?{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        let ids = page.body["items"].as_array().expect("items").iter();
        let ids: Vec<_> = ids.map(|one| one["id"].as_str().expect("an id").to_owned()).collect();
        (ids, page.body["next"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(found("name=a").await.0, [all[2].as_str(), &all[0]]);
    assert_eq!(found("key=2").await.0, [all[1].as_str()]);
    assert_eq!(found("live=false").await.0, [all[0].as_str()]);
    let (first, next) = found("limit=2").await;
    assert_eq!(first, [all[2].as_str(), &all[1]]);
    assert_eq!(found(&format!("limit=2&cursor={next}")).await.0, [all[0].as_str()]);
    for (query, parameter) in [
        ("name=%00", "name"),
        ("live=yes", "query"),
        ("cursor=zzz", "cursor"),
        ("limit=0", "limit"),
    ] {
        assert_eq!(api.get(&format!("/v1/batches?{query}")).await.place(), parameter);
    }
}
